import type { Reads } from "../core/command.ts";
import type { Lease } from "../core/model/lease.ts";
import type { Micros, Revision } from "../core/model/units.ts";
import { Drafts } from "./drafts.ts";
import type { Cursors, Part } from "./history/history.ts";
import type { Batch, Loaded, Medium } from "./medium.ts";
import { rebuild, upToDate } from "./rebuild.ts";
import {
  type Cache,
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
 * A store that has its medium to itself: what is in the cache is what is committed, so a transaction drafts on it, writes, and hands the
 * new values over only when the medium has them for good. One transaction at a time. Its caller batches (engine/lane.ts).
 */
export class LocalStore implements Store {
  readonly secret: Uint8Array;
  readonly #medium: Medium;
  readonly #clock: StoreClock;
  readonly #troubled: ((failure: StoreFailure) => void)[] = [];
  readonly #watchers: ((condition: Condition, why?: StoreFailure) => void)[] = [];
  #loaded: Loaded | undefined;
  #cache: Cache | undefined;
  #tail: Promise<unknown> = Promise.resolve();
  #closed = false;
  #failing = false;
  #told: Condition;

  private constructor(medium: Medium, loaded: Loaded, clock: StoreClock) {
    this.#medium = medium;
    this.#loaded = loaded;
    this.#clock = clock;
    this.secret = loaded.secret;
    this.#told = medium.state;
    if (medium.state !== "well") clock.hold();
    medium.onFailure((failure) => this.#failed(failure));
  }

  /** Opens the store on what the medium has. `clock` is given the latest time that anything was decided at. */
  static async open(medium: Medium, clock: (latest: Micros) => StoreClock): Promise<LocalStore> {
    const loaded = upToDate(await medium.load());
    return new LocalStore(medium, loaded, clock(loaded.pools.reduce((latest, pool) => Math.max(latest, pool.at), 0)));
  }

  now(): Micros {
    return this.#clock.now();
  }

  async fill(cache: Cache): Promise<void> {
    const loaded = this.#loaded;
    if (loaded === undefined) throw new Error("invariant: a store fills one cache");
    this.#loaded = undefined;
    this.#cache = cache;
    const { leases, environments, settings } = loaded;
    cache.adopt({
      pools: rebuild(loaded, (pool, cause) => cache.refuse(pool, cause)),
      leases,
      environments,
      settings,
      keys: [],
      fences: [],
      deleted: [],
      forgotten: [],
      events: [],
    });
  }

  transact<R>(pools: readonly string[], reads: Reads, work: (transaction: Transaction) => R): Promise<R> {
    const result = this.#tail.then(() => this.#run(pools, reads, work));
    this.#tail = this.#watched(result).then(nothing, nothing);
    return result;
  }

  get condition(): Condition {
    const { state } = this.#medium;
    return state === "well" && this.#failing ? "failing" : state;
  }

  onCondition(listener: (condition: Condition, why?: StoreFailure) => void): void {
    this.#watchers.push(listener);
  }

  /** The result of `work`; a StoreFailure is told to the listeners as well. */
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

  /** Tells the listeners of the condition, if it has changed. */
  #judge(why?: StoreFailure): void {
    const { condition } = this;
    if (condition === this.#told) return;
    this.#told = condition;
    for (const listener of this.#watchers) listener(condition, why);
  }

  probe(): Promise<void> {
    const result = this.#tail.then(() => this.#probe());
    this.#tail = this.#watched(result).then(nothing, nothing);
    return result;
  }

  async #probe(): Promise<void> {
    await this.#write(async () => {
      await this.#medium.probe();
      return [];
    });
  }

  /**
   * While a write hangs, and from a failed one to the next that works, nobody can renew: the clock must not run on for long. Resolves with
   * what `write` does: leases that kept it from writing anything.
   */
  async #write(write: () => Promise<readonly Lease[]>): Promise<readonly Lease[]> {
    this.#clock.hold();
    const hindered = await write();
    if (hindered.length === 0) this.#failing = false;
    if (this.condition === "well") this.#clock.release();
    this.#judge();
    return hindered;
  }

  async #run<R>(pools: readonly string[], reads: Reads, work: (transaction: Transaction) => R): Promise<R> {
    if (this.#closed) throw new StoreFailure("STORE_CLOSED", "the store is closed");
    const cache = this.#filled();
    const { ended, unknown } = recall(cache, pools, reads);
    if (unknown.leases.length > 0) ended.push(...(await this.#medium.find({ leases: unknown.leases, requests: [] })));
    // Hardly any request_id was used long ago. Whether one was, is found out by the write itself.
    for (let fresh = unknown.requests; ; fresh = []) {
      const drafts = new Drafts(cache, pools, this.#clock.now(), ended.sort(byCreation));
      const result = work(drafts);
      const commit = drafts.commit();
      const answered = await this.#commit(commit, fresh);
      if (commit !== undefined && answered.length === 0) cache.adopt(commit);
      if (answered.length === 0) return result;
      ended.push(...answered);
    }
  }

  /** Writes a commit unless one of the requests was answered long ago: then it resolves with the answers, and nothing is written. */
  async #commit(commit: Commit | undefined, fresh: readonly string[]): Promise<readonly Lease[]> {
    if (commit !== undefined) return await this.#write(() => this.#medium.write(batchOf(commit), fresh));
    return fresh.length === 0 ? [] : await this.#medium.find({ leases: [], requests: fresh });
  }

  #filled(): Cache {
    if (this.#cache === undefined) throw new Error("invariant: a store decides once its cache is filled");
    return this.#cache;
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

  take(from?: Cursors): Promise<Part | undefined> {
    return this.#watched(this.#medium.take(from));
  }

  trim(history: History): Promise<boolean> {
    // Deleting rows needs space before it frees any.
    if (this.condition !== "well") return Promise.resolve(false);
    return this.#watched(this.#medium.trim(history));
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

function byCreation(a: Lease, b: Lease): number {
  return a.createdAt - b.createdAt;
}

/** Of the rows that a transaction names, the ended leases that are in memory, and what may be in the medium alone. */
function recall(cache: Cache, pools: readonly string[], reads: Reads): { readonly ended: Lease[]; readonly unknown: Reads } {
  const isLive = (request: string) => pools.some((pool) => cache.pool(pool).requests.has(request));
  const leases = reads.leases.filter((id) => cache.poolOfLease(id) === undefined);
  const requests = reads.requests.filter((request) => !isLive(request));
  const known = [...leases.map((id) => cache.ended(id)), ...requests.map((request) => cache.endedOf(request))];
  return {
    ended: known.filter((lease) => lease !== undefined),
    unknown: {
      leases: leases.filter((id) => cache.ended(id) === undefined),
      requests: requests.filter((request) => cache.endedOf(request) === undefined),
    },
  };
}

/** A pool needs no row where a live lease says all of it: its revision, which is also the time of the commit; see `upToDate`. */
function batchOf(commit: Commit): Batch {
  const borne = new Map(commit.leases.map(({ pool, state, revision }) => [revision, state === "ENDED" ? undefined : pool]));
  const pools = commit.pools.filter(({ name, revision, at }) => at !== revision || borne.get(revision) !== name);
  return { ...commit, pools: pools.map(({ name, revision, at }) => ({ name, revision, at })) };
}

/** In place of a result that nobody waits for: the values of a transaction are a version of the pool for each of its commands. */
function nothing(): void {}
