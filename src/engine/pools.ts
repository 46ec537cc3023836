import { ACCESS_POOL } from "../core/access/key.ts";
import { limits } from "../core/limits.ts";
import type { Environment } from "../core/model/environment.ts";
import type { Lease } from "../core/model/lease.ts";
import { emptyPool, type Pool } from "../core/model/pool.ts";
import type { Micros } from "../core/model/units.ts";
import { type Totals, totalsOf } from "../core/totals.ts";
import { add } from "../store/drafts.ts";
import type { Cache, Commit } from "../store/store.ts";
import { RecentEnds } from "./ends.ts";
import { EngineFailure } from "./failure.ts";
import { ConfiguredNames } from "./names.ts";
import { Quotas } from "./quotas.ts";

/** The default pool before its first change. One object: what watches of a new server are told is shared, too. */
const UNWRITTEN = emptyPool("default");

/**
 * The cache of pools as last committed, with the pool of each environment and live lease: what this server reads and decides on. The store
 * keeps it up to date.
 */
export class Pools implements Cache {
  readonly names = new ConfiguredNames();
  readonly #now: () => Micros;
  readonly #pools = new Map<string, Pool>();
  /** Environment to pool. */
  readonly #owners = new Map<string, string>();
  /** Live lease to pool. */
  readonly #live = new Map<string, string>();
  /** Environments that were deleted, to the pool that they were in; the latest last. Who watches one is told of its end there. */
  readonly #gone = new Map<string, string>();
  readonly #ends = new RecentEnds();
  readonly #broken = new Map<string, EngineFailure>();
  /** Pools with neither an environment nor a configuration, the last one used at the end. Kept for their revisions only, so nothing iterates over them. */
  readonly #former = new Map<string, Pool>();
  /** The pool of the keys. */
  #access = emptyPool(ACCESS_POOL);
  readonly #listeners: ((commit: Commit, gone: readonly Environment[]) => void)[] = [];
  #totals: Totals = { environments: 0, leases: 0, waiters: 0, pools: 0 };
  readonly #quotas = new Quotas();

  /** `now`: the store's clock. */
  constructor(now: () => Micros) {
    this.#now = now;
  }

  /** Every pool that has an environment or a configuration, without those that are refused. */
  pools(): Iterable<Pool> {
    return this.#pools.values();
  }

  pool(name: string): Pool {
    const broken = this.#broken.get(name);
    if (broken !== undefined) throw broken;
    if (name === ACCESS_POOL) return this.#access;
    return this.#pools.get(name) ?? this.#former.get(name) ?? (name === UNWRITTEN.name ? UNWRITTEN : emptyPool(name));
  }

  ownerOf(environment: string): string | undefined {
    return this.#owners.get(environment);
  }

  /** The pool that an environment was in when it was deleted; undefined if there is one of that name again, or it was long ago. */
  formerOwnerOf(environment: string): string | undefined {
    return this.#gone.get(environment);
  }

  poolOfLease(lease: string): string | undefined {
    return this.#live.get(lease);
  }

  ended(id: string): Lease | undefined {
    return this.#unlessOld(this.#ends.lease(id));
  }

  endedOf(request: string): Lease | undefined {
    return this.#unlessOld(this.#ends.request(request));
  }

  get totals(): Totals {
    return this.#totals;
  }

  counted(quota: string): number {
    return this.#quotas.of(quota);
  }

  /** How many environments there are, those included that could be forgotten. */
  get environments(): number {
    return this.#owners.size;
  }

  adopt(commit: Commit): void {
    this.#forget();
    this.#count(commit);
    const gone = commit.deleted.flatMap((name) => this.#pools.get(this.#owners.get(name) ?? "")?.sites.get(name)?.environment ?? []);
    for (const pool of commit.pools) this.#put(pool);
    for (const name of commit.deleted) this.#owners.delete(name);
    for (const { config } of commit.environments) this.#owners.set(config.name, config.pool);
    for (const name of commit.deleted) this.names.put(name, false);
    for (const { config, onDemand } of commit.environments) this.names.put(config.name, onDemand !== true);
    for (const { environments } of commit.events) for (const { name, pool, deleted } of environments) if (deleted) this.#bury(name, pool);
    for (const { config } of commit.environments) this.#gone.delete(config.name);
    for (const lease of commit.leases) {
      if (lease.state === "ENDED") this.#ends.add(lease);
      else this.#live.set(lease.id, lease.pool);
    }
    // Each change of a lease's state is an event.
    for (const { cause, pool } of commit.events) {
      if (cause?.state === "ENDED") this.#live.delete(cause.leaseId);
      else if (cause !== undefined) this.#live.set(cause.leaseId, pool);
    }
    for (const listener of this.#listeners) listener(commit, gone);
  }

  refuse(pool: string, cause: unknown): void {
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `pool ${JSON.stringify(pool)} is damaged and serves nobody until it is repaired (${why}); the other pools do`;
    this.#broken.set(pool, new EngineFailure("POOL_BROKEN", message));
    this.#drop(pool);
  }

  isRefused(pool: string): boolean {
    return this.#broken.has(pool);
  }

  /** The pools that were refused, with the cause. */
  refused(): Iterable<readonly [pool: string, error: EngineFailure]> {
    return this.#broken;
  }

  /**
   * Hears of every commit, in order, before its caller does, and of the environments that are gone with it, as they were. Must not throw.
   */
  onCommit(listener: (commit: Commit, gone: readonly Environment[]) => void): void {
    this.#listeners.push(listener);
  }

  /** The lease, while history keeps it. */
  #unlessOld(lease: Lease | undefined): Lease | undefined {
    return (lease?.endedAt ?? 0) > this.#now() - limits.history ? lease : undefined;
  }

  #bury(environment: string, pool: string): void {
    this.#gone.delete(environment);
    this.#gone.set(environment, pool);
    const [oldest] = this.#gone.keys();
    if (this.#gone.size > limits.formerPools && oldest !== undefined) this.#gone.delete(oldest);
  }

  /** Before the pools are put. A lease that leaves nothing has no row any more. */
  #count({ pools, leases, forgotten }: Commit): void {
    const changed = Map.groupBy(leases, ({ pool }) => pool);
    for (const pool of pools) {
      const before = this.#pools.get(pool.name) ?? emptyPool(pool.name);
      const gone = forgotten.flatMap((id) => before.leases.get(id) ?? []);
      this.#quotas.move(before.quotas, pool.quotas, [...(changed.get(pool.name) ?? []), ...gone]);
    }
  }

  #put(pool: Pool): void {
    const { name } = pool;
    if (name === ACCESS_POOL) {
      this.#access = pool;
      return;
    }
    this.#totals = add(add(this.#totals, totalsOf(this.#pools.get(name) ?? emptyPool(name)), -1), totalsOf(pool), 1);
    this.#former.delete(name);
    if (pool.sites.size > 0 || pool.config !== undefined) this.#pools.set(name, pool);
    else {
      this.#pools.delete(name);
      this.#former.set(name, pool);
    }
  }

  #drop(name: string): void {
    const pool = this.#pools.get(name) ?? emptyPool(name);
    this.#totals = add(this.#totals, totalsOf(pool), -1);
    this.#quotas.drop(pool.quotas);
    this.#pools.delete(name);
    this.#former.delete(name);
  }

  /**
   * Drops the oldest former pools beyond a limit. A pool that is made of such a name later still has a higher revision, since a revision is
   * at least the time, and the clock is past the dropped one's.
   */
  #forget(): void {
    const now = this.#now();
    for (const [name, { revision }] of this.#former) {
      if (this.#former.size <= limits.formerPools || revision >= now) return;
      this.#former.delete(name);
    }
  }
}
