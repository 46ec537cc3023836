/** The life of a lease: the moves that every verb is made of. */

import type { Outcome } from "../command.ts";
import type { Draft } from "../draft.ts";
import { isGranted, latestEnd, type Rests } from "../ledger.ts";
import { limits } from "../limits.ts";
import { servingOf } from "../line/placing.ts";
import type { EndedBy, EndReason, Lease } from "../model/lease.ts";
import { bare, isSelecting, mapParts, sitesOf } from "../model/needs.ts";
import { timesOutAt } from "../model/reservation.ts";
import { pickSlots, siteOf } from "../model/site.ts";
import type { Micros } from "../model/units.ts";
import { leaveBehind } from "./aftermath.ts";
import { unsatisfiable } from "./busy.ts";
import { termsOf } from "./terms.ts";

/** Gives a lease its slots: HELD when its caller is there, OFFERED when it comes out of the line. Its revision is its fencing token. */
export function grant(draft: Draft, lease: Lease, state: "HELD" | "OFFERED"): Lease {
  const token = draft.next();
  const wanted = isSelecting(lease) ? (servingOf(draft.pool, lease) ?? lease.needs) : lease.needs;
  const parts = sitesOf(draft.pool, { needs: wanted });
  const needs = mapParts(wanted, (part) => ({ ...part, indexes: pickSlots(siteOf(draft.pool, part.environment), part.slots) }));
  for (const { site } of parts) draft.putEnvironment({ ...site.environment, fence: token }, false, token);
  const { autoClaim = false } = lease;
  const terms = lease.asked === undefined ? {} : termsOf(draft.pool, { ...lease.asked, needs, legacy: lease.legacy, autoClaim });
  // One that never waited has its place in line, should it ever come to wait, from its grant.
  const sequence = Math.min(lease.sequence, token);
  const granted: Lease = { ...lease, ...terms, sequence, needs, grantedAt: draft.at, fencingToken: token, graced: false };
  return state === "HELD" ? hold(draft, granted, token) : offer(draft, granted, token);
}

/** Starts the ttl: the holder is there. Nothing but the grace of a start outlives granted_at + max_hold (rule 5). */
export function hold(draft: Draft, lease: Lease, revision?: number): Lease {
  const { deadline: offered = 0, transient: _, calls: __, ...rest } = lease;
  const latest = latestEnd(lease) ?? Number.POSITIVE_INFINITY;
  const until = Math.max(heldUntil(draft, lease), lease.graced ? offered : 0);
  const ends = until < Number.POSITIVE_INFINITY;
  const held: Lease = { ...rest, ...(ends && { deadline: until }), state: "HELD", heldAt: draft.at, graced: ends && until > latest };
  return draft.putLease(held, { revision });
}

/** When a lease expires that is renewed now; never, if it is infinite. One without a ttl is held until its latest end. */
export function heldUntil(draft: Draft, lease: Lease): Micros {
  return Math.min(draft.at + (lease.ttl ?? Number.POSITIVE_INFINITY), latestEnd(lease) ?? Number.POSITIVE_INFINITY);
}

/**
 * Keeps the slots for a holder who has yet to show up. `told`: an answer that said HELD was written. What a hold had left of the grace of a
 * start it keeps as an offer.
 */
export function offer(draft: Draft, lease: Lease, revision?: number, told = false): Lease {
  const { heldAt: _, deadline: held = 0, ...rest } = lease;
  const patience = draft.at < draft.pool.patientUntil ? limits.claimTimeout.afterStart : 0;
  const until = draft.at + Math.max(lease.claimTimeout, patience);
  const latest = latestEnd(lease) ?? until;
  const deadline = Math.min(until, lease.graced ? Math.max(latest, held) : latest);
  return draft.putLease({ ...rest, ...(told && { told }), state: "OFFERED", deadline, graced: deadline > latest }, { revision });
}

/**
 * Takes an offer back that nobody has claimed: the lease waits in its old place, and is offered nothing before its next sign of life. One
 * that was asked for with FAIL has no place to go back to.
 */
export function passOver(draft: Draft, lease: Lease): Lease {
  if (lease.failing === true) return end(draft, lease, { reason: "WITHDRAWN", note: "it was not claimed, and with FAIL it does not wait" });
  return comeBack(draft, lease, { ...waiting(lease), passedOver: true }, lease.told === true);
}

/** Takes an offer back while its holder can still come for it: it waits in its old place, and is served as before. */
export function requeue(draft: Draft, lease: Lease): Lease {
  return comeBack(draft, lease, waiting(lease), false);
}

/**
 * Puts `after` into the line in place of the offer; `used`: its slots may be in use. The configuration may have changed since, so that nothing
 * can serve it any more.
 */
function comeBack(draft: Draft, lease: Lease, after: Lease, used: boolean): Lease {
  const impossible = unsatisfiable(draft.pool, after.needs);
  if (impossible !== undefined) return end(draft, lease, { reason: "UNSATISFIABLE", note: impossible });
  if (!used) return draft.putLease(after);
  leaveBehind(draft, lease, { reason: "WITHDRAWN", unaware: true });
  return draft.putLease(after, { rest: restingTimes(draft, lease, "EXPIRED") });
}

/** The lease in its place in line, without its grant. */
function waiting(lease: Lease): Lease {
  const { deadline: _, grantedAt: __, fencingToken: ___, told: ____, ...rest } = lease;
  const needs = bare(lease.needs);
  const deadline = timesOutAt(lease);
  return { ...rest, ...(deadline !== undefined && { deadline }), needs, state: "QUEUED", graced: false };
}

/** A sign of life: an offer becomes a hold, and who was passed over can be served again. */
export function attend(draft: Draft, lease: Lease): Lease {
  if (lease.state === "OFFERED") return hold(draft, lease);
  if (lease.passedOver !== true) return lease;
  const { passedOver: _, ...back } = lease;
  return draft.putLease(back);
}

/** What the record says of an end. */
export interface Ending {
  readonly reason: EndReason;
  readonly note?: string;
  readonly by?: EndedBy | undefined;
  /** Its holder may not know of the end. */
  readonly unaware?: boolean;
  /** How it went, says who gives it back. */
  readonly outcome?: Outcome;
  readonly supersededBy?: string;
}

/**
 * Ends a live lease. Slots that it held rest as their environments say (rule 6): as after an expiry where its holder may not know of the end.
 * So do those of a lease whose answer, which said HELD, was lost, unless it is RELEASED.
 */
export function end(draft: Draft, lease: Lease, ending: Ending): Lease {
  const { reason, note = "", by, outcome, supersededBy } = ending;
  const unaware = ending.unaware === true || (lease.told === true && reason !== "RELEASED");
  if (isGranted(lease)) leaveBehind(draft, lease, { reason, outcome, note, unaware });
  const rest = isGranted(lease) ? restingTimes(draft, lease, unaware ? "EXPIRED" : reason) : undefined;
  const { deadline: _, passedOver: __, early: ___, ...row } = lease;
  const heir = supersededBy === undefined ? {} : { supersededBy };
  const after: Lease = { ...row, ...heir, ...(by && { endedBy: by }), state: "ENDED", endReason: reason, endNote: note, endedAt: draft.at };
  return draft.putLease(after, { rest });
}

/** Until when the slots of a lease rest, by environment; none where they don't. */
function restingTimes(draft: Draft, lease: Lease, reason: EndReason): Rests {
  const pauses = sitesOf(draft.pool, lease).map(({ name, site }): [string, Micros] => {
    const { lockDelay, cooldown } = site.environment.config;
    // To clean it is no use of it.
    return [name, restAfter(reason, lockDelay, lease.cleaning === true ? 0 : cooldown)];
  });
  return new Map(pauses.filter(([, pause]) => pause > 0).map(([name, pause]) => [name, draft.at + pause]));
}

/** How long a slot rests. A lock_delay gives the old holder time to notice; who gave the slot back needs none. */
function restAfter(reason: EndReason, lockDelay: Micros = limits.lockDelay.default, cooldown: Micros = 0): Micros {
  if (reason === "EXPIRED" || reason === "FORCE_RELEASED") return Math.max(lockDelay, cooldown);
  return reason === "RELEASED" ? cooldown : 0;
}
