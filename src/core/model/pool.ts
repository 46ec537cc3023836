import type { Environment, Rest } from "./environment.ts";
import type { Lease, Need } from "./lease.ts";
import type { PoolConfig } from "./pool-config.ts";
import { ascending, Sorted } from "./sorted.ts";
import type { Micros, Revision } from "./units.ts";

/** The fixed key of a place in line: time of arrival less priority, then sequence; see rankOf. */
export interface Rank {
  readonly time: Micros;
  readonly sequence: Revision;
}

/** What a slot that is not free is used for. */
export type Use = { readonly lease: string } | { readonly until: Micros };

/** A waiter in a line, and how many slots it takes there out of what those behind it may have. */
export interface SlotClaim {
  readonly lease: string;
  readonly slots: number;
}

/** A waiter that wants something by selector, and what it takes at present; see placing.ts. */
export interface Placing {
  readonly lease: string;
  /** It was passed over: it takes nothing, and is ahead of nobody. */
  readonly passedOver: boolean;
  /** How many slots of which environments, those that it names included. */
  readonly claims: ReadonlyMap<string, number>;
  /** Its needs with the environments that it would be granted; absent while it does not fit. */
  readonly served?: readonly Need[];
}

/**
 * One environment with who is on it and who waits for it. All but `environment` is derived: from the leases, and from the rests that are
 * stored with the environment. Written by ledger.ts alone.
 */
export interface Site {
  readonly environment: Environment;
  /** The slots that are held, offered, or rest; their weight is the number of those held or offered. */
  readonly slots: Sorted<number, Use>;
  /** The slots that rest, by the end of their rest. */
  readonly rests: Sorted<Rest, true>;
  /** Leases on it, by fencing token: oldest grant first. */
  readonly occupants: Sorted<Revision, string>;
  /** Who waits for it and counts in others' positions. */
  readonly line: Sorted<Rank, string>;
  /** Who waits for it and was passed over. */
  readonly passed: Sorted<Rank, string>;
  /** Who has reserved it for later, by the time at which that begins; see reservation.ts. */
  readonly calendar: Sorted<Rank, string>;
  /** Those whom a free slot could serve (see isReady), also those who would be served with it by a selector. They weigh what they take. */
  readonly ready: Sorted<Rank, SlotClaim>;
  /** Up to here the ready line fitted into the free slots when it was last served; see line.ts. */
  readonly fitted?: Rank;
  /** Since when there has been nothing on it that would keep it from being forgotten. */
  readonly idleSince?: Micros;
}

/** An environment made on demand that nobody uses. */
export interface Idle {
  readonly since: Micros;
  readonly environment: string;
}

/** An environment that can be cleaned now. */
export interface Dirty {
  readonly since: Micros;
  readonly environment: string;
}

/** When something ends by itself: a lease, its time in the calendar, or a rest or state of an environment. */
export interface Deadline {
  readonly at: Micros;
  readonly lease?: string;
  readonly environment?: string;
}

/** A pool at one revision: a value, never changed in place. Live leases only; ended ones are in the store. */
export interface Pool {
  readonly name: string;
  readonly revision: Revision;
  /** The latest time at which anything was decided. */
  readonly at: Micros;
  /** What operators have set for it. */
  readonly config?: PoolConfig;
  readonly sites: Sorted<string, Site>;
  readonly leases: Sorted<string, Lease>;
  /** Request key to lease id. */
  readonly requests: Sorted<string, string>;
  /** Who waits for something by selector: a short list beside the lines of the environments. Who counts in positions weighs 1. */
  readonly selecting: Sorted<Rank, Placing>;
  /** Who has reserved something for later by selector. */
  readonly calendar: Sorted<Rank, string>;
  readonly deadlines: Sorted<Deadline, true>;
  /** Environments that may be forgotten, the one that has been idle for longest first. */
  readonly idle: Sorted<Idle, true>;
  /** Environments that can be cleaned now, the one that has been DIRTY for longest first. */
  readonly dirty: Sorted<Dirty, true>;
  /** Until when an offer stands for 30 s at least: for a minute after a start callers come back one by one. */
  readonly patientUntil: Micros;
  /** How many leases are QUEUED. */
  readonly waiters: number;
}

/** The order of a line. */
export function byRank(a: Rank, b: Rank): number {
  return a.time - b.time || a.sequence - b.sequence;
}

const byRest = (a: Rest, b: Rest): number => a.until - b.until || a.index - b.index;
const bySince = (a: Idle | Dirty, b: Idle | Dirty): number => a.since - b.since || ascending(a.environment, b.environment);
const byDeadline = (a: Deadline, b: Deadline): number =>
  a.at - b.at || ascending(a.lease ?? "", b.lease ?? "") || ascending(a.environment ?? "", b.environment ?? "");

/** A pool in which nothing has happened yet. */
export function emptyPool(name: string): Pool {
  return {
    name,
    revision: 0,
    at: 0,
    sites: Sorted.empty(ascending),
    leases: Sorted.empty(ascending),
    requests: Sorted.empty(ascending),
    selecting: Sorted.empty<Rank, Placing>(byRank, ({ passedOver }) => Number(!passedOver)),
    calendar: Sorted.empty(byRank),
    deadlines: Sorted.empty(byDeadline),
    idle: Sorted.empty(bySince),
    dirty: Sorted.empty(bySince),
    patientUntil: 0,
    waiters: 0,
  };
}

/** A site with nobody on it. */
export function emptySite(environment: Environment): Site {
  return {
    environment,
    slots: Sorted.empty<number, Use>(ascending, (use) => Number("lease" in use)),
    rests: Sorted.empty(byRest),
    occupants: Sorted.empty(ascending),
    line: Sorted.empty(byRank),
    passed: Sorted.empty(byRank),
    calendar: Sorted.empty(byRank),
    ready: Sorted.empty<Rank, SlotClaim>(byRank, ({ slots }) => slots),
  };
}
