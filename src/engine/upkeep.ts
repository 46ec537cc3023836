import { limits } from "../core/limits.ts";
import type { Store } from "../store/store.ts";
import type { Timers } from "./timers.ts";

/** How often history is trimmed, in milliseconds. */
const TRIM_EVERY = 60_000;
/** How soon after a failed write the store is tried again, in milliseconds. */
const PROBE_AFTER = 1_000;

/** What is done to the store from time to time, until the server drains: a failed one is tried again, and history is trimmed. */
export class Upkeep {
  readonly #store: Store;
  readonly #timers: Timers;
  readonly #draining: AbortSignal;
  readonly #trouble: (error: unknown) => void;
  #cancelTrim: (() => void) | undefined;
  #probing = false;

  /** `trouble` is told why history could not be trimmed. */
  constructor(store: Store, timers: Timers, draining: AbortSignal, trouble: (error: unknown) => void) {
    this.#store = store;
    this.#timers = timers;
    this.#draining = draining;
    this.#trouble = trouble;
    store.onCondition(() => this.#probeLater());
    this.#probeLater();
  }

  stop(): void {
    this.#cancelTrim?.();
  }

  /**
   * Probes the store a while after it failed. Until it is well the clock stands still and the server is not ready, and it must not depend
   * on a caller to find out.
   */
  #probeLater(): void {
    const hopeless = this.#store.condition === "well" || this.#store.condition === "lost" || this.#draining.aborted;
    if (this.#probing || hopeless) return;
    this.#probing = true;
    this.#timers.after(PROBE_AFTER, () => {
      this.#store
        .probe()
        .catch(() => {})
        .finally(() => {
          this.#probing = false;
          this.#probeLater();
        });
    });
  }

  /** Trims history in a minute, and again each minute after it. */
  trimLater(): void {
    this.#cancelTrim = this.#timers.after(TRIM_EVERY, () => {
      this.#trim()
        .catch(this.#trouble)
        .finally(() => this.#draining.aborted || this.trimLater());
    });
  }

  async #trim(): Promise<void> {
    const { history, maxHistory: leases, maxRequests: requests, log: events, logBytes: bytes } = limits;
    const kept = () => ({ before: this.#store.now() - history, leases, requests, events, bytes });
    while (!this.#draining.aborted && (await this.#store.trim(kept())));
  }
}
