import type { Reads } from "../core/command.ts";
import { Draft, type Found, type Totals, totalsOf } from "../core/draft.ts";
import type { Event } from "../core/event.ts";
import { poolOfRows } from "../core/loading.ts";
import { emptyPool, type Lease, type Micros, type Pool, type Revision, requestKey, type StoredEnvironment } from "../core/model.ts";
import { storedEnvironment } from "../core/site.ts";
import type { Batch, Loaded, Medium } from "./medium.ts";
import {
  type Commit,
  type Condition,
  type History,
  type LeaseQuery,
  type Past,
  type Store,
  StoreFailure,
  type Transaction,
} from "./store.ts";

/** The clock that a local store decides by. */
export interface StoreClock {
  now(): Micros;
  /** From now on it runs half a second further at most, until `release`. */
  hold(): void;
  release(): void;
  stop(): void;
}

/**
 * A store that has its medium to itself: the pools are in memory, as values; a transaction drafts on them, writes, and puts the new
 * values in place only when the medium has them for good. One transaction at a time. Its caller batches (engine/lane.ts).
 */
export class LocalStore implements Store {
  readonly secret: Uint8Array;
  readonly #medium: Medium;
  readonly #clock: StoreClock;
  readonly #listeners: ((commit: Commit) => void)[] = [];
  readonly #troubled: ((failure: StoreFailure) => void)[] = [];
  readonly #watchers: ((condition: Condition, why?: StoreFailure) => void)[] = [];
  readonly #pools = new Map<string, Pool>();
  readonly #owners = new Map<string, string>();
  readonly #live = new Map<string, string>();
  #tail: Promise<unknown> = Promise.resolve();
  #closed = false;
  #failing = false;
  #told: Condition;

  private constructor(medium: Medium, loaded: Loaded, clock: StoreClock) {
    this.#medium = medium;
    this.#clock = clock;
    this.secret = loaded.secret;
    this.#told = medium.state;
    if (medium.state !== "well") clock.hold();
    medium.onFailure((failure) => this.#failed(failure));
    for (const pool of rebuild(loaded)) this.#adopt(pool);
    for (const { config } of loaded.environments) this.#owners.set(config.name, config.pool);
    for (const lease of loaded.leases) this.#live.set(lease.id, lease.pool);
  }

  /** Opens the store on what the medium has. `clock` is given the latest time that anything was decided at. */
  static async open(medium: Medium, clock: (latest: Micros) => StoreClock): Promise<LocalStore> {
    const loaded = await medium.load();
    return new LocalStore(medium, loaded, clock(Math.max(0, ...loaded.pools.map((pool) => pool.at))));
  }

  now(): Micros {
    return this.#clock.now();
  }

  pools(): Iterable<Pool> {
    return this.#pools.values();
  }

  pool(name: string): Pool {
    return this.#pools.get(name) ?? emptyPool(name);
  }

  ownerOf(environment: string): string | undefined {
    return this.#owners.get(environment);
  }

  poolOfLease(id: string): string | undefined {
    return this.#live.get(id);
  }

  transact<R>(pools: readonly string[], reads: Reads, work: (transaction: Transaction) => R): Promise<R> {
    const result = this.#tail.then(() => this.#run(pools, reads, work));
    this.#tail = this.#watched(result).catch(() => {});
    return result;
  }

  get condition(): Condition {
    const { state } = this.#medium;
    return state === "well" && this.#failing ? "failing" : state;
  }

  onCondition(listener: (condition: Condition, why?: StoreFailure) => void): void {
    this.#watchers.push(listener);
  }

  /** Passes on; whoever listens hears of its failure. */
  async #watched<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (error instanceof StoreFailure) this.#failed(error);
      throw error;
    }
  }

  #failed(failure: StoreFailure): void {
    if (failure.reason !== "STORE_CLOSED") {
      this.#failing = true;
      this.#clock.hold();
    }
    this.#judge(failure);
    for (const listener of this.#troubled) listener(failure);
  }

  /** Tells of the condition, where it is another one. */
  #judge(why?: StoreFailure): void {
    const { condition } = this;
    if (condition === this.#told) return;
    this.#told = condition;
    for (const listener of this.#watchers) listener(condition, why);
  }

  probe(): Promise<void> {
    const result = this.#tail.then(() => this.#write(() => this.#medium.probe()));
    this.#tail = this.#watched(result).catch(() => {});
    return result;
  }

  /** While a write hangs, and from a failed one to the next that works, nobody can renew: the clock must not run on for long. */
  async #write(write: () => Promise<void>): Promise<void> {
    this.#clock.hold();
    await write();
    this.#failing = false;
    if (this.condition === "well") this.#clock.release();
    this.#judge();
  }

  async #run<R>(pools: readonly string[], reads: Reads, work: (transaction: Transaction) => R): Promise<R> {
    if (this.#closed) throw new StoreFailure("STORE_CLOSED", "the store is closed");
    const rows = await this.#find(reads);
    const at = this.#clock.now();
    const drafts = new Map<string, Draft>();
    const found: Found = {
      ...rows,
      owner: (environment) => this.#ownerAmong(drafts, environment),
      elsewhere: (pool) => this.#elsewhere(drafts, pool),
    };
    for (const name of pools) drafts.set(name, new Draft(this.pool(name), at, found));
    const draft = (name: string): Draft => {
      const known = drafts.get(name);
      if (known === undefined) throw new Error(`invariant: pool ${name} is not part of the transaction`);
      return known;
    };
    const result = work({ at, draft });
    const changed = [...drafts.values()].filter((candidate) => candidate.rows.length + candidate.events.length > 0);
    if (changed.length > 0) {
      const batch = batchOf(changed);
      await this.#write(() => this.#medium.write(batch));
      this.#commit(changed, batch);
    }
    return result;
  }

  /** Names are unique over all pools: those that this transaction has just made included, and those that it deletes until it is done. */
  #ownerAmong(drafts: ReadonlyMap<string, Draft>, environment: string): string | undefined {
    const owner = this.#owners.get(environment);
    if (owner !== undefined) return owner;
    for (const [name, draft] of drafts) if (draft.pool.sites.has(environment)) return name;
    return undefined;
  }

  #elsewhere(drafts: ReadonlyMap<string, Draft>, pool: string): Totals {
    const totals = { environments: 0, leases: 0, waiters: 0, pools: 0 };
    for (const name of new Set([...this.#pools.keys(), ...drafts.keys()])) {
      if (name === pool) continue;
      const { environments, leases, waiters, pools } = totalsOf(drafts.get(name)?.pool ?? this.pool(name));
      totals.environments += environments;
      totals.leases += leases;
      totals.waiters += waiters;
      totals.pools += pools;
    }
    return totals;
  }

  async #find(reads: Reads): Promise<Pick<Found, "lease" | "request">> {
    const leases = reads.leases.filter((id) => !this.#live.has(id));
    const rows = leases.length + reads.requests.length === 0 ? [] : await this.#medium.find({ leases, requests: reads.requests });
    const byId = new Map(rows.map((lease) => [lease.id, lease]));
    const byRequest = new Map(rows.map((lease) => [requestKey(lease.principal, lease.pool, lease.requestId ?? ""), lease]));
    return {
      lease: (id) => byId.get(id),
      request: (key) => byRequest.get(key),
    };
  }

  #commit(drafts: readonly Draft[], batch: Batch): void {
    for (const draft of drafts) this.#adopt(draft.pool);
    for (const name of batch.deleted) this.#owners.delete(name);
    for (const { config } of batch.environments) this.#owners.set(config.name, config.pool);
    // Each change of a lease's state is an event; a lease that is in memory only has no row.
    for (const { cause, pool } of batch.events) {
      if (cause?.state === "ENDED") this.#live.delete(cause.leaseId);
      else if (cause !== undefined) this.#live.set(cause.leaseId, pool);
    }
    const commit = { pools: drafts.map((draft) => draft.pool), events: batch.events };
    for (const listener of this.#listeners) listener(commit);
  }

  #adopt(pool: Pool): void {
    this.#pools.set(pool.name, pool);
  }

  async findEnded(id: string): Promise<Lease | undefined> {
    const [lease] = await this.#watched(this.#medium.find({ leases: [id], requests: [] }));
    return lease;
  }

  list(query: LeaseQuery): Promise<readonly Lease[]> {
    return this.#watched(this.#medium.list(query));
  }

  past(pool: string, since: Revision, limit: number): Promise<Past> {
    return this.#watched(this.#medium.past(pool, since, limit));
  }

  trim(history: History): Promise<boolean> {
    // To delete needs space as well, before it gives any.
    if (this.condition !== "well") return Promise.resolve(false);
    return this.#watched(this.#medium.trim(history));
  }

  onCommit(listener: (commit: Commit) => void): void {
    this.#listeners.push(listener);
  }

  onFailure(listener: (failure: StoreFailure) => void): void {
    this.#troubled.push(listener);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#clock.stop();
    await this.#tail;
    await this.#medium.close();
  }
}

/** The rows to write: of several versions of one row, the last. */
function batchOf(drafts: readonly Draft[]): Batch {
  const leases = new Map<string, Lease>();
  const environments = new Map<string, StoredEnvironment>();
  const deleted = new Set<string>();
  const events: Event[] = [];
  for (const draft of drafts) {
    // Of this pool alone: a name that it gave up may be another pool's by the end of the transaction.
    const named = new Set<string>();
    for (const row of draft.rows) row.kind === "lease" ? leases.set(row.lease.id, row.lease) : named.add(row.name);
    for (const name of named) {
      const site = draft.pool.sites.get(name);
      site === undefined ? deleted.add(name) : environments.set(name, storedEnvironment(site));
    }
    events.push(...draft.events);
  }
  const pools = drafts.map(({ pool: { name, revision, at } }) => ({ name, revision, at }));
  const gone = [...deleted].filter((name) => !environments.has(name));
  return { pools, leases: [...leases.values()], environments: [...environments.values()], deleted: gone, events };
}

function rebuild(loaded: Loaded): Pool[] {
  const rows = new Map(loaded.pools.map((row) => [row.name, row]));
  const environments = Map.groupBy(loaded.environments, (environment) => environment.config.pool);
  const leases = Map.groupBy(loaded.leases, (lease) => lease.pool);
  const names = new Set([...rows.keys(), ...environments.keys(), ...leases.keys()]);
  return [...names].map((name) =>
    poolOfRows(rows.get(name) ?? { name, revision: 0, at: 0 }, environments.get(name) ?? [], leases.get(name) ?? []),
  );
}
