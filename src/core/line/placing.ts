/**
 * Those who wait for something by selector. Whose turn it is cannot be read from the line of one environment, as any of several would do:
 * so they are placed in order of rank, each on slots that are free and that nobody ahead of it takes. What each takes stands in the ready
 * lines of its environments, like what others want by name; so for everybody else line.ts goes on as if there were no selectors.
 *
 * What one takes follows from the room that those ahead of it leave on the environments that it looks for, and from nothing else. So after
 * a change those alone are placed anew for whom that room is another one, and for whom it can matter; what they take now changes the room
 * of others, but only of some behind them. The oracle in the tests walks everybody.
 */
import { leaseOf, withPlacing } from "../ledger.ts";
import { withoutFree, withPostings } from "../model/labels.ts";
import type { Lease, Need, SelectorWant } from "../model/lease.ts";
import { isSelecting, selectorsOf } from "../model/needs.ts";
import { byRank, type Labels, type Placing, type Pool, type Rank } from "../model/pool.ts";
import { rankOf, type Waiter } from "../model/rank.ts";
import { seekersOf } from "../model/seekers.ts";
import type { Selector } from "../model/selector.ts";
import { siteOf } from "../model/site.ts";
import { Sorted } from "../model/sorted.ts";
import { isConcerned, isTaken, isTurned, type Versions, type Waiting } from "./concern.ts";
import { fitting, hasGoal, roomOf, takingOf } from "./taking.ts";

/** What placing has changed. */
export interface Placed {
  readonly pool: Pool;
  /** Environments of which somebody takes more or less than before. */
  readonly moved: ReadonlySet<string>;
  /** Whom it served. */
  readonly served: readonly string[];
}

/** What has changed since the pool was placed: the environments, and who has come. */
export interface Unplaced {
  /** The pool as it was then. */
  readonly before: Pool;
  readonly environments: Iterable<string>;
  readonly arrived: Iterable<string>;
}

/** The pool with those placed anew whom the changes concern. */
export function placed(pool: Pool, unplaced: Unplaced): Placed {
  return new Round(pool, unplaced).run();
}

/** The needs of a newcomer, or of a waiter that has been placed, with the environments that it would be granted; undefined if it does not fit. */
export function servingOf(pool: Pool, waiter: Waiter): readonly Need[] | undefined {
  const placing = pool.selecting.get(rankOf(waiter));
  return placing === undefined ? fitting(pool, waiter) : placing.served;
}

/** The environments of which a waiter by selector takes something. */
export function claimedBy(pool: Pool, lease: Lease): Iterable<string> {
  return isSelecting(lease) ? (pool.selecting.get(rankOf(lease))?.claims.keys() ?? []) : [];
}

/** A walk through those who look for the same, past those whom changed environments may concern. */
interface Walk {
  readonly key: string;
  /** What they look for; absent: the one that they name. */
  readonly want: SelectorWant | undefined;
  readonly ranks: Iterator<readonly [Rank, string], void>;
  /** The changed environments that still have room for somebody. */
  readonly changed: Set<string>;
  /** One of these has become another, or is new, or gone: who could be served has to be asked anew. */
  turned: boolean;
}

/** Who is to be looked at next, at one rank. */
interface Stop {
  /** It has to be placed in any case. */
  readonly due: boolean;
  readonly walks: readonly Walk[];
}

/** All that follows from some changes, in order of rank. */
class Round {
  #pool: Pool;
  readonly #before: Pool;
  readonly #moved = new Set<string>();
  readonly #served: string[] = [];
  readonly #walks = new Map<string, Walk>();
  #stops: Sorted<Rank, Stop> = Sorted.empty(byRank);
  /** The labels of the pool, without what has been taken so far: those behind need not look at it one by one. */
  #left: Labels;
  /** Whether there is a complete choice in service, by what is wanted. */
  readonly #goals = new Map<string, boolean>();

  constructor(pool: Pool, { before, environments, arrived }: Unplaced) {
    this.#pool = pool;
    this.#before = before;
    for (const id of arrived) {
      const lease = pool.leases.get(id);
      if (lease === undefined || !pool.selecting.has(rankOf(lease))) continue;
      this.#stops = this.#stops.set(rankOf(lease), { due: true, walks: [] });
    }
    this.#left = this.#pool.labels;
    for (const name of environments) {
      const versions = this.#versions(name);
      if (versions.now !== versions.before) this.#look(name, isTurned(versions));
    }
  }

  run(): Placed {
    for (let next = this.#stops.first(); next !== undefined; next = this.#stops.first()) {
      const [rank, { due, walks }] = next;
      this.#stops = this.#stops.delete(rank);
      const placing = this.#pool.selecting.get(rank);
      if (placing !== undefined && !placing.passedOver && (due || this.#mustPlace(rank, placing, walks))) this.#place(rank, placing);
      for (const walk of walks) this.#advance(walk);
    }
    return { pool: this.#pool, moved: this.#moved, served: this.#served };
  }

  #versions(name: string): Versions {
    return { now: this.#pool.sites.get(name), before: this.#before.sites.get(name) };
  }

  /** Has those looked at, behind a rank, who may want a changed environment, or did when it was another. */
  #look(name: string, turned: boolean, after?: Rank): void {
    const { now, before } = this.#versions(name);
    const versions = turned ? [now, before] : [now];
    for (const [key, { waiting, want }] of versions.flatMap((site) => (site === undefined ? [] : seekersOf(this.#pool, site)))) {
      const known = this.#walks.get(key);
      const walk: Walk = known ?? { key, want, ranks: waiting.entries(after), changed: new Set(), turned };
      walk.changed.add(name);
      walk.turned ||= turned;
      if (known !== undefined) continue;
      this.#walks.set(key, walk);
      this.#advance(walk);
    }
  }

  /** Goes on to the next one of a walk, or ends it. */
  #advance(walk: Walk): void {
    const next = walk.changed.size === 0 && !walk.turned ? undefined : walk.ranks.next().value;
    if (next === undefined) {
      this.#walks.delete(walk.key);
      return;
    }
    const [rank] = next;
    const stop = this.#stops.get(rank);
    this.#stops = this.#stops.set(rank, { due: stop?.due ?? false, walks: [...(stop?.walks ?? []), walk] });
  }

  /** Whether one of the environments of these walks concerns who has this rank. */
  #mustPlace(rank: Rank, placing: Placing, walks: readonly Walk[]): boolean {
    const waiting: Waiting = { rank, placing, lease: leaseOf(this.#pool, placing.lease) };
    for (const { changed, turned, want } of walks) {
      if (turned && this.#mayTurn(waiting)) return true;
      for (const name of changed) {
        const versions = this.#versions(name);
        if (isConcerned(versions, waiting)) return true;
        if (isTaken(versions, rank, want)) changed.delete(name);
      }
    }
    return false;
  }

  /** Whether a waiter may claim something, or claim nothing any more, because others could serve it now. */
  #mayTurn({ lease, placing }: Waiting): boolean {
    // What several wants leave each other, or one leaves to a name, is not told by a count.
    if (lease.needs.length > 1) return true;
    const wanted = JSON.stringify(lease.needs);
    const complete = this.#goals.get(wanted) ?? hasGoal(this.#pool, lease);
    this.#goals.set(wanted, complete);
    return complete === (placing.blocked === true);
  }

  /** Which label is its rarest may have changed since it was last placed. */
  #index(selector: Selector): void {
    this.#pool = withPostings(this.#pool, selector);
    this.#left = withPostings({ ...this.#pool, labels: this.#left }, selector).labels;
  }

  #place(rank: Rank, placing: Placing): void {
    const { lease, passedOver, claims } = placing;
    const waiter = leaseOf(this.#pool, lease);
    for (const { selector } of selectorsOf(waiter)) this.#index(selector);
    const taking = takingOf({ ...this.#pool, labels: this.#left }, waiter);
    this.#pool = withPlacing(this.#pool, rank, { lease, passedOver, ...taking });
    if (taking.served !== undefined) this.#served.push(lease);
    for (const [name, slots] of taking.claims) {
      const site = siteOf(this.#pool, name);
      if (roomOf(site, rank) <= slots) this.#left = withoutFree(this.#left, site);
    }
    for (const name of new Set([...claims.keys(), ...taking.claims.keys()])) {
      if (claims.get(name) === taking.claims.get(name)) continue;
      this.#moved.add(name);
      this.#look(name, false, rank);
    }
  }
}
