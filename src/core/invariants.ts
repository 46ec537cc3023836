/** What must hold of every pool at every revision. Tests and the simulation call it after each step. */

import { latestEnd, leaseOf } from "./ledger.ts";
import { limits } from "./limits.ts";
import { nextInLine } from "./line/line.ts";
import { placed } from "./line/placing.ts";
import type { Lease } from "./model/lease.ts";
import { isJoint, isSelecting, namesOf, partsOf, selectorsOf } from "./model/needs.ts";
import type { Pool, Site } from "./model/pool.ts";
import { isReady, rankOf } from "./model/rank.ts";
import { bookingOf } from "./model/reservation.ts";
import { freeSlots, isIdle, usedSlots, waitersOf } from "./model/site.ts";
import { supersedableOf } from "./model/superseding.ts";
import { unsatisfiable } from "./verbs/busy.ts";

/** Throws at the first rule that the pool breaks, naming it. */
export function checkPool(pool: Pool): void {
  let [waiters, supersedable] = [0, 0];
  for (const lease of pool.leases.values()) {
    checkLease(pool, lease);
    if (supersedableOf(lease) !== undefined) supersedable++;
    if (lease.state !== "QUEUED") continue;
    waiters++;
    const impossible = unsatisfiable(pool, lease.needs);
    expect(impossible === undefined, `lease ${lease.id} waits for what can never be: ${impossible}`);
  }
  expect(pool.waiters === waiters, `pool counts ${pool.waiters} waiters, and has ${waiters}`);
  expect(pool.supersedable.size === supersedable, `${pool.supersedable.size} leases can be superseded, and should be ${supersedable}`);
  checkQuotas(pool);
  for (const [name, site] of pool.sites.entries()) checkSite(pool, name, site);
  for (const { at, lease, environment } of pool.deadlines.keys())
    expect(
      lease === undefined ? pool.sites.has(environment ?? "") : pool.leases.get(lease)?.deadline === at,
      `a deadline at ${at} is of nobody`,
    );
  const { pool: again, moved } = placed(pool, { before: pool, environments: [], arrived: pool.leases.keys() });
  expect(moved.size === 0, `somebody who waits by selector takes other slots than it should: ${[...moved]}`);
  const unserved = nextInLine(again, { environments: [], arrived: pool.leases.keys() });
  expect(unserved.length === 0, `${unserved[0]?.id} waits although its slots are free (a lost wake-up)`);
}

function checkQuotas({ leases, quotas }: Pool): void {
  const counted = new Map<string, number>();
  for (const { quotas: names = [], principal, state, cancelRequested } of leases.values())
    for (const name of names.map((one) => one || principal))
      if (state !== "ENDED" && cancelRequested === undefined) counted.set(name, (counted.get(name) ?? 0) + 1);
  expect(counted.size === quotas.size, `${quotas.size} quotas are counted against, and should be ${counted.size}`);
  for (const [quota, count] of quotas.entries()) expect(counted.get(quota) === count, `${count} leases count against ${quota}`);
}

function checkLease(pool: Pool, lease: Lease): void {
  const at = `lease ${lease.id} (${lease.state})`;
  expect(lease.state !== "ENDED", `${at} is among the live`);
  expect(lease.revision <= pool.revision, `${at} has a revision from the future`);
  const granted = lease.state !== "QUEUED";
  expect(granted === (lease.fencingToken !== undefined), `${at} has token ${lease.fencingToken}`);
  expect((lease.state === "HELD") === (lease.heldAt !== undefined), `${at} has heldAt ${lease.heldAt}`);
  const endless = lease.ttl === undefined && latestEnd(lease) === undefined;
  if (lease.state === "HELD") expect(endless === (lease.deadline === undefined), `${at} has ttl, or a deadline, alone`);
  const early = lease.early === true;
  expect(!early || (lease.state === "QUEUED" && lease.deadline === lease.notBefore), `${at} has a wrong time in the calendar`);
  expect(!early || (lease.notBefore ?? 0) > pool.at, `${at} should have entered the line`);
  expect(lease.autoClaim !== true || lease.state !== "OFFERED" || lease.failing === true, `${at} is offered, and should be held`);
  if (lease.deadline !== undefined) expect(pool.deadlines.has({ at: lease.deadline, lease: lease.id }), `${at} has no timer`);
  expect(lease.transient !== true || lease.state !== "HELD", `${at} is held and not stored`);
  expect(!lease.passedOver || lease.state === "QUEUED", `${at} was passed over and does not wait`);
  if (lease.deadline !== undefined && !lease.graced)
    expect(!granted || lease.deadline <= (latestEnd(lease) ?? Number.POSITIVE_INFINITY), `${at} outlives its max_hold`);
  expect(lease.cleaning !== true || granted, `${at} is to clean, and waits`);
  expect(lease.cancelRequested === undefined || lease.state === "HELD", `${at} is to stop, and is not held`);
  const supersedable = supersedableOf(lease);
  expect(supersedable === undefined || pool.supersedable.get(supersedable) === lease.id, `${at} cannot be found by its supersede_key`);
  const rank = rankOf(lease);
  const passed = lease.passedOver === true;
  for (const { count, chosen } of selectorsOf(lease))
    expect(chosen.length === (granted ? count : 0), `${at} has ${chosen.length} of ${count} environments by selector`);
  const names = namesOf(lease);
  expect(new Set(names).size === names.length, `${at} has an environment twice: ${names}`);
  expect(pool.selecting.has(rank) === (!granted && !early && isSelecting(lease)), `${at} is, or is not, among those who wait by selector`);
  const booking = bookingOf(lease);
  expect((pool.calendar.get(booking) === lease.id) === (early && isSelecting(lease)), `${at} is, or is not, reserved by selector`);
  for (const part of partsOf(lease)) {
    const site = pool.sites.get(part.environment);
    expect(site !== undefined, `${at} is on ${part.environment}, which does not exist`);
    expect(part.indexes.length === (granted ? part.slots : 0), `${at} has ${part.indexes.length} of ${part.slots} slots`);
    for (const index of part.indexes)
      expect(JSON.stringify(site?.slots.get(index)) === JSON.stringify({ lease: lease.id }), `${at} does not have its slot ${index}`);
    expect(
      (site?.line.get(rank) === lease.id) === (!granted && !passed && !early),
      `${at} is, or is not, in the line of ${part.environment}`,
    );
    const isOne = (site?.joint.get(rank) === lease.id) === (!granted && !passed && !early && isJoint(lease));
    expect(isOne, `${at} is, or is not, among those of ${part.environment} who want something else as well`);
    expect((site?.passed.get(rank) === lease.id) === passed, `${at} is, or is not, among those passed over on ${part.environment}`);
    expect((site?.calendar.get(booking) === lease.id) === early, `${at} is, or is not, in the calendar of ${part.environment}`);
    const ready = isReady(pool, lease) && (!isSelecting(lease) || pool.selecting.get(rank)?.claims.has(part.environment) === true);
    const claim = site?.ready.get(rank);
    expect((claim?.lease === lease.id && claim.slots === part.slots) === ready, `${at} is ready: ${!ready}, on ${part.environment}`);
    if (granted) expect((site?.environment.fence ?? 0) >= (lease.fencingToken ?? 0), `${at} has a token above its environment's`);
  }
}

function checkSite(pool: Pool, name: string, site: Site): void {
  const { config } = site.environment;
  expect(config.name === name && config.pool === pool.name, `${name} is not where it belongs`);
  const { facts } = site.environment;
  const told = Object.keys(facts ?? {}).length;
  expect(facts === undefined || (told > 0 && told <= limits.facts.count), `${name} has ${told} facts`);
  for (const [fact, { value, at }] of Object.entries(facts ?? {}))
    expect(value !== "" && at <= pool.at, `${name} has a fact ${fact} that is empty, or from the future`);
  let resting = 0;
  for (const [index, use] of site.slots.entries()) {
    if ("lease" in use)
      expect(pool.leases.get(use.lease)?.fencingToken !== undefined, `${name} is held by ${use.lease}, who was not granted`);
    else expect(site.rests.has({ index, until: use.until }), `slot ${index} of ${name} rests for ever`);
    if ("until" in use && index < config.capacity) resting++;
  }
  for (const [token, id] of site.occupants.entries())
    expect(leaseOf(pool, id).fencingToken === token, `${name} knows a wrong token of ${id}`);
  for (const id of waitersOf(site)) expect(pool.leases.get(id)?.state === "QUEUED", `${id} is in the line of ${name}, and does not wait`);
  for (const [rank, claim] of site.ready.entries()) {
    const claims = pool.selecting.get(rank)?.claims;
    const isIn = claims === undefined ? site.line.get(rank) === claim.lease : claims.get(name) === claim.slots;
    expect(isIn, `${claim.lease} takes slots of ${name}, and does not wait for them`);
  }
  // Neither more than it has, nor fewer than are there: a rest beyond the capacity keeps nobody waiting.
  const free = site.environment.state === "AVAILABLE" ? Math.max(0, config.capacity - usedSlots(site) - resting) : 0;
  expect(freeSlots(site) === free, `${name} offers ${freeSlots(site)} slots, and has ${free}`);
  const fitted = site.ready.lastWithin(freeSlots(site));
  expect(
    site.fitted === undefined || JSON.stringify(fitted) === JSON.stringify(site.fitted),
    `${name} has a wrong note of how far its line fits`,
  );
  checkLife(pool, name, site);
  expect(isIdle(site) === (site.idleSince !== undefined), `${name} is idle: ${isIdle(site)}`);
  expect(isIdle(site) === pool.idle.has({ since: site.idleSince ?? 0, environment: name }), `${name} is among the idle: ${!isIdle(site)}`);
}

/** The life of an environment: what is DIRTY can be found, and what is CLEANING is cleaned by somebody. */
function checkLife(pool: Pool, name: string, { environment, slots, occupants }: Site): void {
  const { state, dirtySince, cleanBy, uncleaned } = environment;
  const isDirty = state === "DIRTY" || state === "CLEANING";
  expect(isDirty === (dirtySince !== undefined), `${name} is ${state}, and dirty since ${dirtySince}`);
  expect(cleanBy === undefined || isDirty, `${name} is ${state}, and to be clean by ${cleanBy}`);
  expect(uncleaned !== true || !(isDirty || state === "AVAILABLE"), `${name} is ${state}, and has a note that it is not clean`);
  const cleaners = [...occupants.values()].filter((id) => leaseOf(pool, id).cleaning === true);
  expect(cleaners.length <= 1, `${name} has ${cleaners.length} cleaners`);
  expect(state !== "CLEANING" || (cleaners.length === 1 && slots.weight === 1), `${name} is CLEANING, by ${cleaners} of ${slots.weight}`);
  const listed = pool.dirty.has({ since: dirtySince ?? 0, environment: name });
  expect(listed === (state === "DIRTY" && slots.size === 0), `${name} is among those that can be cleaned: ${listed}`);
  if (state === "DIRTY" && cleanBy !== undefined) expect(cleanBy > pool.at, `${name} should be clean since ${cleanBy}`);
}

function expect(holds: boolean, broken: string): void {
  if (!holds) throw new Error(`invariant: ${broken}`);
}
