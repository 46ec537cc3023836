/** What is done with an existing lease. Guards first, in a fixed order; then the change. */
import { strictest } from "./acquire.ts";
import type { Caller, Done, ForceRelease, HangUp, Refusal, Release, ReleaseByEnvironment, ReleaseLegacy, Renew } from "./command.ts";
import type { Draft } from "./draft.ts";
import { end, hold, offer } from "./lease.ts";
import { isGranted, leaseOf, siteOf } from "./ledger.ts";
import { limits } from "./limits.ts";
import type { Lease, Site } from "./model.ts";
import { noEnvironment } from "./refusal.ts";

export function release(draft: Draft, command: Release): Done | Refusal {
  const lease = draft.lease(command.lease);
  if (lease === undefined) return noLease(command.lease);
  if (!owns(command.by, lease)) return notYours(lease);
  if (lease.state === "ENDED") return { ok: true, lease, alreadyEnded: true };
  return { ok: true, lease: giveBack(draft, lease, command), alreadyEnded: false };
}

export function releaseByEnvironment(draft: Draft, command: ReleaseByEnvironment): Done | Refusal {
  const site = draft.pool.sites.get(command.environment);
  if (site === undefined) return noEnvironment(command.environment, draft.pool.sites.keys());
  const held = occupantsOf(draft, site);
  const own = held.filter((lease) => owns(command.by, lease));
  const [lease, ...others] = own;
  if (lease === undefined) return held[0] === undefined ? nothingHeld(command.environment) : notYours(held[0]);
  if (others.length > 0) return severalHeld(command.environment, own);
  return { ok: true, lease: giveBack(draft, lease, command), alreadyEnded: false };
}

/** Frees what a POST /maybe locked; answers without a lease when nothing is locked at all. */
export function releaseLegacy(draft: Draft, command: ReleaseLegacy): Done | Refusal {
  const site = draft.pool.sites.get(command.environment);
  const held = site === undefined ? [] : occupantsOf(draft, site);
  const lease = held.find((candidate) => candidate.legacy);
  if (lease !== undefined) return { ok: true, lease: end(draft, lease, "RELEASED") };
  return held[0] === undefined ? { ok: true } : notYours(held[0]);
}

function giveBack(draft: Draft, lease: Lease, command: Pick<Release, "outcome" | "note">): Lease {
  if (!isGranted(lease)) return end(draft, lease, "WITHDRAWN", command.note);
  const ended = end(draft, lease, "RELEASED", command.note);
  if (command.outcome === "BROKEN")
    for (const need of lease.needs) takeOut(draft, siteOf(draft.pool, need.environment), lease, command.note);
  return ended;
}

function takeOut(draft: Draft, site: Site, lease: Lease, note: string): void {
  const { stateUntil: _, ...environment } = site.environment;
  const who = lease.holder.runUrl || lease.holder.name || lease.principal;
  const stateReason = `broken, says ${who}${note === "" ? "" : `: ${note}`}`.slice(0, limits.text);
  draft.putEnvironment({ ...environment, state: "MAINTENANCE", stateReason }, true);
}

/** Rule 5: it only ever extends, and never past max_hold. */
export function renew(draft: Draft, command: Renew): Done | Refusal {
  const lease = draft.lease(command.lease);
  if (lease === undefined) return noLease(command.lease);
  if (!owns(command.by, lease)) return notYours(lease);
  if (lease.state === "ENDED") return leaseEnded(lease);
  const ttl = command.ttl === undefined ? lease.ttl : clampTtl(draft, lease, command.ttl);
  const changed = ttl === undefined ? lease : { ...lease, ttl };
  if (lease.state === "OFFERED") return { ok: true, lease: hold(draft, changed) };
  if (lease.state === "QUEUED") return { ok: true, lease: ttl === lease.ttl ? lease : draft.putLease(changed) };
  if (lease.deadline === undefined || ttl === undefined) return { ok: true, lease };
  const latest = lease.maxHold === undefined ? Number.POSITIVE_INFINITY : (lease.grantedAt ?? draft.at) + lease.maxHold;
  const deadline = Math.max(lease.deadline, Math.min(draft.at + ttl, latest));
  return { ok: true, lease: draft.putLease({ ...changed, deadline, graced: false }) };
}

function clampTtl(draft: Draft, lease: Lease, ttl: number): number {
  const configs = lease.needs.map((need) => siteOf(draft.pool, need.environment).environment.config);
  return Math.min(ttl, strictest(configs, "maxTtl", limits.maxTtl), lease.maxHold ?? limits.maxTtl);
}

/** An offer becomes a hold; anything else stays as it is. */
export function claim(draft: Draft, id: string): Done | Refusal {
  const lease = draft.lease(id);
  if (lease === undefined) return noLease(id);
  return { ok: true, lease: lease.state === "OFFERED" ? hold(draft, lease) : lease };
}

/** Ends waiters; one that has been offered its slots in the meantime has its claim_timeout instead. */
export function abandon(draft: Draft, ids: readonly string[]): void {
  for (const id of ids) {
    const lease = draft.pool.leases.get(id);
    if (lease?.state === "QUEUED") end(draft, lease, "ABANDONED", "no sign of life for its ticket_ttl");
  }
}

/** Rules 3 and 4: with a request_id its caller may come back; without one nobody can. */
export function hangUp(draft: Draft, command: HangUp): Done | Refusal {
  const lease = draft.lease(command.lease);
  if (lease === undefined) return noLease(command.lease);
  if (lease.state === "ENDED") return { ok: true, lease };
  if (lease.requestId === undefined) return { ok: true, lease: end(draft, lease, "WITHDRAWN", "its caller went away") };
  return { ok: true, lease: lease.state === "HELD" ? offer(draft, lease) : lease };
}

export function forceRelease(draft: Draft, command: ForceRelease): Done | Refusal {
  const lease = draft.lease(command.lease);
  if (lease === undefined) return noLease(command.lease);
  if (lease.state === "ENDED") return { ok: true, lease, alreadyEnded: true };
  const note = `${command.reason} (by ${command.by.principal})`;
  return { ok: true, lease: end(draft, lease, "FORCE_RELEASED", note), alreadyEnded: false };
}

function owns(by: Caller, lease: Lease): boolean {
  return by.lease === undefined ? by.principal === lease.principal : by.lease === lease.id;
}

function occupantsOf(draft: Draft, site: Site): Lease[] {
  return [...site.occupants.values()].map((id) => leaseOf(draft.pool, id));
}

function noLease(id: string): Refusal {
  return { ok: false, reason: "LEASE_NOT_FOUND", field: "lease_id", message: `there is no lease ${JSON.stringify(id)}` };
}

function notYours(lease: Lease): Refusal {
  const who = lease.holder.name || lease.principal;
  return {
    ok: false,
    reason: "NOT_YOURS",
    message: `lease ${lease.id} is held by ${who}, not by this caller; ask them, or end it with ForceRelease`,
    metadata: { lease_id: lease.id, holder: who },
  };
}

function nothingHeld(environment: string): Refusal {
  return {
    ok: false,
    reason: "NOTHING_HELD",
    field: "environment",
    message: `nobody holds ${JSON.stringify(environment)}; it may have expired, or been released already`,
    metadata: { environment },
  };
}

function severalHeld(environment: string, own: readonly Lease[]): Refusal {
  const ids = own.map((lease) => lease.id).join(", ");
  return {
    ok: false,
    reason: "SEVERAL_HELD",
    field: "environment",
    message: `this caller holds ${own.length} leases on ${JSON.stringify(environment)}; release one by lease_id: ${ids}`,
    metadata: { lease_ids: ids },
  };
}

function leaseEnded(lease: Lease): Refusal {
  return {
    ok: false,
    reason: "LEASE_ENDED",
    message: `lease ${lease.id} has ended: ${lease.endReason}${lease.endNote === "" ? "" : ` (${lease.endNote})`}; acquire a new one`,
    metadata: { lease_id: lease.id, end_reason: lease.endReason ?? "" },
  };
}
