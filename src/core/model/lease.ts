import type { Selector } from "./selector.ts";
import type { Micros, Revision } from "./units.ts";

export type LeaseState = "QUEUED" | "OFFERED" | "HELD" | "ENDED";

export type EndReason =
  | "RELEASED"
  | "EXPIRED"
  | "WITHDRAWN"
  | "ABANDONED"
  | "TIMED_OUT"
  | "SUPERSEDED"
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
  /** The fields of these whose values a token has proven; absent: none. */
  readonly proven?: readonly string[];
}

/** Who did something: a principal, and the lease whose token was shown, if one was; SUPERSEDED: the newer lease. */
export interface EndedBy {
  readonly principal: string;
  /** In words; nothing is decided by it. */
  readonly principalLabel?: string;
  readonly lease?: string;
  /** Who that lease is for. */
  readonly holder?: Holder;
  /** From where it called, and what a token has proven of it: on the record, and not in leases. */
  readonly address?: string;
  readonly claims?: Readonly<Record<string, string>>;
}

/** A holder is asked to stop; see verbs/superseding.ts. */
export interface CancelRequest {
  readonly by: EndedBy;
  /** In words. */
  readonly reason: string;
  /** By when. */
  readonly deadline: Micros;
  /** No Renew goes beyond this: the deadline, or what the lease was promised before, if that is later. */
  readonly until: Micros;
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
  /** Only environments whose name one of these globs fits: who asks may use no others. Absent: all of the pool. */
  readonly only?: readonly string[];
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

/** The terms as they were asked for, and the longest that the caller may hold anything. */
export interface Asked extends Terms {
  readonly longest?: Micros;
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
  /** Who that is, in words; nothing is decided by it. */
  readonly principalLabel?: string;
  /** What it counts against, while it is live. An empty name: what its principal may have; absent: nothing. */
  readonly quotas?: readonly string[];
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
  readonly asked?: Asked;
  readonly ticketTtl: Micros;
  readonly claimTimeout: Micros;
  readonly queueTimeout?: Micros;
  /** A reservation: when it enters the line; see model/reservation.ts. */
  readonly notBefore?: Micros;
  /** When it ends at the latest, granted or not. */
  readonly notAfter?: Micros;
  /** A grant is HELD at once, and while it waits it needs no signs of life. */
  readonly autoClaim?: boolean;
  /** QUEUED, and its not_before has not come: it is in the calendar, and in no line. */
  readonly early?: boolean;
  /** HELD: when it expires. OFFERED: when it is passed over. QUEUED: when it times out; early: when it enters the line. Absent: never by itself. */
  readonly deadline?: Micros;
  /** The revision of its latest grant. */
  readonly fencingToken?: Revision;
  /** It has had its grace of a start, and was not renewed since. */
  readonly graced: boolean;
  /** QUEUED, and was offered slots that it did not claim in time: it is offered nothing before its next sign of life. */
  readonly passedOver?: boolean;
  /** An answer that told of this grant was written, and lost: somebody may use the slots, so they rest at its end, unless it is RELEASED. */
  readonly told?: boolean;
  /** Asked for with if_busy FAIL: it waits only as long as a call for it is open. */
  readonly failing?: boolean;
  /** It is failing and has not been HELD: its end leaves nothing behind. */
  readonly transient?: boolean;
  /** Transient: how many calls wait for it, as far as is known. */
  readonly calls?: number;
  /** It was given to clean its environment, ahead of the line: it never waits. */
  readonly cleaning?: boolean;
  /** A newer request of its principal with this key takes its place. */
  readonly supersedeKey?: string;
  /** HELD: its holder is asked to stop, once and for all. */
  readonly cancelRequested?: CancelRequest;
  /** Where who asked for it is to be told of its grant and its end: a URL, which nobody is shown. */
  readonly notify?: string;
  /** SUPERSEDED: the lease that took its place. */
  readonly supersededBy?: string;
  readonly requestId?: string;
  /** Of the normalised request: tells a retry from another request with the same id. */
  readonly fingerprint: string;
  /** Taken through /maybe: only such a lease is freed there. */
  readonly legacy: boolean;
  readonly revision: Revision;
}

/** Under what a request_id is found again: unique to principal and pool. */
export function requestKey(principal: string, pool: string, requestId: string): string {
  return JSON.stringify([principal, pool, requestId]);
}

/** Who a lease is for, as people look for them: the name that they gave or, without one, the page of the run; else who asked. */
export function whoOf({ holder, principal, principalLabel }: Pick<Lease, "holder" | "principal" | "principalLabel">): string {
  return holder.name || holder.runUrl || principalLabel || principal;
}

/** The same, with the page of the run beside the name. */
export function whoInFull(lease: Pick<Lease, "holder" | "principal" | "principalLabel">): string {
  const { name, runUrl } = lease.holder;
  return name === "" || runUrl === "" ? whoOf(lease) : `${name} (${runUrl})`;
}
