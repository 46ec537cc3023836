import type { Micros } from "./model/units.ts";

/** How long something takes that is still ahead, and what is known of holds at all. */
export interface Forecast {
  readonly p50: Micros;
  readonly p90: Micros;
  readonly mean: Micros;
  readonly variance: number;
  readonly samples: number;
  readonly medianHold: Micros;
}

/** How long the last holds of an environment took: a value. */
export class HoldTimes {
  readonly samples: number;
  readonly mean: Micros;
  readonly variance: number;
  readonly medianHold: Micros;
  readonly #sorted: Float64Array;
  /** The last answer of `after`: all who wait for one holder ask the same. */
  #last: { readonly elapsed: Micros; readonly most: Micros; readonly rest: Forecast } | undefined;

  /** One at least. */
  constructor(durations: Iterable<Micros>) {
    this.#sorted = Float64Array.from(durations).sort();
    this.samples = this.#sorted.length;
    [this.mean, this.variance] = momentsOf(this.#sorted);
    this.medianHold = this.#at(0.5);
  }

  /**
   * What is left of a hold that has lasted for so long already, of which no more than `most` can be left. Where none lasted for as long, it is
   * taken to begin anew.
   */
  after(elapsed: Micros, most: Micros): Forecast {
    if (this.#last?.elapsed !== elapsed || this.#last.most !== most) this.#last = { elapsed, most, rest: this.#after(elapsed, most) };
    return this.#last.rest;
  }

  #after(elapsed: Micros, most: Micros): Forecast {
    const longer = this.#sorted.findIndex((length) => length > elapsed);
    const [from, past] = longer === -1 ? [0, 0] : [longer, elapsed];
    const rest = this.#sorted.subarray(from).map((length) => Math.min(length - past, most));
    const [mean, variance] = momentsOf(rest);
    const at = (share: number) => rest[Math.ceil(share * rest.length) - 1] ?? 0;
    return { p50: at(0.5), p90: at(0.9), mean, variance, samples: this.samples, medianHold: this.medianHold };
  }

  /** By nearest rank. */
  #at(share: number): Micros {
    return this.#sorted[Math.ceil(share * this.samples) - 1] ?? 0;
  }
}

/** The mean and the variance. */
function momentsOf(values: Float64Array): [mean: number, variance: number] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return [mean, values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length];
}
