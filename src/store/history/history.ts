import type { EventKind } from "../../core/event.ts";
import type { EnvironmentState } from "../../core/model/environment.ts";
import type { EndedBy, Holder } from "../../core/model/lease.ts";
import type { Micros, Revision } from "../../core/model/units.ts";
import type { Posting } from "./letter.ts";
import type { Mail } from "./mail.ts";
import type { Subscription } from "./subscriptions.ts";

/** One event of one environment, as the history keeps it. */
export interface Entry {
  readonly revision: Revision;
  readonly at: Micros;
  readonly kind: EventKind;
  readonly pool: string;
  /** Empty where nothing is chosen yet for what is wanted by selector. */
  readonly environment: string;
  /** The lease, who it is for and who asked for it; of a change of an environment none of them. */
  readonly lease?: string;
  readonly holder?: Holder;
  readonly principal?: string;
  readonly principalLabel?: string;
  readonly by?: EndedBy;
  /** What it is about, where that is no environment and no lease: a key's id, a method, a pool. */
  readonly subject?: string;
  /** Why: of an end its note, of a state its reason, of a configuration the fields that changed, else what the lease is wanted for. */
  readonly reason: string;
  /** Slots of the lease there. */
  readonly slots?: number;
  readonly createdAt?: Micros;
  /** When it was granted, of a lease that is or was HELD. */
  readonly grantedAt?: Micros;
  /** Of a change of an environment: its state and capacity after it, and its capacity before, where that is another. */
  readonly state?: EnvironmentState;
  readonly capacity?: number;
  readonly capacityBefore?: number;
}

/**
 * What somebody sees: environments that the patterns fit, what is of none where a whole pool is seen or the principal has asked for it, and
 * what happened to the server itself (the pool without a name).
 */
export interface Seen {
  readonly patterns: readonly string[];
  readonly principal: string;
  readonly server: boolean;
}

/** Which entries; all that is given must fit. */
export interface Filter {
  readonly pool?: string;
  readonly environment?: string;
  readonly lease?: string;
  /** The holder's name. */
  readonly holder?: string;
  /** Of leases that it asked for; in a list, all else that it did as well. */
  readonly principal?: string;
  readonly subject?: string;
  /** Any, if empty. */
  readonly kinds: readonly EventKind[];
  readonly since?: Micros;
  /** Before this. */
  readonly until?: Micros;
  /** Ends of leases that were held at this time. */
  readonly heldAt?: Micros;
  /** Absent: by who sees everything. */
  readonly seen?: Seen;
}

/** Entries, newest first; behind position `next` there may be more. From `coversFrom` on none is missing. */
export interface Page {
  readonly entries: readonly Entry[];
  readonly coversFrom: Micros;
  readonly next?: number;
}

/** An environment as it is now, and what the statistics are grouped by, where that is a label. */
export interface Capacity {
  readonly environment: string;
  readonly pool: string;
  readonly capacity: number;
  readonly label: string;
}

/** A lease that is held now, on one environment. */
export interface Hold {
  readonly lease: string;
  readonly environment: string;
  readonly pool: string;
  readonly repository: string;
  readonly slots: number;
  readonly createdAt: Micros;
  readonly grantedAt: Micros;
}

export type GroupBy = "ENVIRONMENT" | "POOL" | "REPOSITORY" | "LABEL";

/** What to count. The fleet and the holds are those of the filter, as they were at `asOf`. */
export interface StatsQuery {
  readonly asOf: Micros;
  readonly filter: Filter;
  readonly from: Micros;
  readonly to: Micros;
  readonly groupBy: GroupBy;
  readonly fleet: readonly Capacity[];
  readonly holds: readonly Hold[];
}

/** In microseconds; of no values 0. */
export interface Spread {
  readonly count: number;
  readonly p50: Micros;
  readonly p95: Micros;
  readonly max: Micros;
}

export interface StatsRow {
  readonly key: string;
  readonly grants: number;
  /** Time of slots held, by time of slots there were; 0 if there were none. */
  readonly utilisation: number;
  readonly wait: Spread;
  readonly hold: Spread;
  readonly expired: number;
  readonly forced: number;
  readonly abandoned: number;
  /** From when on everything is counted. */
  readonly coversFrom: Micros;
}

/** Up to which revision of each pool events were taken over. */
export type Cursors = readonly (readonly [pool: string, revision: Revision])[];

/** Events of the log, in order, to be taken over. */
export interface Part {
  /** `[[pool, events], …]`, the events as they are in a row of the log; no events: empty. */
  readonly text: string;
  readonly events: number;
  /** At or behind the time of the last one. */
  readonly until: Micros;
  readonly cursors: Cursors;
  /** The log has more. */
  readonly more: boolean;
  /** Before this there were events in the log that were not taken over: it had forgotten them, or they are damaged. */
  readonly gap?: Micros;
}

/** What the history keeps: nothing from before a time, and so many entries at least, the newest. */
export interface Kept {
  readonly before: Micros;
  readonly entries: number;
}

/**
 * The history: what happened, long after a watch can resume over it. It has no part in any decision, is filled behind the commits, and may
 * fail by itself. Failures are StoreFailures.
 */
export interface Archive {
  /** The letters that are kept with it. */
  readonly mail: Mail;
  /** Who is told of what is appended from now on; at once, if nothing was called before. */
  subscribe(subscriptions: readonly Subscription[]): void;
  /** Up to where it has been filled. A new one begins at `begin`. */
  open(begin: Micros): Promise<Cursors>;
  /** Takes over a part of the log; on disk before it resolves, with a letter to each who is told of what is in it. */
  append(part: Part): Promise<Posting>;
  /** Entries in front of a position, or the newest. */
  list(filter: Filter, limit: number, before?: number): Promise<Page>;
  /** By key; one more than limits.statsRows: there are too many keys. */
  stats(query: StatsQuery): Promise<readonly StatsRow[]>;
  /** Of each environment the last holds that ended before a time, at most so many: how long they took. Oldest first. */
  holds(most: number, before: Micros): Promise<readonly (readonly [environment: string, durations: readonly Micros[]])[]>;
  /** A bounded part of the work; true: there is more. */
  trim(kept: Kept): Promise<boolean>;
  close(): Promise<void>;
}
