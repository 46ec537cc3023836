import { ACCESS_POOL } from "../core/access/key.ts";
import type { Names } from "../core/access/sight.ts";
import { type Estimate, estimateOf } from "../core/expecting.ts";
import { limits } from "../core/limits.ts";
import { allFor } from "../core/line/candidates.ts";
import { seeking } from "../core/line/seeking.ts";
import type { Lease } from "../core/model/lease.ts";
import type { Pool } from "../core/model/pool.ts";
import { makesOnDemand } from "../core/model/pool-config.ts";
import type { Selector } from "../core/model/selector.ts";
import type { Micros, Revision } from "../core/model/units.ts";
import type { Totals } from "../core/totals.ts";
import { listedBy, oldestFirst } from "../store/query.ts";
import type { LeaseQuery, Past, Store } from "../store/store.ts";
import { RecentHolds } from "./history/holds.ts";
import type { Pools } from "./pools.ts";

/** A lease and the pool as it was when the lease was read. */
export interface LeaseView {
  readonly lease: Lease;
  readonly pool: Pool;
}

/** Reads of what is committed: the only way to read for rpc, app and main. No read changes anything. */
export class Views {
  readonly #store: Store;
  readonly #pools: Pools;
  readonly #holds: RecentHolds;

  constructor(store: Store, pools: Pools, holds = new RecentHolds()) {
    this.#store = store;
    this.#pools = pools;
    this.#holds = holds;
  }

  /** The store's clock. */
  now(): Micros {
    return this.#store.now();
  }

  /** When a lease of the pool may have its turn; undefined where that cannot be told. */
  estimate(lease: Lease, pool: Pool, now: Micros): Estimate | undefined {
    return estimateOf(pool, lease, now, (environment) => this.#holds.timesOf(environment));
  }

  /** How long an environment is usually held: the median; undefined where too little is known. */
  usualHold(environment: string): Micros | undefined {
    return this.#holds.timesOf(environment)?.medianHold;
  }

  /** What `usualHold` tells of an environment that has not changed is the same as long as this is. */
  get recalled(): number {
    return this.#holds.recalled;
  }

  /** Whether anything can be taken: not while the disk is full or the store's files are gone, whatever is free. */
  get isOpen(): boolean {
    return this.#store.condition === "well" || this.#store.condition === "failing";
  }

  /** Every pool with an environment or a configuration. */
  pools(): Iterable<Pool> {
    return this.#pools.pools();
  }

  /** A pool; an empty one if there is none of that name. Throws an EngineFailure for one that is damaged. */
  pool(name: string): Pool {
    return this.#pools.pool(name);
  }

  /** The stored keys, by id. */
  get keys(): Pool["keys"] {
    return this.#pools.pool(ACCESS_POOL).keys;
  }

  /** Whether an Acquire of an unknown name makes an environment in a pool; in none that is damaged. `server`: CALL_ME_AUTO_CREATE. */
  makesOnDemand(pool: string, server: boolean): boolean {
    return !this.#pools.isRefused(pool) && makesOnDemand(this.pool(pool), server);
  }

  /** The pool of an environment; undefined if it does not exist. */
  ownerOf(environment: string): string | undefined {
    return this.#pools.ownerOf(environment);
  }

  /** The pool of an environment; for an unknown environment the pool in which Acquire would create it. */
  homeOf(environment: string): Pool {
    return this.pool(this.ownerOf(environment) ?? "default");
  }

  /** The pool that an environment was in when it was deleted; undefined if there is one of that name again, or it was long ago. */
  graveOf(environment: string): Pool | undefined {
    const name = this.#pools.formerOwnerOf(environment);
    return name === undefined || this.#pools.isRefused(name) ? undefined : this.pool(name);
  }

  /** How much there is over all pools of what limits.ts bounds. */
  get totals(): Totals {
    return this.#pools.totals;
  }

  /** How many live leases count against a quota. */
  counted(quota: string): number {
    return this.#pools.counted(quota);
  }

  /** The names of all environments. */
  *environments(): Generator<string, void, undefined> {
    for (const pool of this.pools()) yield* pool.sites.keys();
  }

  /** Configured names that were probably meant by a name that nobody has configured; see ConfiguredNames. */
  near(environment: string): readonly string[] {
    return this.#pools.names.near(environment);
  }

  /** The pool of a lease, live or ended; undefined if there is no such lease. */
  async poolOfLease(id: string): Promise<string | undefined> {
    return this.#pools.poolOfLease(id) ?? (await this.#ended(id))?.pool ?? this.#pools.poolOfLease(id);
  }

  /** A lease that has not ended. */
  live(id: string): LeaseView | undefined {
    const name = this.#pools.poolOfLease(id);
    if (name === undefined) return undefined;
    const pool = this.pool(name);
    const lease = pool.leases.get(id);
    return lease && { lease, pool };
  }

  /** A lease that has ended. One that is not among the last is read by the thread that writes, behind what it is writing. */
  async #ended(id: string): Promise<Lease | undefined> {
    return this.#pools.ended(id) ?? (await this.#store.findEnded(id));
  }

  /** A lease in any state. */
  async lease(id: string): Promise<LeaseView | undefined> {
    const live = this.live(id);
    if (live !== undefined) return live;
    const ended = await this.#ended(id);
    // Found by neither look-up: it was created, or its end was committed, between the two.
    return ended === undefined ? this.live(id) : { lease: ended, pool: this.pool(ended.pool) };
  }

  /** Who has, or waits for, an environment by name or by a selector that it would do for. */
  around(environment: string): NonNullable<LeaseQuery["on"]> {
    const pool = this.homeOf(environment);
    const site = pool.sites.get(environment);
    return { environments: [environment], seekers: site === undefined ? [] : seeking(pool, [site]) };
  }

  /** The same of any environment of a pool that a selector matches, and whose name is one of `only`, where that is given. */
  amid(name: string, selector: Selector, only?: Names): NonNullable<LeaseQuery["on"]> {
    const pool = this.pool(name);
    const all = allFor(pool, { selector, count: 1, slots: 1 });
    const sites = [...all.filter(({ environment }) => only?.has(environment.config.name) ?? true)];
    return { environments: sites.map(({ environment }) => environment.config.name), seekers: seeking(pool, sites) };
  }

  /** Leases in any state, as they were when they were read. Live ones are in memory and wait for no write, unless they are very many. */
  async leases(query: LeaseQuery): Promise<readonly Lease[]> {
    return this.#listed(query) ?? (await this.#store.list(query));
  }

  #listed(query: LeaseQuery): Lease[] | undefined {
    if (query.states.includes("ENDED")) return undefined;
    const pools = [...this.pools()].filter(({ name, sites }) => {
      return (query.pool ?? name) === name && (query.on?.environments.some((environment) => sites.has(environment)) ?? true);
    });
    if (pools.reduce((sum, { leases }) => sum + leases.size, 0) > limits.listed) return undefined;
    const listed = listedBy(query);
    const found = pools.flatMap(({ leases }) => [...leases.values()].filter(listed));
    return found.sort(oldestFirst).slice(0, query.limit);
  }

  /** A lease that was read some time ago, in its place as of now; undefined where its pool is damaged. */
  placed(lease: Lease): LeaseView | undefined {
    if (this.#pools.isRefused(lease.pool)) return undefined;
    const pool = this.pool(lease.pool);
    return { lease: pool.leases.get(lease.id) ?? lease, pool };
  }

  /** At most `limit` events of a pool behind a revision. */
  past(pool: string, since: Revision, limit: number): Promise<Past> {
    return this.#store.past(pool, since, limit);
  }
}
