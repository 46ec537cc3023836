import type { Key, KeyRow } from "../core/access/key.ts";
import type { Reads } from "../core/command.ts";
import type { Event } from "../core/event.ts";
import type { StoredEnvironment } from "../core/model/environment.ts";
import type { Lease } from "../core/model/lease.ts";
import type { Pool } from "../core/model/pool.ts";
import type { PoolSetting } from "../core/model/pool-config.ts";
import type { Revision } from "../core/model/units.ts";
import type { Cursors, Part } from "./history/history.ts";
import type { Condition, Fence, History, LeaseQuery, Past, StoreFailure } from "./store.ts";

/** The rows of one transaction, each key once. */
export interface Batch {
  readonly pools: readonly Pick<Pool, "name" | "revision" | "at">[];
  readonly leases: readonly Lease[];
  readonly environments: readonly StoredEnvironment[];
  /** Of environments of which a grant has changed nothing else. */
  readonly fences: readonly Fence[];
  readonly settings: readonly PoolSetting[];
  readonly keys: readonly KeyRow[];
  /** Names of environments that are gone. */
  readonly deleted: readonly string[];
  /** Ids of leases of which no row is kept. */
  readonly forgotten: readonly string[];
  readonly events: readonly Event[];
}

/** All that a pool is rebuilt from. */
export interface Loaded {
  readonly secret: Uint8Array;
  readonly pools: Batch["pools"];
  /** As they were last written, their fences included. */
  readonly environments: readonly StoredEnvironment[];
  /** Of the pools that are configured. */
  readonly settings: readonly PoolSetting[];
  readonly keys: readonly Key[];
  /** Live ones only. */
  readonly leases: readonly Lease[];
}

/** What a medium knows of itself; that a write has failed is its caller's to know. */
export type MediumState = Exclude<Condition, "failing">;

/** What a store that belongs to one process keeps its rows on. Failures are StoreFailures; see store.ts. */
export interface Medium {
  load(): Promise<Loaded>;
  /**
   * Ended leases among these ids and request keys; the newest one of a request key, if need be with no more than what remains of it. Oldest
   * first.
   */
  find(reads: Pick<Reads, "leases" | "requests">): Promise<readonly Lease[]>;
  readonly state: MediumState;
  /** Calls back at a failure that no call has met. */
  onFailure(listener: (why: StoreFailure) => void): void;
  /**
   * All of it or nothing; on disk before it resolves, and then it resolves with no lease. Nothing is written where one of the `fresh`
   * request keys is that of an ended lease: it resolves with the newest one of each.
   */
  write(batch: Batch, fresh?: readonly string[]): Promise<readonly Lease[]>;
  /** Tries a write that changes nothing, up to its fsync. A medium that is "short" becomes "well" once there is room for the reserve. */
  probe(): Promise<void>;
  list(query: LeaseQuery): Promise<readonly Lease[]>;
  past(pool: string, since: Revision, limit: number): Promise<Past>;
  /**
   * Events for the history: what was not taken before, or is behind `from`. Undefined where it must be told from where: first of all, and
   * when too much has come since.
   */
  take(from?: Cursors): Promise<Part | undefined>;
  /** A bounded part of the work; true: there is more. */
  trim(history: History): Promise<boolean>;
  close(): Promise<void>;
}
