/** How often something may happen: so many at once, and so many a second in the long run. */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

/** What is left of a rate: it fills up by itself. Times are of one monotonic clock, in ms. */
export class Bucket {
  /** When it will be full. */
  #full = Number.NEGATIVE_INFINITY;

  /** Takes one and returns 0; if there is none left, takes nothing and returns after how many ms there will be one. */
  take({ burst, perSecond }: Rate, now: number): number {
    const full = Math.max(this.#full, now) + 1_000 / perSecond;
    const wait = full - now - (1_000 * burst) / perSecond;
    if (wait > 0) return wait;
    this.#full = full;
    return 0;
  }

  /** Whether one is left. */
  has({ burst, perSecond }: Rate, now: number): boolean {
    return this.missing(now) <= (1_000 * (burst - 1)) / perSecond;
  }

  /** After how many ms it will be full: 0 if it is. */
  missing(now: number): number {
    return Math.max(this.#full - now, 0);
  }
}

/** A bucket for each key. What is full is forgotten, and beyond `most` keys the one that was asked for longest ago. */
export class Buckets {
  readonly #most: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(most: number) {
    this.#most = most;
  }

  /** How many are kept. */
  get size(): number {
    return this.#buckets.size;
  }

  /** See Bucket.take. */
  take(key: string, rate: Rate, now: number): number {
    const bucket = this.#buckets.get(key) ?? new Bucket();
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    const wait = bucket.take(rate, now);
    this.#forget(now);
    return wait;
  }

  /** See Bucket.missing. */
  missing(key: string, now: number): number {
    return this.#buckets.get(key)?.missing(now) ?? 0;
  }

  /** At each call two of the oldest are looked at, so that more are forgotten than come. */
  #forget(now: number): void {
    let looked = 0;
    for (const [key, bucket] of this.#buckets) {
      if (this.#buckets.size > this.#most || bucket.missing(now) === 0) this.#buckets.delete(key);
      if (++looked === 2) return;
    }
  }
}
