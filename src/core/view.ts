/** What people see of a pool: states, holders, places in line. Pure reads of one pool value. */

import type { EnvironmentStatus, Occupant, Reservation } from "./event.ts";
import { latestEnd, leaseOf } from "./ledger.ts";
import { limits } from "./limits.ts";
import { fits } from "./line/line.ts";
import type { Environment } from "./model/environment.ts";
import type { Lease } from "./model/lease.ts";
import { byRank, type Pool, type Site } from "./model/pool.ts";
import { cutBy, timesOutAt } from "./model/reservation.ts";
import { seekersOf, seekingLine } from "./model/seekers.ts";
import { queueLength, restingSlots, siteOf, usedSlots } from "./model/site.ts";

/** An environment with who is on it; `name` must be of the pool. `at`: the present time, by the store's clock. */
export function statusOf(pool: Pool, name: string, at = pool.at): EnvironmentStatus {
  const site = siteOf(pool, name);
  const next = nextOn(pool, site);
  const [rest] = site.rests.first() ?? [];
  const [, booked] = site.calendar.first() ?? [];
  return {
    ...bareStatus(site.environment),
    used: usedSlots(site),
    resting: restingSlots(site),
    queueLength: queueLength(site) + seekingLine(pool, site).size,
    available: wouldGrant(pool, name, at),
    holders: [...site.occupants.values().take(limits.named)].map((id) => occupant(leaseOf(pool, id))),
    ...(next !== undefined && { next: occupant(next) }),
    ...(booked !== undefined && { nextReservation: reservation(leaseOf(pool, booked)) }),
    ...(rest !== undefined && { rest: { until: rest.until, ...(rest.from && { from: rest.from }) } }),
  };
}

/** The first of those who wait for an environment, by name or by a selector that it would do for, and were not passed over. */
export function nextOn(pool: Pool, site: Site): Lease | undefined {
  let next = site.line.first();
  for (const [, { waiting }] of seekersOf(pool, site)) {
    const head = waiting.first();
    if (head !== undefined && (next === undefined || byRank(head[0], next[0]) < 0)) next = head;
  }
  return next && leaseOf(pool, next[1]);
}

/** The last that is told of an environment. */
export function deletedStatus(environment: Environment): EnvironmentStatus {
  return { ...bareStatus(environment), deleted: true };
}

/** An environment that nobody is on. */
function bareStatus({ config, onDemand, state, stateReason, stateUntil, facts }: Environment): EnvironmentStatus {
  const until = stateUntil === undefined ? {} : { stateUntil };
  const labels = onDemand === true ? {} : { labels: config.labels };
  const plain = { name: config.name, pool: config.pool, state, stateReason, ...until, ...labels, capacity: config.capacity };
  return { ...plain, ...(facts && { facts }), used: 0, resting: 0, queueLength: 0, available: false, holders: [] };
}

/** Whether an Acquire of one slot that arrives at `at` would be HELD at once. */
export function wouldGrant(pool: Pool, name: string, at = pool.at): boolean {
  const needs = [{ environment: name, slots: 1, indexes: [] }];
  return fits(pool, { needs, createdAt: at, priority: 0, sequence: Number.MAX_SAFE_INTEGER });
}

/** A lease as others see it. */
export function occupant(lease: Lease): Occupant {
  const since = lease.state === "HELD" ? lease.heldAt : lease.state === "OFFERED" ? lease.grantedAt : lease.createdAt;
  const latest = latestEnd(lease);
  const until = lease.early === true ? timesOutAt(lease) : lease.deadline;
  const { id: leaseId, holder, principal, principalLabel, state, reason, early, cleaning, cancelRequested } = lease;
  const plain = { leaseId, holder, principal, state, since: since ?? lease.createdAt, reason };
  const named = principalLabel === undefined ? plain : { ...plain, principalLabel };
  const timed = until === undefined ? named : { ...named, until };
  const bounded = latest === undefined ? timed : { ...timed, latestEnd: latest };
  if (early !== true && cleaning !== true && cancelRequested === undefined) return bounded;
  return {
    ...bounded,
    ...(early === true && { notBefore: lease.notBefore ?? 0 }),
    ...(cleaning && { cleaning: true }),
    ...(cancelRequested && { cancelRequested }),
  };
}

function reservation({ id, notBefore = 0, notAfter, holder, reason }: Lease): Reservation {
  return { at: notBefore, leaseId: id, holder, reason, ...(notAfter !== undefined && { until: notAfter }) };
}

/** The first reservation by name that will wait for a granted lease to end; undefined if there is none before its latest end. */
export function reservationBehind(pool: Pool, lease: Lease): Reservation | undefined {
  const behind = cutBy(pool, lease, latestEnd(lease) ?? Number.POSITIVE_INFINITY);
  return behind && reservation(behind);
}
