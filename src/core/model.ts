import type { Selector } from "./selector.ts";
import { ascending, Sorted } from "./sorted.ts";

/** Microseconds: a duration, or a time since 1970 on the store's own clock. Whole, below 2^53 until 2255. */
export type Micros = number;

/** A number that strictly rises with each change of a pool: max(last + 1, the time in microseconds). A grant's is its fencing token. */
export type Revision = number;

export type EnvironmentState = "AVAILABLE" | "DRAINING" | "MAINTENANCE" | "DIRTY" | "CLEANING" | "QUARANTINED";

/** What operators set; Apply replaces it whole. */
export interface EnvironmentConfig {
  readonly name: string;
  readonly pool: string;
  readonly description: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly capacity: number;
  readonly defaultTtl?: Micros;
  readonly maxTtl?: Micros;
  readonly maxHold?: Micros;
  readonly lockDelay?: Micros;
  readonly cooldown?: Micros;
  readonly links: Readonly<Record<string, string>>;
}

/** A slot that nobody has, and nobody gets before `until`. */
export interface Rest {
  readonly index: number;
  readonly until: Micros;
  /** Whose use it rests from; only the first slot that a lease gave up says so, and none of a row that is older than this field. */
  readonly from?: LastUse;
}

/** A lease that has left its slots; no end reason: it waits again, since it did not claim them. */
export interface LastUse {
  readonly leaseId: string;
  readonly holder: Holder;
  readonly endReason?: EndReason;
}

/** An environment: its configuration and state. */
export interface Environment {
  readonly config: EnvironmentConfig;
  /** Made by an Acquire, and never configured: forgotten when nobody has used it for a while. */
  readonly onDemand?: boolean;
  readonly state: EnvironmentState;
  readonly stateReason: string;
  readonly stateUntil?: Micros;
  /** The highest fencing token ever granted on it. */
  readonly fence: Revision;
  readonly revision: Revision;
}

/** An environment as it is stored: with the rests that outlive its leases. */
export interface StoredEnvironment extends Environment {
  readonly rests: readonly Rest[];
}

export type LeaseState = "QUEUED" | "OFFERED" | "HELD" | "ENDED";

export type EndReason = "RELEASED" | "EXPIRED" | "WITHDRAWN" | "ABANDONED" | "TIMED_OUT" | "FORCE_RELEASED" | "UNSATISFIABLE";

export type HolderKind = "PIPELINE" | "HUMAN" | "SERVICE";

/** Who a lease is for, as told. */
export interface Holder {
  readonly name: string;
  readonly kind: HolderKind;
  readonly runUrl: string;
  readonly repository: string;
  readonly ref: string;
  readonly sha: string;
  readonly job: string;
  readonly actor: string;
}

/** Who ended a lease: a principal, and the lease whose token was shown, if one was. */
export interface EndedBy {
  readonly principal: string;
  readonly lease?: string;
  /** Who that lease is for. */
  readonly holder?: Holder;
}

/** A wanted environment: `slots` of the one that has this name. */
export interface NamedWant {
  readonly environment: string;
  readonly slots: number;
}

/** Wanted environments: `slots` of each of `count` different ones that the selector matches, whichever. */
export interface SelectorWant {
  readonly selector: Selector;
  readonly count: number;
  readonly slots: number;
}

/** One part of what is asked for. */
export type Want = NamedWant | SelectorWant;

/** A want by name in a lease. Once granted, `indexes` says which slots. */
export interface NamedNeed extends NamedWant {
  readonly indexes: readonly number[];
}

/** A want by selector in a lease. Once granted, `chosen` says which environments; while it waits there are none. */
export interface SelectorNeed extends SelectorWant {
  readonly chosen: readonly NamedNeed[];
}

/** One part of what a lease wants, or has. needs.ts tells the two kinds apart; everything else sees environments and slots. */
export type Need = NamedNeed | SelectorNeed;

/** How long a lease may live: between signs of life, and in all. */
export interface Terms {
  readonly ttl?: Micros;
  readonly maxHold?: Micros;
}

/** One object from the moment someone asks until it has ended. Rows of the store; never changed in place. */
export interface Lease extends Terms {
  readonly id: string;
  readonly pool: string;
  readonly state: LeaseState;
  readonly endReason?: EndReason;
  readonly endNote: string;
  /** Absent where it ended by itself. */
  readonly endedBy?: EndedBy;
  /** In the order of the request. */
  readonly needs: readonly Need[];
  readonly holder: Holder;
  readonly principal: string;
  readonly reason: string;
  readonly tags: readonly string[];
  readonly priority: number;
  /** Its revision at arrival: breaks ties of rank. */
  readonly sequence: Revision;
  readonly createdAt: Micros;
  readonly grantedAt?: Micros;
  readonly heldAt?: Micros;
  readonly endedAt?: Micros;
  /** By selector: the terms as they were asked for. What the chosen environments allow is known at its grant, and with each grant anew. */
  readonly asked?: Terms;
  readonly ticketTtl: Micros;
  readonly claimTimeout: Micros;
  readonly queueTimeout?: Micros;
  /** HELD: when it expires. OFFERED: when it is passed over. QUEUED: when it times out. Absent: never by itself. */
  readonly deadline?: Micros;
  /** The revision of its latest grant. */
  readonly fencingToken?: Revision;
  /** It has had its grace of a start, and was not renewed since. */
  readonly graced: boolean;
  /** QUEUED, and was offered slots that it did not claim in time: it is offered nothing before its next sign of life. */
  readonly passedOver?: boolean;
  /** An answer that told of this grant was written, and lost: somebody may use the slots, so they rest when it is passed over. */
  readonly told?: boolean;
  /** Asked for with if_busy FAIL: it waits only as long as a call for it is open. */
  readonly failing?: boolean;
  /** It is failing and has not been HELD: its end leaves nothing behind. */
  readonly transient?: boolean;
  /** Transient: how many calls wait for it, as far as is known. */
  readonly calls?: number;
  readonly requestId?: string;
  /** Of the normalised request: tells a retry from another request with the same id. */
  readonly fingerprint: string;
  /** Taken through /maybe: only such a lease is freed there. */
  readonly legacy: boolean;
  readonly revision: Revision;
}

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

/** When something ends by itself: a lease, or a rest or state of an environment. */
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
  readonly sites: Sorted<string, Site>;
  readonly leases: Sorted<string, Lease>;
  /** Request key to lease id. */
  readonly requests: Sorted<string, string>;
  /** Who waits for something by selector: a short list beside the lines of the environments. Who counts in positions weighs 1. */
  readonly selecting: Sorted<Rank, Placing>;
  readonly deadlines: Sorted<Deadline, true>;
  /** Environments that may be forgotten, the one that has been idle for longest first. */
  readonly idle: Sorted<Idle, true>;
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
const byIdle = (a: Idle, b: Idle): number => a.since - b.since || ascending(a.environment, b.environment);
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
    deadlines: Sorted.empty(byDeadline),
    idle: Sorted.empty(byIdle),
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
    ready: Sorted.empty<Rank, SlotClaim>(byRank, ({ slots }) => slots),
  };
}

/** Under what a request_id is found again: unique to principal and pool. */
export function requestKey(principal: string, pool: string, requestId: string): string {
  return JSON.stringify([principal, pool, requestId]);
}
