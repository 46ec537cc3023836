import { nextDeadline } from "../core/decide.ts";
import type { Pool } from "../core/model/pool.ts";
import { ascending, Sorted } from "../core/model/sorted.ts";
import type { Micros } from "../core/model/units.ts";
import type { Timers } from "./timers.ts";

/** How soon a sweep that failed is tried again. */
const RETRY = 1_000;

type Due = readonly [at: Micros, pool: string];

/**
 * Asks for what is due. It decides nothing: a pool is pulsed when its next deadline has come by the store's clock, and a late or
 * lost timer costs latency only.
 */
export class Reaper {
  readonly #timers: Timers;
  readonly #now: () => Micros;
  readonly #sweep: (pools: readonly string[]) => Promise<unknown>;
  readonly #also: () => Micros | undefined;
  readonly #deadlines = new Map<string, Micros>();
  #due: Sorted<Due, true> = Sorted.empty((a, b) => a[0] - b[0] || ascending(a[1], b[1]));
  #cancel: (() => void) | undefined;
  #armed: Micros | undefined;
  /** One sweep at a time: what comes due while a sweep waits for a slow disk is left to the next sweep, so that sweeps do not pile up. */
  #sweeping = false;
  #stopped = false;

  /** `sweep` pulses the pools that are due; `also` tells a further time at which it must be called, even with no pool due. */
  constructor(timers: Timers, now: () => Micros, sweep: (pools: readonly string[]) => Promise<unknown>, also: () => Micros | undefined) {
    this.#timers = timers;
    this.#now = now;
    this.#sweep = sweep;
    this.#also = also;
  }

  /** Notes the next deadline of a pool that has changed. */
  note(pool: Pool): void {
    const before = this.#deadlines.get(pool.name);
    const after = nextDeadline(pool);
    if (before === after) return;
    if (before !== undefined) this.#due = this.#due.delete([before, pool.name]);
    if (after !== undefined) this.#due = this.#due.set([after, pool.name], true);
    if (after === undefined) this.#deadlines.delete(pool.name);
    else this.#deadlines.set(pool.name, after);
  }

  /** Sets the timer to what is due next, if that is earlier than what it is set to. */
  arm(): void {
    if (this.#stopped || this.#sweeping) return;
    const next = earliest(this.#due.first()?.[0][0], this.#also());
    if (next === undefined || (this.#armed !== undefined && this.#armed <= next)) return;
    this.#set(next, Math.max(0, (next - this.#now()) / 1_000));
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  #set(at: Micros, milliseconds: number): void {
    this.#cancel?.();
    if (this.#stopped) return;
    this.#armed = at;
    this.#cancel = this.#timers.after(milliseconds, () => {
      this.#armed = undefined;
      this.#sweeping = true;
      this.#fire()
        .finally(() => {
          this.#sweeping = false;
        })
        .then(
          () => this.arm(),
          () => this.#set(at, RETRY),
        );
    });
  }

  async #fire(): Promise<void> {
    const now = this.#now();
    const pools: string[] = [];
    for (const [at, pool] of this.#due.keys()) {
      if (at > now) break;
      pools.push(pool);
    }
    if (pools.length > 0 || (this.#also() ?? Number.POSITIVE_INFINITY) <= now) await this.#sweep(pools);
  }
}

function earliest(a: Micros | undefined, b: Micros | undefined): Micros | undefined {
  return a === undefined ? b : b === undefined ? a : Math.min(a, b);
}
