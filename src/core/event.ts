import type { EnvironmentState, LastUse } from "./model/environment.ts";
import type { EndReason, Holder, LeaseState } from "./model/lease.ts";
import type { Micros, Revision } from "./model/units.ts";

/** A lease as others see it. */
export interface Occupant {
  readonly leaseId: string;
  readonly holder: Holder;
  readonly principal: string;
  readonly state: LeaseState;
  readonly since: Micros;
  /** When it ends unless renewed; OFFERED: when it is passed over; QUEUED: when it times out. */
  readonly until?: Micros;
  /** When it ends at the latest, however often it is renewed. */
  readonly latestEnd?: Micros;
  readonly reason: string;
}

/** An environment as a caller who wants it sees it. */
export interface EnvironmentStatus {
  readonly name: string;
  readonly pool: string;
  readonly state: EnvironmentState;
  readonly stateReason: string;
  /** When it becomes available by itself. */
  readonly stateUntil?: Micros;
  readonly capacity: number;
  readonly used: number;
  readonly resting: number;
  readonly queueLength: number;
  readonly available: boolean;
  readonly holders: readonly Occupant[];
  /** The first of those who wait for it, by name or by a selector that it would do for, and were not passed over. */
  readonly next?: Occupant;
  /** The rest that ends first. */
  readonly rest?: { readonly until: Micros; readonly from?: LastUse };
  /** It is gone; this is the last that is told of it. */
  readonly deleted?: boolean;
}

/** What made an event; none when an environment's configuration or state changed. */
export interface Cause {
  readonly leaseId: string;
  readonly state: LeaseState;
  readonly endReason?: EndReason;
  readonly holder: Holder;
}

/** A change for people to see: who moved, and the full state of each environment concerned after it. Renewals make none. */
export interface Event {
  readonly revision: Revision;
  readonly at: Micros;
  readonly pool: string;
  readonly environments: readonly EnvironmentStatus[];
  readonly cause?: Cause;
}
