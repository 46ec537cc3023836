/** Which environments have series of their own, and where. */
import type { Figures } from "./figures.ts";
import { type Look, type Place, Shelf } from "./shelf.ts";

/** Environments on one shelf: making and writing the lines of one metric for them takes a millisecond. */
const PER_SHELF = 64;
/** Pools that are told apart among what has no series of its own. */
const POOLS = 1_000;

/** Looks up an environment as it is now, and what those of a pool have together that have no series of their own. */
export interface Looks {
  readonly environment: Look;
  readonly rest: (pool: string) => Figures | undefined;
}

/** Where something is counted. */
export interface Spot {
  readonly shelf: Shelf;
  readonly place: Place;
}

/**
 * Series of so many environments, in the order in which they came to be; one that ends leaves its place to the next that something happens
 * to. The others are counted together, for each pool.
 */
export class Shelves {
  readonly #most: number;
  readonly #looks: Looks;
  readonly #own: Shelf[] = [];
  readonly #of = new Map<string, Spot>();
  readonly #others: Shelf[] = [];
  readonly #pools = new Map<string, Spot>();

  constructor(most: number, looks: Looks) {
    this.#most = most;
    this.#looks = looks;
  }

  /** Where something of an environment is counted: it gets series of its own if there is room. No environment: what is for none yet. */
  find(pool: string, environment: string): Spot {
    if (environment === "") return this.#together(pool);
    const known = this.#of.get(environment);
    if (known !== undefined && known.place.pool === pool) return known;
    if (known !== undefined) this.remove(environment);
    if (this.#of.size >= this.#most) return this.#together(pool);
    const spot = added(this.#own, { pool, environment }, this.#looks.environment);
    this.#of.set(environment, spot);
    return spot;
  }

  /** It is no more. */
  remove(environment: string): void {
    const known = this.#of.get(environment);
    known?.shelf.remove(known.place);
    this.#of.delete(environment);
  }

  /** All shelves. */
  all(): readonly Shelf[] {
    return [...this.#others, ...this.#own];
  }

  /** Beyond so many pools they are counted as one without a name. */
  #together(name: string): Spot {
    const pool = this.#pools.has(name) || this.#pools.size < POOLS ? name : "";
    const known = this.#pools.get(pool);
    if (known !== undefined) return known;
    const spot = added(this.#others, { pool, environment: "" }, (place) => this.#looks.rest(place.pool));
    this.#pools.set(pool, spot);
    return spot;
  }
}

/** On a shelf that has room for it. */
function added(shelves: Shelf[], place: Place, look: Look): Spot {
  let shelf = shelves.findLast(({ size }) => size < PER_SHELF);
  if (shelf === undefined) {
    shelf = new Shelf(look);
    shelves.push(shelf);
  }
  shelf.add(place);
  return { shelf, place };
}
