import type { EnvironmentState, Facts, Labels, LastUse } from "./model/environment.ts";
import type { CancelRequest, EndedBy, EndReason, Holder, LeaseState } from "./model/lease.ts";
import type { Micros, Revision } from "./model/units.ts";

/** A lease as others see it. */
export interface Occupant {
  readonly leaseId: string;
  readonly holder: Holder;
  readonly principal: string;
  /** Who that is, in words; nothing is decided by it. */
  readonly principalLabel?: string;
  readonly state: LeaseState;
  readonly since: Micros;
  /** When it ends unless renewed; OFFERED: when it is passed over; QUEUED: when it times out. */
  readonly until?: Micros;
  /** When it ends at the latest, however often it is renewed. */
  readonly latestEnd?: Micros;
  readonly reason: string;
  /** It cleans the environment. */
  readonly cleaning?: boolean;
  /** It has reserved for later: it stands in no line before. */
  readonly notBefore?: Micros;
  /** Its holder is asked to stop. */
  readonly cancelRequested?: CancelRequest;
}

/** A lease that will enter the line of an environment. */
export interface Reservation {
  readonly at: Micros;
  readonly leaseId: string;
  readonly holder: Holder;
  readonly reason: string;
  /** When it ends at the latest. */
  readonly until?: Micros;
}

/** An environment as a caller who wants it sees it. */
export interface EnvironmentStatus {
  readonly name: string;
  readonly pool: string;
  readonly state: EnvironmentState;
  readonly stateReason: string;
  /** When it becomes available by itself. */
  readonly stateUntil?: Micros;
  /** What selectors go by. Absent: made on demand, and so never selected. */
  readonly labels?: Labels;
  readonly capacity: number;
  readonly used: number;
  readonly resting: number;
  readonly queueLength: number;
  readonly available: boolean;
  readonly holders: readonly Occupant[];
  /** The first of those who wait for it, by name or by a selector that it would do for, and were not passed over. */
  readonly next?: Occupant;
  /** The first that has reserved it by name for later. */
  readonly nextReservation?: Reservation;
  /** The rest that ends first. */
  readonly rest?: { readonly until: Micros; readonly from?: LastUse };
  /** What holders have told of it. */
  readonly facts?: Facts;
  /** It is gone; this is the last that is told of it. */
  readonly deleted?: boolean;
  /** For who follows a selection: it is not in it any more. */
  readonly left?: boolean;
}

/**
 * What an event is, in the history. A lease's end is called by its reason. TAKEN_BACK: of a hold or an offer whose answer was lost, or that
 * a start had to offer anew. CLEANING: the grant of a lease that cleans. CANCEL_REQUESTED: a holder is asked to stop; EXTENDED: its not_after
 * was set anew; the state of both is as it was. REFUSED: somebody asked for what was not theirs to do. ACCESS_CHANGED: rules were read.
 */
export type EventKind =
  | "RESERVED"
  | "QUEUED"
  | "OFFERED"
  | "GRANTED"
  | "CLEANING"
  | "PASSED_OVER"
  | "TAKEN_BACK"
  | "CANCEL_REQUESTED"
  | EndReason
  | "ENVIRONMENT_CREATED"
  | "ENVIRONMENT_CHANGED"
  | "ENVIRONMENT_DELETED"
  | "STATE_CHANGED"
  | "FACTS_CHANGED"
  | "KEY_CREATED"
  | "KEY_ROTATED"
  | "KEY_REVOKED"
  | "REFUSED"
  | "POOL_CHANGED"
  | "EXTENDED"
  | "ACCESS_CHANGED";

/** What made an event; none when an environment's configuration, state or facts changed. */
export interface Cause {
  readonly leaseId: string;
  readonly state: LeaseState;
  readonly endReason?: EndReason;
  readonly holder: Holder;
  /** The rest is for the history alone. Rows that are older than it lack it. */
  readonly principal?: string;
  readonly principalLabel?: string;
  /** What the lease is wanted for; of its end, the note; CANCEL_REQUESTED: why. */
  readonly reason?: string;
  /** Since when it waits, or waited. */
  readonly createdAt?: Micros;
  /** When it was granted, of a lease that is or was HELD, and does not clean. */
  readonly grantedAt?: Micros;
  /** On each of the event's environments; absent where it is one everywhere. */
  readonly slots?: readonly number[];
  /** Where who asked for it is to be told of it: a URL, which nobody is shown. */
  readonly notify?: string;
}

/** A change for people to see: who moved, and the full state of each environment concerned after it. Renewals make none. */
export interface Event {
  readonly revision: Revision;
  readonly at: Micros;
  readonly pool: string;
  readonly environments: readonly EnvironmentStatus[];
  readonly cause?: Cause;
  /** Absent: nothing that the history keeps, such as the end of a rest. */
  readonly kind?: EventKind;
  /** Who asked for a lease, in its first event; who ended or extended it, asks its holder to stop, or changed something. Absent: by itself. */
  readonly by?: EndedBy;
  /** ENVIRONMENT_CHANGED, POOL_CHANGED: the fields that differ, and the capacity before, if that does. */
  readonly fields?: readonly string[];
  readonly capacityBefore?: number;
  /** The labels before, if they differ, for who goes by them. */
  readonly labelsBefore?: Labels;
  /** STATE_CHANGED to MAINTENANCE: whether its holder has called it broken; absent in rows that are older than this field. */
  readonly broken?: boolean;
  /** What it is about, where that is no environment and no lease: a key's id, a method, a pool. */
  readonly subject?: string;
  /** EXTENDED: the new one. */
  readonly notAfter?: Micros;
  /** REFUSED: what the request named, as far as it did. */
  readonly named?: { readonly environment?: string; readonly lease?: string };
  /** Why, or what of it, where nothing else says so. */
  readonly note?: string;
}
