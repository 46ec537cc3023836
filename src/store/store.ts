import type { KeyRow } from "../core/access/key.ts";
import type { Reads } from "../core/command.ts";
import type { Draft } from "../core/draft.ts";
import type { Event } from "../core/event.ts";
import type { StoredEnvironment } from "../core/model/environment.ts";
import type { Lease, LeaseState } from "../core/model/lease.ts";
import type { Pool } from "../core/model/pool.ts";
import type { PoolSetting } from "../core/model/pool-config.ts";
import type { Micros, Revision } from "../core/model/units.ts";
import type { Totals } from "../core/totals.ts";

import type { Cursors, Part } from "./history/history.ts";

/** One transaction: a time, and a draft of each pool that it locked. */
export interface Transaction {
  readonly at: Micros;
  /** The draft of a pool that `transact` was told of; the same one each time. */
  draft(pool: string): Draft;
}

/** The highest fencing token of an environment, and the revision of its grant. */
export interface Fence {
  readonly environment: string;
  readonly fence: Revision;
  readonly revision: Revision;
}

/** What a committed transaction changed: each row once, in its last version. */
export interface Commit {
  /** The pools as they are after the transaction. */
  readonly pools: readonly Pool[];
  readonly leases: readonly Lease[];
  /** Those of which more has changed than the highest fencing token. */
  readonly environments: readonly StoredEnvironment[];
  /** Those of which only that has changed, by a grant. */
  readonly fences: readonly Fence[];
  /** Of pools whose configuration has changed. */
  readonly settings: readonly PoolSetting[];
  readonly keys: readonly KeyRow[];
  /** Names of environments that are gone. */
  readonly deleted: readonly string[];
  /** Leases whose end leaves nothing behind. */
  readonly forgotten: readonly string[];
  /** Of all pools, in commit order within each. */
  readonly events: readonly Event[];
}

/**
 * One server's copy of what is committed: pools as values, with their revisions. It is the engine's; a store fills it, decides on it,
 * and keeps it up to date. A store that several servers share refreshes the pools of a transaction under its lock, by what others have
 * changed since the cached revision, before it decides.
 */
export interface Cache {
  /** An empty pool if there is none of that name. Throws for one that was refused. */
  pool(name: string): Pool;
  /** Every pool with an environment or a configuration. */
  pools(): Iterable<Pool>;
  /** The pool of an environment, or of a live lease. */
  ownerOf(environment: string): string | undefined;
  poolOfLease(lease: string): string | undefined;
  /** A lease that has ended lately, by its id, or the newest of a request key; undefined: it may be in the store. */
  ended(lease: string): Lease | undefined;
  endedOf(request: string): Lease | undefined;
  /** What there is over all pools. */
  readonly totals: Totals;
  /** How many live leases count against a quota, over all pools. */
  counted(quota: string): number;
  /** Takes over what was committed, by this server or another, in commit order, and tells its listeners. */
  adopt(commit: Commit): void;
  /** Marks a pool whose rows contradict each other: calls about it are refused, and the other pools go on. */
  refuse(pool: string, cause: unknown): void;
}

/** Which leases to list; all that is given must fit. Oldest first, then by id. */
export interface LeaseQuery {
  readonly pool?: string;
  /** Those that have, or name, one of these environments; and these leases, which wait for one of them by selector. */
  readonly on?: { readonly environments: readonly string[]; readonly seekers: readonly string[] };
  /** Only what somebody sees: what the patterns fit, what the principal has asked for, and of those who wait by selector these. */
  readonly seen?: { readonly patterns: readonly string[]; readonly principal: string; readonly seekers: readonly string[] };
  /** Empty: all but ENDED. */
  readonly states: readonly LeaseState[];
  readonly holder?: string;
  readonly tag?: string;
  /** Only those behind this one. */
  readonly after?: { readonly createdAt: Micros; readonly id: string };
  readonly limit: number;
}

/** What history keeps: no more than what is from `before` on, and of that the newest. */
export interface History {
  readonly before: Micros;
  /** Ended leases, with all that they were. */
  readonly leases: number;
  /** Those beyond that, with no more than their request_id and their end. */
  readonly requests: number;
  /** Of each pool's events so many, and so many bytes of them. */
  readonly events: number;
  readonly bytes: number;
}

/** Events behind a cursor, or none if some of them are gone. */
export type Past = { readonly events: readonly Event[] } | "trimmed";

/**
 * How a store is. "failing": the last write failed, and none has worked since. "short": the disk is full, and what gives back or keeps
 * is written to a reserve; nothing may be taken. "lost": its files were deleted or replaced, and nothing is written until a restart.
 * Time stands still unless it is "well".
 */
export type Condition = "well" | "failing" | "short" | "lost";

/**
 * Where pools live: what is authoritative. A store locks, loads, writes and wakes; it has no rule of its own. Every method but `now` may
 * fail with a StoreFailure.
 */
export interface Store {
  /** The key of lease tokens, made with the store, 32 bytes. */
  readonly secret: Uint8Array;
  /** The store's own clock: stands still while the process is stalled, never goes back, ignores the wall clock's jumps. */
  now(): Micros;
  /** Fills a cache with all that is committed, and keeps it up to date from then on. Once, before any transaction. */
  fill(cache: Cache): Promise<void>;
  /**
   * Locks the pools, and calls `work`, synchronously, on drafts of the cached values, and of the rows that `reads` names. What they changed
   * is on disk (fsync), and then in the cache, before the answer; when `work` throws, nothing is written. It is called again, on new
   * drafts, where a request turns out to have been answered long ago, and then the first time has never been.
   */
  transact<R>(pools: readonly string[], reads: Reads, work: (transaction: Transaction) => R): Promise<R>;
  /** A lease that has ended, while history keeps it. */
  findEnded(id: string): Promise<Lease | undefined>;
  /** Leases in any state. */
  list(query: LeaseQuery): Promise<readonly Lease[]>;
  /** At most `limit` events of the pool behind a revision, in order. */
  past(pool: string, since: Revision, limit: number): Promise<Past>;
  /** Events for the history, in order; see Medium. */
  take(from?: Cursors): Promise<Part | undefined>;
  /** Forgets what history does not keep, some at a time: true, there is more. */
  trim(history: History): Promise<boolean>;
  readonly condition: Condition;
  /** Hears of every change of `condition`, and why it is no longer "well". */
  onCondition(listener: (condition: Condition, why?: StoreFailure) => void): void;
  /** Tries a write that changes nothing, up to its fsync; `condition` becomes "well" if that works. */
  probe(): Promise<void>;
  /** Hears of everything that failed. */
  onFailure(listener: (failure: StoreFailure) => void): void;
  close(): Promise<void>;
}

/**
 * Why a store could not do it. STORAGE_FULL and STORAGE_FAILED: nothing was changed. STORAGE_LOST: its files were deleted or replaced;
 * the message says whether anything was written. OUTCOME_UNKNOWN: nobody knows; the process must end.
 */
export type StoreFailureReason = "STORAGE_FULL" | "STORAGE_FAILED" | "STORAGE_LOST" | "OUTCOME_UNKNOWN" | "STORE_CLOSED";

export class StoreFailure extends Error {
  readonly reason: StoreFailureReason;

  constructor(reason: StoreFailureReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StoreFailure";
    this.reason = reason;
  }
}

/** A store that cannot be opened: its message says which path, why, and what to do. */
export class StoreUnusable extends Error {
  override readonly name = "StoreUnusable";
}
