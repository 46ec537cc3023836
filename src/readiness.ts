import type { Condition, Store, StoreFailure } from "./store/store.ts";

/** What the log says when the store is no longer well. */
const TROUBLES: Readonly<Record<Exclude<Condition, "well">, string>> = {
  failing: "the store failed; not ready until it works again",
  short: "the disk is full: nothing can be taken, releases and renewals are written to the reserve; free some space",
  lost: "the store's files are not in their place any more; nothing is written until a restart",
};

/** The part of the log that it needs. */
interface Log {
  info(facts: object, text: string): void;
  error(facts: object, text: string): void;
}

/** Whether new work is welcome: not while draining, nor while the store is not well. Logs when that begins, changes and ends. */
export class Readiness {
  readonly #store: Store;
  readonly #draining: AbortSignal;
  readonly #log: Log;
  readonly #waiting = new Set<() => void>();
  /** When the store was no longer well. */
  #since: number | undefined;

  constructor(store: Store, draining: AbortSignal, log: Log) {
    this.#store = store;
    this.#draining = draining;
    this.#log = log;
    draining.addEventListener("abort", () => this.#tell());
    store.onCondition((condition, why) => this.#changed(condition, why));
    if (store.condition !== "well") this.#changed(store.condition);
  }

  serving(): boolean {
    return !this.#draining.aborted && this.#store.condition === "well";
  }

  /** Resolves when `serving` may have changed, or `signal` aborts. */
  changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#waiting.delete(done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      this.#waiting.add(done);
      if (signal.aborted) done();
      else signal.addEventListener("abort", done);
    });
  }

  #changed(condition: Condition, err?: StoreFailure): void {
    if (condition !== "well") {
      this.#since ??= performance.now();
      this.#log.error({ err }, TROUBLES[condition]);
    } else if (this.#since !== undefined) {
      const seconds = Math.round((performance.now() - this.#since) / 100) / 10;
      this.#since = undefined;
      this.#log.info({ seconds }, "the store works again; ready");
    }
    this.#tell();
  }

  #tell(): void {
    for (const done of [...this.#waiting]) done();
  }
}
