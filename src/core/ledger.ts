import type { Environment } from "./model/environment.ts";
import { relabelled } from "./model/labels.ts";
import { type Lease, type NamedNeed, requestKey } from "./model/lease.ts";
import { isJoint, isSelecting, partsOf } from "./model/needs.ts";
import { type Deadline, type Dirty, emptySite, type Placing, type Pool, type Rank, type Site } from "./model/pool.ts";
import { isReady, rankOf } from "./model/rank.ts";
import { bookingOf } from "./model/reservation.ts";
import { withSeeker } from "./model/seekers.ts";
import { deadlineOf, freeSlots, idleFrom, isCleanable, isIdle, isOutOfService, siteOf } from "./model/site.ts";
import { withSupersedable } from "./model/superseding.ts";
import type { Micros } from "./model/units.ts";

/** Until when slots of an environment rest that a lease gives up; an environment that is not named is free at once. */
export type Rests = ReadonlyMap<string, Micros>;

/** Whether it holds slots. */
export function isGranted(lease: Lease): boolean {
  return lease.state === "HELD" || lease.state === "OFFERED";
}

/** When a lease ends at the latest, however often it is renewed; before its grant its not_after. Undefined where nothing bounds it. */
export function latestEnd({ grantedAt, maxHold, notAfter = Number.POSITIVE_INFINITY, cancelRequested }: Lease): Micros | undefined {
  const spent = grantedAt === undefined || maxHold === undefined ? Number.POSITIVE_INFINITY : grantedAt + maxHold;
  const latest = Math.min(spent, notAfter, cancelRequested?.until ?? Number.POSITIVE_INFINITY);
  return latest === Number.POSITIVE_INFINITY ? undefined : latest;
}

/** A live lease that an index names. */
export function leaseOf(pool: Pool, id: string): Lease {
  const lease = pool.leases.get(id);
  if (lease === undefined) throw new Error(`invariant: pool ${pool.name} has no live lease ${id}`);
  return lease;
}

/** The pool with `lease` in place of its earlier version; an ended one leaves it. Slots that it gives up rest as long as `rests` says. */
export function withLease(pool: Pool, lease: Lease, rests?: Rests): Pool {
  const before = pool.leases.get(lease.id);
  const live = lease.state !== "ENDED";
  const known = before !== undefined && live;
  const key = lease.requestId === undefined ? undefined : requestKey(lease.principal, lease.pool, lease.requestId);
  const next: Pool = {
    ...pool,
    leases: live ? pool.leases.set(lease.id, lease) : pool.leases.delete(lease.id),
    requests: key === undefined || known ? pool.requests : live ? pool.requests.set(key, lease.id) : pool.requests.delete(key),
    deadlines: move(pool.deadlines, before && deadlineOfLease(before), deadlineOfLease(lease)),
    supersedable: lease.supersedeKey === undefined ? pool.supersedable : withSupersedable(pool.supersedable, before, lease),
    waiters: pool.waiters + Number(lease.state === "QUEUED") - Number(before?.state === "QUEUED"),
    quotas: withQuota(pool.quotas, lease, countsNow(lease) - countsNow(before)),
  };
  return before !== undefined && isSeatedAs(before, lease) ? next : seat(next, before, lease, rests);
}

/** How much a lease counts against its quota: nothing from when it was asked to stop, or has ended. */
export function countsNow(lease: Lease | undefined): 0 | 1 {
  return lease !== undefined && lease.state !== "ENDED" && lease.cancelRequested === undefined ? 1 : 0;
}

/** What a live lease counts against. */
export function quotasOf({ quotas = [], principal }: Pick<Lease, "quotas" | "principal">): readonly string[] {
  return quotas.map((name) => name || principal);
}

/** What nobody counts against is not kept. */
function withQuota(quotas: Pool["quotas"], lease: Lease, more: number): Pool["quotas"] {
  if (lease.quotas === undefined || more === 0) return quotas;
  return quotasOf(lease).reduce((next, name) => {
    const count = (next.get(name) ?? 0) + more;
    return count === 0 ? next.delete(name) : next.set(name, count);
  }, quotas);
}

/** The pool with `environment` in place of its earlier version, or added. */
export function withEnvironment(pool: Pool, environment: Environment): Pool {
  const site = pool.sites.get(environment.config.name);
  const next = withSite(pool, site === undefined ? emptySite(environment) : { ...site, environment });
  if (site === undefined || isOutOfService(site.environment) === isOutOfService(environment)) return next;
  return [...site.joint.values()].reduce(rejoin, next);
}

/** The pool without the environment; nobody may be on it or wait for it. */
export function withoutEnvironment(pool: Pool, name: string): Pool {
  const site = siteOf(pool, name);
  const since = site.idleSince;
  return {
    ...pool,
    sites: pool.sites.delete(name),
    labels: relabelled(pool.labels, site, undefined),
    deadlines: move(pool.deadlines, deadlineOf(site), undefined),
    idle: since === undefined ? pool.idle : pool.idle.delete({ since, environment: name }),
    dirty: moveDirty(pool.dirty, site, undefined),
  };
}

/** The pool without the rests of an environment that are over. */
export function withoutRests(pool: Pool, name: string, at: Micros): Pool {
  let site = siteOf(pool, name);
  for (const rest of [...site.rests.keys()]) {
    if (rest.until > at) break;
    site = { ...site, slots: site.slots.delete(rest.index), rests: site.rests.delete(rest) };
  }
  return withSite(pool, site);
}

/** The pool with a note of how far the line of an environment reaches into its free slots. */
export function withFitted(pool: Pool, name: string): Pool {
  const site = pool.sites.get(name);
  if (site === undefined) return pool;
  const fitted = site.ready.lastWithin(freeSlots(site));
  if (fitted === site.fitted) return pool;
  const { fitted: _, ...rest } = site;
  return { ...pool, sites: pool.sites.set(name, fitted === undefined ? rest : { ...rest, fitted }) };
}

/** Whether both versions of a lease have the same slots, or the same places in line. */
function isSeatedAs(a: Lease, b: Lease): boolean {
  return a.state === b.state && a.fencingToken === b.fencingToken && a.passedOver === b.passedOver && a.early === b.early;
}

/** The pool with `site` in place of its earlier version, and with what follows from it. */
function withSite(pool: Pool, site: Site): Pool {
  const name = site.environment.config.name;
  const before = pool.sites.get(name);
  const { idleSince, ...rest } = site;
  const since = isIdle(site) ? (idleSince ?? idleFrom(site, pool.at)) : undefined;
  const next: Site = since === idleSince ? site : since === undefined ? rest : { ...rest, idleSince: since };
  let { idle } = pool;
  if (before?.idleSince !== since) {
    if (before?.idleSince !== undefined) idle = idle.delete({ since: before.idleSince, environment: name });
    if (since !== undefined) idle = idle.set({ since, environment: name }, true);
  }
  return {
    ...pool,
    sites: pool.sites.set(name, next),
    labels: relabelled(pool.labels, before, next),
    deadlines: move(pool.deadlines, before && deadlineOf(before), deadlineOf(next)),
    idle,
    dirty: moveDirty(pool.dirty, before, next),
  };
}

/** The place of a site among those that can be cleaned; undefined if it is none of them. */
export function dirtyOf(site: Site): Dirty | undefined {
  if (!isCleanable(site)) return undefined;
  const { config, dirtySince = 0 } = site.environment;
  return { since: dirtySince, environment: config.name };
}

function moveDirty(dirty: Pool["dirty"], before: Site | undefined, after: Site | undefined): Pool["dirty"] {
  const from = before && dirtyOf(before);
  const to = after && dirtyOf(after);
  if (from?.since === to?.since) return dirty;
  const less = from === undefined ? dirty : dirty.delete(from);
  return to === undefined ? less : less.set(to, true);
}

function seat(pool: Pool, before: Lease | undefined, after: Lease, rests: Rests | undefined): Pool {
  const ready = isReady(pool, after) && !isSelecting(after);
  const had = partsByName(before);
  const has = partsByName(after.state === "ENDED" ? undefined : after);
  let next = before === undefined ? pool : withoutPlacing(pool, before);
  for (const name of new Set([...had.keys(), ...has.keys()])) {
    let site = siteOf(next, name);
    const [old, part] = [had.get(name), has.get(name)];
    if (before !== undefined && old !== undefined) site = leave(site, before, old, rests?.get(name), after.endReason);
    if (part !== undefined) site = enter(site, after, part, ready);
    next = withSite(next, site);
  }
  if (after.state !== "QUEUED" || !isSelecting(after)) return next;
  if (after.early === true) return { ...next, calendar: next.calendar.set(bookingOf(after), after.id) };
  return withSeeker(withPlacing(next, rankOf(after), unplaced(after)), after, true);
}

/** A waiter by selector that takes nothing, before it is placed. */
export function unplaced(lease: Lease): Placing {
  return { lease: lease.id, passedOver: lease.passedOver === true, claims: new Map() };
}

function partsByName(lease: Lease | undefined): Map<string, NamedNeed> {
  return new Map(lease === undefined ? [] : partsOf(lease).map((part) => [part.environment, part]));
}

function leave(site: Site, lease: Lease, part: NamedNeed, until: Micros | undefined, endReason: Lease["endReason"]): Site {
  if (lease.state === "QUEUED") {
    const rank = rankOf(lease);
    if (lease.early === true) return { ...site, calendar: site.calendar.delete(bookingOf(lease)) };
    const { line, joint, passed, ready } = site;
    return { ...site, line: line.delete(rank), joint: joint.delete(rank), passed: passed.delete(rank), ready: ready.delete(rank) };
  }
  let { slots, rests } = site;
  const from = { leaseId: lease.id, holder: lease.holder, ...(endReason && { endReason }) };
  for (const [nth, index] of part.indexes.entries()) {
    slots = until === undefined ? slots.delete(index) : slots.set(index, { until });
    if (until !== undefined) rests = rests.set({ index, until, ...(nth === 0 && { from }) }, true);
  }
  return { ...site, slots, rests, occupants: site.occupants.delete(lease.fencingToken ?? 0) };
}

function enter(site: Site, lease: Lease, part: NamedNeed, ready: boolean): Site {
  if (lease.state === "QUEUED") {
    const rank = rankOf(lease);
    if (lease.early === true) return { ...site, calendar: site.calendar.set(bookingOf(lease), lease.id) };
    if (lease.passedOver === true) return { ...site, passed: site.passed.set(rank, lease.id) };
    const line = site.line.set(rank, lease.id);
    const joint = isJoint(lease) ? site.joint.set(rank, lease.id) : site.joint;
    return { ...site, line, joint, ...(ready && { ready: site.ready.set(rank, { lease: lease.id, slots: part.slots }) }) };
  }
  const slots = part.indexes.reduce((taken, index) => taken.set(index, { lease: lease.id }), site.slots);
  return { ...site, slots, occupants: site.occupants.set(lease.fencingToken ?? 0, lease.id) };
}

/** The pool with a waiter by selector placed like this: what it takes is in the ready lines, and nothing that it took before. */
export function withPlacing(pool: Pool, rank: Rank, placing: Placing): Pool {
  const before = pool.selecting.get(rank)?.claims ?? new Map<string, number>();
  let next = pool;
  for (const name of new Set([...before.keys(), ...placing.claims.keys()])) {
    const slots = placing.claims.get(name);
    const site = next.sites.get(name);
    if (site === undefined || slots === before.get(name)) continue;
    const ready = slots === undefined ? site.ready.delete(rank) : site.ready.set(rank, { lease: placing.lease, slots });
    next = withSite(next, { ...site, ready });
  }
  return { ...next, selecting: next.selecting.set(rank, placing) };
}

/** The pool without a lease among those who wait by selector. */
function withoutPlacing(pool: Pool, lease: Lease): Pool {
  if (lease.early === true) return isSelecting(lease) ? { ...pool, calendar: pool.calendar.delete(bookingOf(lease)) } : pool;
  const rank = rankOf(lease);
  if (!pool.selecting.has(rank)) return pool;
  const { selecting, ...next } = withPlacing(pool, rank, unplaced(lease));
  return withSeeker({ ...next, selecting: selecting.delete(rank) }, lease, false);
}

/** Puts a waiter into the ready lines of its environments, or takes it out, as their states are now. */
function rejoin(pool: Pool, id: string): Pool {
  const lease = leaseOf(pool, id);
  if (isSelecting(lease)) return pool;
  const rank = rankOf(lease);
  const ready = isReady(pool, lease);
  return partsOf(lease).reduce((next, { environment, slots }) => {
    const site = siteOf(next, environment);
    return withSite(next, { ...site, ready: ready ? site.ready.set(rank, { lease: id, slots }) : site.ready.delete(rank) });
  }, pool);
}

/** When a live lease ends, is passed over, or enters the line, by itself. */
export function deadlineOfLease(lease: Lease): Deadline | undefined {
  return lease.state === "ENDED" || lease.deadline === undefined ? undefined : { at: lease.deadline, lease: lease.id };
}

function move(deadlines: Pool["deadlines"], from: Deadline | undefined, to: Deadline | undefined): Pool["deadlines"] {
  if (from?.at === to?.at) return deadlines;
  const less = from === undefined ? deadlines : deadlines.delete(from);
  return to === undefined ? less : less.set(to, true);
}
