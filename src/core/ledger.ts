/** A pool's rows and all that is derived from them, changed together: the only place that writes an index. */

import { limits } from "./limits.ts";
import { type Deadline, type Environment, emptySite, type Lease, type Pool, type Rank, requestKey, type Site } from "./model.ts";

/** Where a lease stands in line: priority is worth a fixed time of waiting, so nobody starves. */
export function rankOf(lease: Pick<Lease, "createdAt" | "priority" | "sequence">): Rank {
  return { time: lease.createdAt - lease.priority * limits.priorityStep, sequence: lease.sequence };
}

/** Whether it holds slots. */
export function isGranted(lease: Lease): boolean {
  return lease.state === "HELD" || lease.state === "OFFERED";
}

/** Whether an environment is out of service for an unknown time, so that who waits for it must not keep others waiting (rule 1). */
export function isOutOfService(environment: Environment): boolean {
  return environment.state === "DRAINING" || environment.state === "MAINTENANCE" || environment.state === "QUARANTINED";
}

/** Slots that could be granted now, before claims. */
export function freeSlots(site: Site): number {
  const { state, config, rests } = site.environment;
  return state === "AVAILABLE" ? Math.max(0, config.capacity - site.taken.size - rests.length) : 0;
}

/** The lowest `count` slots that nobody has and that don't rest. */
export function pickSlots(site: Site, count: number): number[] {
  const resting = new Set(site.environment.rests.map((rest) => rest.index));
  const picked: number[] = [];
  for (let index = 0; picked.length < count && index < site.environment.config.capacity; index++)
    if (!resting.has(index) && !site.taken.has(index)) picked.push(index);
  if (picked.length < count) throw new Error(`invariant: ${site.environment.config.name} has no ${count} free slots`);
  return picked;
}

/** The pool with `lease` in place of its earlier version; an ended one leaves it. */
export function withLease(pool: Pool, lease: Lease): Pool {
  const before = pool.leases.get(lease.id);
  const live = lease.state !== "ENDED";
  const same = before !== undefined && before.state === lease.state && before.fencingToken === lease.fencingToken;
  const key = lease.requestId && requestKey(lease.principal, lease.pool, lease.requestId);
  return {
    ...pool,
    leases: live ? pool.leases.set(lease.id, lease) : pool.leases.delete(lease.id),
    requests: !key || same ? pool.requests : live ? pool.requests.set(key, lease.id) : pool.requests.delete(key),
    deadlines: move(pool.deadlines, before && deadlineOfLease(before), deadlineOfLease(lease)),
    sites: same ? pool.sites : seat(pool, before, lease),
    waiters: pool.waiters + Number(lease.state === "QUEUED") - Number(before?.state === "QUEUED"),
  };
}

/** The pool with `environment` in place of its earlier version, or added. */
export function withEnvironment(pool: Pool, environment: Environment): Pool {
  const name = environment.config.name;
  const site = pool.sites.get(name);
  const next: Pool = {
    ...pool,
    sites: pool.sites.set(name, site === undefined ? emptySite(environment) : { ...site, environment }),
    deadlines: move(pool.deadlines, site && deadlineOfEnvironment(site.environment), deadlineOfEnvironment(environment)),
  };
  if (site === undefined || isOutOfService(site.environment) === isOutOfService(environment)) return next;
  return { ...next, sites: [...site.waiting.values()].reduce((sites, id) => rejoin({ ...next, sites }, id), next.sites) };
}

/** The pool without the environment; nobody may be on it or wait for it. */
export function withoutEnvironment(pool: Pool, environment: Environment): Pool {
  return {
    ...pool,
    sites: pool.sites.delete(environment.config.name),
    deadlines: move(pool.deadlines, deadlineOfEnvironment(environment), undefined),
  };
}

/** The site of an environment that a live lease names. */
export function siteOf(pool: Pool, name: string): Site {
  const site = pool.sites.get(name);
  if (site === undefined) throw new Error(`invariant: pool ${pool.name} has no environment ${name}`);
  return site;
}

/** A live lease that an index names. */
export function leaseOf(pool: Pool, id: string): Lease {
  const lease = pool.leases.get(id);
  if (lease === undefined) throw new Error(`invariant: pool ${pool.name} has no live lease ${id}`);
  return lease;
}

/** Whether one of its environments is out of service. */
export function isStalled(pool: Pool, lease: Lease): boolean {
  return lease.needs.some((need) => isOutOfService(siteOf(pool, need.environment).environment));
}

function seat(pool: Pool, before: Lease | undefined, after: Lease): Pool["sites"] {
  const ready = after.state === "QUEUED" && !isStalled(pool, after);
  let sites = pool.sites;
  for (const [position, need] of after.needs.entries()) {
    let site = siteOf(pool, need.environment);
    if (before !== undefined) site = leave(site, before, position);
    if (after.state !== "ENDED") site = enter(site, after, position, ready);
    sites = sites.set(need.environment, site);
  }
  return sites;
}

function leave(site: Site, lease: Lease, position: number): Site {
  if (lease.state === "QUEUED") {
    const rank = rankOf(lease);
    return { ...site, waiting: site.waiting.delete(rank), ready: site.ready.delete(rank) };
  }
  const indexes = lease.needs[position]?.indexes ?? [];
  return {
    ...site,
    taken: indexes.reduce((taken, index) => taken.delete(index), site.taken),
    occupants: site.occupants.delete(lease.fencingToken ?? 0),
  };
}

function enter(site: Site, lease: Lease, position: number, ready: boolean): Site {
  if (lease.state === "QUEUED") {
    const rank = rankOf(lease);
    return { ...site, waiting: site.waiting.set(rank, lease.id), ready: ready ? site.ready.set(rank, lease.id) : site.ready };
  }
  const indexes = lease.needs[position]?.indexes ?? [];
  return {
    ...site,
    taken: indexes.reduce((taken, index) => taken.set(index, lease.id), site.taken),
    occupants: site.occupants.set(lease.fencingToken ?? 0, lease.id),
  };
}

/** Puts a waiter into the ready lines of its environments, or takes it out, as their states are now. */
function rejoin(pool: Pool, id: string): Pool["sites"] {
  const lease = leaseOf(pool, id);
  const rank = rankOf(lease);
  const stalled = isStalled(pool, lease);
  return lease.needs.reduce((sites, need) => {
    const site = siteOf(pool, need.environment);
    return sites.set(need.environment, { ...site, ready: stalled ? site.ready.delete(rank) : site.ready.set(rank, id) });
  }, pool.sites);
}

function deadlineOfLease(lease: Lease): Deadline | undefined {
  return lease.state === "ENDED" || lease.deadline === undefined ? undefined : { at: lease.deadline, lease: lease.id };
}

function deadlineOfEnvironment(environment: Environment): Deadline | undefined {
  const times = environment.rests.map((rest) => rest.until);
  if (environment.stateUntil !== undefined) times.push(environment.stateUntil);
  return times.length === 0 ? undefined : { at: Math.min(...times), environment: environment.config.name };
}

function move(deadlines: Pool["deadlines"], from: Deadline | undefined, to: Deadline | undefined): Pool["deadlines"] {
  const less = from === undefined ? deadlines : deadlines.delete(from);
  return to === undefined ? less : less.set(to, true);
}
