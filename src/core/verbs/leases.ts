/** What is done with an existing lease. Guards first, in a fixed order; then the change. */

import type { Caller } from "../access/caller.ts";
import type { Done, ForceRelease, HangUp, Refusal, Release, ReleaseByEnvironment, ReleaseLegacy, Renew } from "../command.ts";
import type { Draft } from "../draft.ts";
import { isGranted, latestEnd, leaseOf } from "../ledger.ts";
import { limits } from "../limits.ts";
import { type Lease, requestKey, whoOf } from "../model/lease.ts";
import { isOn } from "../model/needs.ts";
import type { Site } from "../model/pool.ts";
import { livesBySigns } from "../model/reservation.ts";
import { tell } from "./facts.ts";
import { attend, end, heldUntil, hold, offer } from "./moves.ts";
import { noEnvironment } from "./refusal.ts";
import { misplaced, withEnd } from "./reserving.ts";
import { stop } from "./superseding.ts";
import { withTtl } from "./terms.ts";

export function release(draft: Draft, command: Release): Done | Refusal {
  const lease = draft.lease(command.lease);
  if (lease === undefined) return noLease(command.lease);
  if (!owns(command.by, lease)) return notYours(lease);
  if (lease.state === "ENDED") return { ok: true, lease, alreadyEnded: true };
  return { ok: true, lease: giveBack(draft, lease, command), alreadyEnded: false };
}

/**
 * Rule 7: by environment it ends only what the caller must mean. With a request_id that is its lease. A lease_token means its own lease.
 * Without either it is a granted lease that was asked for without anything to prove it by: no request_id, no holder's name or run_url.
 */
export function releaseByEnvironment(draft: Draft, command: ReleaseByEnvironment): Done | Refusal {
  const { by, environment, requestId } = command;
  const site = draft.pool.sites.get(environment);
  // Its lease may have ended, and the environment been forgotten.
  if (requestId !== undefined) return releaseRequested(draft, command, requestId);
  if (site === undefined) return by.lease === undefined ? noEnvironment(environment) : notOnIt(by.lease, environment);
  const own = occupantsOf(draft, site).filter((lease) => owns(by, lease));
  const meant = by.lease === undefined ? own.filter(isAnonymous) : ofToken(draft, by.lease, environment);
  const [lease, ...others] = meant;
  if (others.length > 0) return severalHeld(environment, meant);
  if (lease !== undefined) return { ok: true, lease: giveBack(draft, lease, command), alreadyEnded: false };
  if (own[0] !== undefined) return nameTheLease(environment, own);
  if (by.lease !== undefined) return notOnIt(by.lease, environment);
  const first = site.occupants.first()?.[1];
  return first === undefined ? nothingHeld(environment) : notYours(leaseOf(draft.pool, first));
}

/** The live lease of a token, if it is on that environment; waiting, too. */
function ofToken(draft: Draft, id: string, environment: string): Lease[] {
  const lease = draft.pool.leases.get(id);
  return lease !== undefined && isOn(lease, environment) ? [lease] : [];
}

/** The caller's lease of a request_id, if it is on that environment. */
function releaseRequested(draft: Draft, command: ReleaseByEnvironment, requestId: string): Done | Refusal {
  const { by, environment } = command;
  const lease = draft.leaseOfRequest(requestKey(draft.identity(by).principal, draft.pool.name, requestId));
  if (lease === undefined || !isOn(lease, environment)) return nothingHeld(environment, requestId);
  if (!owns(by, lease)) return notYours(lease);
  if (lease.state === "ENDED") return { ok: true, lease, alreadyEnded: true };
  return { ok: true, lease: giveBack(draft, lease, command), alreadyEnded: false };
}

/** Frees what a POST /maybe of this caller locked; answers without a lease when nothing is locked at all. */
export function releaseLegacy(draft: Draft, command: ReleaseLegacy): Done | Refusal {
  const site = draft.pool.sites.get(command.environment);
  const held = site === undefined ? [] : occupantsOf(draft, site);
  const lease = held.find((candidate) => candidate.legacy && owns(command.by, candidate));
  if (lease !== undefined) return { ok: true, lease: end(draft, lease, { reason: "RELEASED", by: draft.identity(command.by) }) };
  return held[0] === undefined ? { ok: true } : notYours(held[0]);
}

function giveBack(draft: Draft, lease: Lease, { by: caller, outcome, note, facts }: Omit<Release, "type" | "lease">): Lease {
  const by = draft.identity(caller);
  // Its end is the event that tells them.
  if (facts !== undefined && lease.state === "HELD") tell(draft, lease, facts, false);
  if (!isGranted(lease)) return end(draft, lease, { reason: "WITHDRAWN", note, by });
  return end(draft, lease, { reason: "RELEASED", note, by, outcome });
}

/** Rule 5: it only ever extends, and never past max_hold. */
export function renew(draft: Draft, command: Renew): Done | Refusal {
  const lease = draft.lease(command.lease);
  if (lease === undefined) return noLease(command.lease);
  if (!owns(command.by, lease)) return notYours(lease);
  if (lease.state === "ENDED") return leaseEnded(lease);
  const { notAfter } = command;
  const refusal = notAfter === undefined ? undefined : misplaced(draft, { ...lease, notAfter });
  if (refusal !== undefined) return refusal;
  const changed = withEnd(withTtl(draft.pool, lease, command.ttl), notAfter);
  // A new not_after is told by itself.
  if (lease.state === "OFFERED")
    return { ok: true, lease: hold(draft, changed.notAfter === lease.notAfter ? changed : draft.putLease(changed)) };
  if (lease.state === "QUEUED") return { ok: true, lease: attend(draft, changed === lease ? lease : draft.putLease(changed)) };
  if (changed === lease && lease.ttl === undefined) return { ok: true, lease };
  const latest = latestEnd(changed) ?? Number.POSITIVE_INFINITY;
  // A ttl was promised to somebody who works by it, whatever becomes of not_after.
  const promised = lease.ttl === undefined ? 0 : (lease.deadline ?? 0);
  const deadline = Math.max(promised, heldUntil(draft, changed));
  // What is left beyond its max_hold it owes to the grace of a start, and another start gives it no more.
  return { ok: true, lease: draft.putLease({ ...changed, deadline, graced: deadline > latest }) };
}

/** An offer becomes a hold, who was passed over can be served again; anything else stays as it is. */
export function claim(draft: Draft, id: string): Done | Refusal {
  const lease = draft.lease(id);
  if (lease === undefined) return noLease(id);
  return { ok: true, lease: attend(draft, lease) };
}

/** Ends waiters; one that has been offered its slots in the meantime has its claim_timeout instead. */
export function abandon(draft: Draft, ids: readonly string[]): void {
  for (const id of ids) {
    const lease = draft.pool.leases.get(id);
    if (lease !== undefined && livesBySigns(lease)) end(draft, lease, { reason: "ABANDONED", note: "no sign of life for its ticket_ttl" });
  }
}

/** Rules 3 and 4: with a request_id its caller may come back; without one, or when it only waits as long as its call, nobody can. */
export function hangUp(draft: Draft, command: HangUp): Done | Refusal {
  const lease = draft.lease(command.lease);
  if (lease === undefined) return noLease(command.lease);
  if (lease.state === "ENDED") return { ok: true, lease };
  if (lease.requestId !== undefined && lease.transient !== true) {
    // It is held without anybody: that is what it was asked for.
    if (lease.autoClaim === true && lease.failing !== true) return { ok: true, lease };
    // Renewed or claimed since: somebody is there.
    if (lease.state !== "HELD" || lease.revision !== command.revision) return { ok: true, lease };
    // Its holder was to stop: it is offered to nobody any more.
    if (lease.cancelRequested !== undefined) return { ok: true, lease: stop(draft, lease) };
    return { ok: true, lease: offer(draft, lease, undefined, command.written || lease.told === true) };
  }
  const unaware = command.written && lease.state === "HELD";
  return { ok: true, lease: end(draft, lease, { reason: "WITHDRAWN", note: "its caller went away", unaware }) };
}

/** A call no longer waits for a transient lease: with the last one it leaves the line. One that was granted in the meantime is held. */
export function giveUp(draft: Draft, id: string): Done | Refusal {
  const lease = draft.pool.leases.get(id);
  if (lease === undefined) return noLease(id);
  if (lease.state !== "QUEUED") return { ok: true, lease: attend(draft, lease) };
  const { transient, calls = 1 } = lease;
  if (transient !== true) return { ok: true, lease };
  if (calls > 1) return { ok: true, lease: draft.putLease({ ...lease, calls: calls - 1 }) };
  return { ok: true, lease: end(draft, lease, { reason: "TIMED_OUT", note: "its wait was over" }) };
}

export function forceRelease(draft: Draft, command: ForceRelease): Done | Refusal {
  const lease = draft.lease(command.lease);
  if (lease === undefined) return noLease(command.lease);
  if (lease.state === "ENDED") return { ok: true, lease, alreadyEnded: true };
  const by = draft.identity(command.by);
  return { ok: true, lease: end(draft, lease, { reason: "FORCE_RELEASED", note: command.reason, by }), alreadyEnded: false };
}

/** Whether a caller may act for a lease: with its token, or as its principal. */
export function owns(by: Caller, lease: Lease): boolean {
  return by.lease === lease.id || by.principal === lease.principal;
}

/** Asked for without anything that its caller could name it by. To give a name back never means the cleaner who has it now. */
function isAnonymous(lease: Lease): boolean {
  return lease.cleaning !== true && lease.requestId === undefined && lease.holder.name === "" && lease.holder.runUrl === "";
}

function occupantsOf(draft: Draft, site: Site): Lease[] {
  return [...site.occupants.values()].map((id) => leaseOf(draft.pool, id));
}

function noLease(id: string): Refusal {
  return { ok: false, reason: "LEASE_NOT_FOUND", field: "lease_id", message: `there is no lease ${JSON.stringify(id)}` };
}

function notYours(lease: Lease): Refusal {
  const who = whoOf(lease);
  return {
    ok: false,
    reason: "NOT_YOURS",
    message: `lease ${lease.id} belongs to ${who}, not to this caller; ask them, or end it with ForceRelease`,
    metadata: { lease_id: lease.id, holder: who },
  };
}

/** What the bearer of a lease_token is told of any other environment, whether there is one, and whoever has it. */
function notOnIt(lease: string, environment: string): Refusal {
  const message = `lease ${lease}, whose lease_token this is, is not on ${JSON.stringify(environment)}, or has ended; a lease_token gives back nothing else`;
  return { ok: false, reason: "NOT_YOURS", message, metadata: { lease_id: lease } };
}

function nothingHeld(environment: string, requestId?: string): Refusal {
  const what = requestId === undefined ? "nobody holds" : `no lease of request_id ${JSON.stringify(requestId)} is on`;
  return {
    ok: false,
    reason: "NOTHING_HELD",
    field: requestId === undefined ? "environment" : "request_id",
    message: `${what} ${JSON.stringify(environment)}; it may have expired, or been released already`,
    metadata: { environment },
  };
}

function nameTheLease(environment: string, own: readonly Lease[]): Refusal {
  const [first] = own;
  const who = first === undefined ? "" : whoOf(first);
  const how = first?.state === "OFFERED" ? "offered to" : "held for";
  const ids = own.slice(0, limits.named).map((lease) => lease.id);
  return {
    ok: false,
    reason: "NAME_THE_LEASE",
    field: "environment",
    message: `${JSON.stringify(environment)} is ${how} ${JSON.stringify(who)}; a name alone could end somebody else's work: release it by lease_id (${ids.join(", ")}), or with the request_id that it was asked for with`,
    metadata: { environment, holder: who, lease_ids: ids.join(", ") },
  };
}

function severalHeld(environment: string, own: readonly Lease[]): Refusal {
  const ids = own
    .slice(0, limits.named)
    .map((lease) => lease.id)
    .join(", ");
  return {
    ok: false,
    reason: "SEVERAL_HELD",
    field: "environment",
    message: `this caller holds ${own.length} leases on ${JSON.stringify(environment)}; release one by lease_id: ${ids}`,
    metadata: { lease_ids: ids },
  };
}

/** The refusal of what only a live lease can have done to it. */
export function leaseEnded({ id, endReason, endNote, endedBy }: Lease): Refusal {
  const other = endedBy === undefined || endedBy.lease === id ? "" : ` by ${endedBy.principal}`;
  return {
    ok: false,
    reason: "LEASE_ENDED",
    message: `lease ${id} has ended: ${endReason}${other}${endNote === "" ? "" : ` (${endNote})`}; acquire a new one`,
    metadata: {
      lease_id: id,
      end_reason: endReason ?? "",
      ...(endedBy && { ended_by: endedBy.principal, ended_by_lease: endedBy.lease ?? "" }),
    },
  };
}
