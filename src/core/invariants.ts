/** What must hold of every pool at every revision. Tests and the simulation call it after each step. */
import { freeSlots, isStalled, leaseOf, rankOf } from "./ledger.ts";
import { nextInLine } from "./line.ts";
import type { Lease, Pool, Site } from "./model.ts";

/** Throws at the first rule that the pool breaks, naming it. */
export function checkPool(pool: Pool): void {
  let waiters = 0;
  for (const lease of pool.leases.values()) {
    checkLease(pool, lease);
    if (lease.state === "QUEUED") waiters++;
  }
  expect(pool.waiters === waiters, `pool counts ${pool.waiters} waiters, and has ${waiters}`);
  for (const [name, site] of pool.sites.entries()) checkSite(pool, name, site);
  for (const { at, lease, environment } of pool.deadlines.keys())
    expect(
      lease === undefined ? pool.sites.has(environment ?? "") : pool.leases.get(lease)?.deadline === at,
      `a deadline at ${at} is of nobody`,
    );
  const unserved = nextInLine(pool, pool.sites.keys());
  expect(unserved.length === 0, `${unserved[0]?.id} waits although its slots are free (a lost wake-up)`);
}

function checkLease(pool: Pool, lease: Lease): void {
  const at = `lease ${lease.id} (${lease.state})`;
  expect(lease.state !== "ENDED", `${at} is among the live`);
  expect(lease.revision <= pool.revision, `${at} has a revision from the future`);
  const granted = lease.state !== "QUEUED";
  expect(granted === (lease.fencingToken !== undefined), `${at} has token ${lease.fencingToken}`);
  expect((lease.state === "HELD") === (lease.heldAt !== undefined), `${at} has heldAt ${lease.heldAt}`);
  if (lease.state === "HELD") expect((lease.ttl === undefined) === (lease.deadline === undefined), `${at} has ttl, or a deadline, alone`);
  if (lease.deadline !== undefined) expect(pool.deadlines.has({ at: lease.deadline, lease: lease.id }), `${at} has no timer`);
  for (const need of lease.needs) {
    const site = pool.sites.get(need.environment);
    expect(site !== undefined, `${at} is on ${need.environment}, which does not exist`);
    expect(need.indexes.length === (granted ? need.slots : 0), `${at} has ${need.indexes.length} of ${need.slots} slots`);
    for (const index of need.indexes) expect(site?.taken.get(index) === lease.id, `${at} does not have its slot ${index}`);
    const rank = rankOf(lease);
    expect((site?.waiting.get(rank) === lease.id) === !granted, `${at} is, or is not, in the line of ${need.environment}`);
    const ready = !granted && !isStalled(pool, lease);
    expect((site?.ready.get(rank) === lease.id) === ready, `${at} is ready: ${!ready}, on ${need.environment}`);
    if (granted) expect((site?.environment.fence ?? 0) >= (lease.fencingToken ?? 0), `${at} has a token above its environment's`);
  }
}

function checkSite(pool: Pool, name: string, site: Site): void {
  const { config, rests } = site.environment;
  expect(config.name === name && config.pool === pool.name, `${name} is not where it belongs`);
  for (const rest of rests) expect(!site.taken.has(rest.index), `slot ${rest.index} of ${name} rests and is held`);
  for (const id of site.taken.values())
    expect(pool.leases.get(id)?.fencingToken !== undefined, `${name} is held by ${id}, who was not granted`);
  for (const [token, id] of site.occupants.entries())
    expect(leaseOf(pool, id).fencingToken === token, `${name} knows a wrong token of ${id}`);
  for (const id of site.waiting.values())
    expect(pool.leases.get(id)?.state === "QUEUED", `${id} is in the line of ${name}, and does not wait`);
  expect(site.ready.size <= site.waiting.size, `${name} has more ready than waiting`);
  expect(freeSlots(site) + site.taken.size <= Math.max(config.capacity, site.taken.size), `${name} offers more slots than it has`);
}

function expect(holds: boolean, broken: string): void {
  if (!holds) throw new Error(`invariant: ${broken}`);
}
