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
}

/** An environment as it is stored: configuration, state, and what outlives its leases. */
export interface Environment {
  readonly config: EnvironmentConfig;
  readonly state: EnvironmentState;
  readonly stateReason: string;
  readonly stateUntil?: Micros;
  /** The highest fencing token ever granted on it. */
  readonly fence: Revision;
  readonly rests: readonly Rest[];
  readonly revision: Revision;
}

export type LeaseState = "QUEUED" | "OFFERED" | "HELD" | "ENDED";

export type EndReason =
  | "RELEASED"
  | "EXPIRED"
  | "WITHDRAWN"
  | "ABANDONED"
  | "LAPSED"
  | "TIMED_OUT"
  | "REFUSED"
  | "FORCE_RELEASED"
  | "UNSATISFIABLE";

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

/** One environment that a lease wants: `slots` of it. Once granted, `indexes` says which. */
export interface Need {
  readonly environment: string;
  readonly slots: number;
  readonly indexes: readonly number[];
}

/** One object from the moment someone asks until it has ended. Rows of the store; never changed in place. */
export interface Lease {
  readonly id: string;
  readonly pool: string;
  readonly state: LeaseState;
  readonly endReason?: EndReason;
  readonly endNote: string;
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
  readonly ttl?: Micros;
  readonly maxHold?: Micros;
  readonly ticketTtl: Micros;
  readonly claimTimeout: Micros;
  readonly queueTimeout?: Micros;
  /** HELD: when it expires. OFFERED: when it lapses. QUEUED: when it times out. Absent: never by itself. */
  readonly deadline?: Micros;
  /** The revision of its latest grant. */
  readonly fencingToken?: Revision;
  /** It has had its grace of a start, and was not renewed since. */
  readonly graced: boolean;
  readonly requestId?: string;
  /** Of the normalised request: tells a retry from another request with the same id. */
  readonly fingerprint: string;
  /** Taken through /maybe: only such a lease is freed there. */
  readonly legacy: boolean;
  readonly revision: Revision;
}

/** The fixed key of a place in line: time of arrival less priority, then sequence. */
export interface Rank {
  readonly time: Micros;
  readonly sequence: Revision;
}

/** One environment with who is on it and who waits for it. All but `environment` is derived from the leases. */
export interface Site {
  readonly environment: Environment;
  /** Slots held or offered: index to lease id. */
  readonly taken: Sorted<number, string>;
  /** Leases on it, by fencing token: oldest grant first. */
  readonly occupants: Sorted<Revision, string>;
  /** Everyone who waits for it. */
  readonly waiting: Sorted<Rank, string>;
  /** Those of them whom a free slot could serve: not stalled by an environment that is out of service. */
  readonly ready: Sorted<Rank, string>;
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
  readonly deadlines: Sorted<Deadline, true>;
  /** How many leases are QUEUED. */
  readonly waiters: number;
}

const byRank = (a: Rank, b: Rank): number => a.time - b.time || a.sequence - b.sequence;
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
    deadlines: Sorted.empty(byDeadline),
    waiters: 0,
  };
}

/** A site with nobody on it. */
export function emptySite(environment: Environment): Site {
  return {
    environment,
    taken: Sorted.empty(ascending),
    occupants: Sorted.empty(ascending),
    waiting: Sorted.empty(byRank),
    ready: Sorted.empty(byRank),
  };
}

/** Under what a request_id is found again: unique to principal and pool. */
export function requestKey(principal: string, pool: string, requestId: string): string {
  return JSON.stringify([principal, pool, requestId]);
}
