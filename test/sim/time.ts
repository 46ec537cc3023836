import type { Micros } from "../../src/core/model/units.ts";
import type { Timers } from "../../src/engine/timers.ts";

/** Virtual time and timers. */
export class Time implements Timers {
  now: Micros = 1_000_000_000_000;
  readonly #timers = new Set<{ at: Micros; call: () => void }>();

  after(milliseconds: number, call: () => void): () => void {
    const timer = { at: this.now + Math.ceil(Math.max(0, milliseconds)) * 1_000, call };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** When the earliest timer is due. */
  get next(): Micros {
    return Math.min(...[...this.#timers].map(({ at }) => at));
  }

  /** The earliest timer up to `until`, taken out. */
  due(until: Micros): { at: Micros; call: () => void } | undefined {
    let next: { at: Micros; call: () => void } | undefined;
    for (const timer of this.#timers) if (timer.at <= until && (next === undefined || timer.at < next.at)) next = timer;
    if (next !== undefined) this.#timers.delete(next);
    return next;
  }
}
