import type { Key } from "../access/key.ts";
import type { Environment, Rest } from "./environment.ts";
import type { Lease, Need, SelectorWant } from "./lease.ts";
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
  /** It waits for what is out of service, and claims nothing: nothing that gets free concerns it. */
  readonly blocked?: true;
  /**
   * Its wants that have all that they can use, by their place in the request, with the last environment of each: nothing that is used later,
   * and is good for these alone, concerns it.
   */
  readonly sated?: ReadonlyMap<number, LastGrant>;
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
  /** Those of the line who want something else as well: whether they can be served at all depends on the state of each environment. */
  readonly joint: Sorted<Rank, string>;
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

/** Where an environment stands in the order of use: that comes first whose latest grant is the oldest. */
export interface LastGrant {
  readonly fence: Revision;
  readonly environment: string;
}

/** The names of environments. */
export type Names = Sorted<string, true>;

/** Those environments of a label that could be chosen at present. */
export interface Posting {
  /** In service, by name. */
  readonly serving: Names;
  /** With a free slot, in the order of use. */
  readonly free: Sorted<LastGrant, true>;
}

/** By label: `key`, `key=value`, and the empty text that all have. */
export interface Labels {
  readonly names: Sorted<string, Names>;
  /** Of the labels that a selector has asked for: each grant changes them. */
  readonly postings: Sorted<string, Posting>;
}

/** A lease that a newer one of its key can supersede: those that wait or are offered come before those that are held, then older ones first. */
export interface Supersedable {
  /** Of principal and supersede_key. */
  readonly key: string;
  readonly held: boolean;
  readonly sequence: Revision;
}

/** Waiters who look for the same. */
export interface Seekers {
  /** Absent: for an environment that they name. */
  readonly want?: SelectorWant;
  readonly waiting: Sorted<Rank, string>;
  /** Those of them who were passed over. */
  readonly passed: Sorted<Rank, string>;
  /** Those of both who look for something else as well, and so may be among others, too. */
  readonly several: Sorted<Rank, true>;
}

/** By a label that all they look for has, or by the name that they give; then by what they look for. */
export type Sought = Sorted<string, Sorted<string, Seekers>>;

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
  /** The same by what they look for. */
  readonly sought: Sought;
  /** The environments that a selector may choose. */
  readonly labels: Labels;
  readonly deadlines: Sorted<Deadline, true>;
  /** Environments that may be forgotten, the one that has been idle for longest first. */
  readonly idle: Sorted<Idle, true>;
  /** Environments that can be cleaned now, the one that has been DIRTY for longest first. */
  readonly dirty: Sorted<Dirty, true>;
  /** Until when an offer stands for 30 s at least: for a minute after a start callers come back one by one. */
  readonly patientUntil: Micros;
  /** What can be superseded: live leases with a supersede_key whose holders have not been asked to stop yet. */
  readonly supersedable: Sorted<Supersedable, string>;
  /** How many leases are QUEUED. */
  readonly waiters: number;
  /** How many live leases count against each quota; see quotasOf in ledger.ts. */
  readonly quotas: Sorted<string, number>;
  /** The stored keys, by id: of the pool that has them, and no other. */
  readonly keys: Sorted<string, Key>;
}

/** The order of a line. */
export function byRank(a: Rank, b: Rank): number {
  return a.time - b.time || a.sequence - b.sequence;
}

const byRest = (a: Rest, b: Rest): number => a.until - b.until || a.index - b.index;
const bySince = (a: Idle | Dirty, b: Idle | Dirty): number => a.since - b.since || ascending(a.environment, b.environment);
const byDeadline = (a: Deadline, b: Deadline): number =>
  a.at - b.at || ascending(a.lease ?? "", b.lease ?? "") || ascending(a.environment ?? "", b.environment ?? "");

const bySupersedable = (a: Supersedable, b: Supersedable): number =>
  ascending(a.key, b.key) || Number(a.held) - Number(b.held) || a.sequence - b.sequence;

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
    sought: Sorted.empty(ascending),
    labels: { names: Sorted.empty(ascending), postings: Sorted.empty(ascending) },
    deadlines: Sorted.empty(byDeadline),
    idle: Sorted.empty(bySince),
    dirty: Sorted.empty(bySince),
    patientUntil: 0,
    supersedable: Sorted.empty(bySupersedable),
    waiters: 0,
    quotas: Sorted.empty(ascending),
    keys: Sorted.empty(ascending),
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
    joint: Sorted.empty(byRank),
    passed: Sorted.empty(byRank),
    calendar: Sorted.empty(byRank),
    ready: Sorted.empty<Rank, SlotClaim>(byRank, ({ slots }) => slots),
  };
}
