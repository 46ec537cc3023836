/** Which environments have series of their own. */
import { Series } from "./series.ts";

/** Pools that are told apart among what has no series of its own. */
const POOLS = 1_000;

/**
 * Series of so many environments, in the order in which they came to be; one that ends leaves its room to the next one, and what no scrape
 * has told of it to its pool. The others are counted together, for each pool.
 */
export class Roster {
  readonly #most: number;
  readonly #own = new Map<string, Series>();
  /** Those among them that were made on demand. */
  readonly #made = new Set<string>();
  readonly #pools = new Map<string, Series>();

  constructor(most: number) {
    this.#most = most;
  }

  /** An environment's own, if it has some. */
  own(pool: string, environment: string): Series | undefined {
    const known = this.#own.get(environment);
    return known?.place.pool === pool ? known : undefined;
  }

  /**
   * Where something of an environment is counted that there is. It gets series of its own if there is room; there is room for what is
   * configured as long as anything has some that was made on demand.
   */
  find(pool: string, environment: string, onDemand: boolean): Series {
    const known = this.#own.get(environment);
    if (known !== undefined && known.place.pool !== pool) this.remove(environment);
    const isOwn = this.#own.has(environment);
    if (!isOwn && this.#own.size >= this.#most && !(onDemand ? false : this.#makesRoom())) return this.rest(pool);
    const series = isOwn && known !== undefined ? known : new Series({ pool, environment });
    this.#own.set(environment, series);
    if (onDemand) this.#made.add(environment);
    else this.#made.delete(environment);
    return series;
  }

  /** It is no more, or has no series of its own any more. */
  remove(environment: string): void {
    const series = this.#own.get(environment);
    if (series === undefined) return;
    this.#own.delete(environment);
    this.#made.delete(environment);
    if (series.hasNews) series.leave(this.rest(series.place.pool));
  }

  /** What those of a pool have together that have none of their own. Beyond so many pools they are counted as one without a name. */
  rest(name: string): Series {
    const pool = this.#pools.has(name) || this.#pools.size < POOLS ? name : "";
    const known = this.#pools.get(pool) ?? new Series({ pool, environment: "" });
    this.#pools.set(pool, known);
    return known;
  }

  /** All of the latter. Forgets those of pools that are no more, once a scrape has told all that there was. */
  rests(pools: ReadonlySet<string>): readonly Series[] {
    for (const [name, series] of this.#pools) if (name !== "" && !pools.has(name) && !series.hasNews) this.#pools.delete(name);
    return [...this.#pools.values()];
  }

  /** Whether there is room for one that is configured: the first one that was made on demand makes it. */
  #makesRoom(): boolean {
    const [first] = this.#made;
    if (first === undefined) return false;
    this.remove(first);
    return true;
  }
}
