/** What people see of a pool: states, holders, places in line. Pure reads of one pool value. */

import type { EnvironmentStatus, Occupant, Reservation } from "./event.ts";
import { latestEnd, leaseOf } from "./ledger.ts";
import { servingFor, someFor } from "./line/candidates.ts";
import { fits } from "./line/line.ts";
import type { Environment } from "./model/environment.ts";
import type { Lease } from "./model/lease.ts";
import { isSelecting, sitesOf } from "./model/needs.ts";
import { byRank, type Pool, type Rank, type Site } from "./model/pool.ts";
import { rankOf } from "./model/rank.ts";
import { cutBy, timesOutAt } from "./model/reservation.ts";
import { seekersOf } from "./model/seekers.ts";
import { queueLength, restingSlots, siteOf, usedSlots } from "./model/site.ts";

/** How many occupants an answer names. */
const NAMED = 10;
/** At how many environments that a selector matches one looks for them. */
const LOOKED = 100;

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
    queueLength: queueLength(site),
    available: wouldGrant(pool, name, at),
    holders: [...take(site.occupants.values(), NAMED)].map((id) => occupant(leaseOf(pool, id))),
    ...(next !== undefined && { next: occupant(next) }),
    ...(booked !== undefined && { nextReservation: reservation(leaseOf(pool, booked)) }),
    ...(rest !== undefined && { rest: { until: rest.until, ...(rest.from && { from: rest.from }) } }),
  };
}

/** The first of those who wait for an environment, by name or by a selector that it would do for, and were not passed over. */
function nextOn(pool: Pool, site: Site): Lease | undefined {
  const heads = [site.line.first(), ...seekersOf(pool, site).map(([, { waiting }]) => waiting.first())].filter(
    (head) => head !== undefined,
  );
  if (heads.length === 0) return undefined;
  const [, id] = heads.reduce((a, b) => (byRank(b[0], a[0]) < 0 ? b : a));
  return leaseOf(pool, id);
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
function occupant(lease: Lease): Occupant {
  const since = lease.state === "HELD" ? lease.heldAt : lease.state === "OFFERED" ? lease.grantedAt : lease.createdAt;
  const latest = latestEnd(lease);
  const until = lease.early === true ? timesOutAt(lease) : lease.deadline;
  return {
    leaseId: lease.id,
    holder: lease.holder,
    principal: lease.principal,
    state: lease.state,
    since: since ?? lease.createdAt,
    reason: lease.reason,
    ...(until === undefined ? {} : { until }),
    ...(latest === undefined ? {} : { latestEnd: latest }),
    ...(lease.early === true && { notBefore: lease.notBefore ?? 0 }),
    ...(lease.cleaning && { cleaning: true }),
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

/** What a waiter looks out for, in the longest of its lines. */
export interface Standing {
  readonly position: number;
  readonly queueLength: number;
  /** The lease that has held longest what it waits for, if anybody does. */
  readonly holder: string | undefined;
}

/** Where a waiter stands, and who is around it. */
export interface Place extends Pick<Standing, "position" | "queueLength"> {
  /** The first that will be served before it. */
  readonly ahead: readonly Occupant[];
  /** Who holds what it waits for. */
  readonly holders: readonly Occupant[];
}

/**
 * How a QUEUED lease of the pool stands: O(needs · log n), for those who ask often; by selector, with a look at some of what would serve it.
 * Who was passed over is ahead of nobody.
 */
export function standingOf(pool: Pool, lease: Lease): Standing {
  // One that has reserved for later stands in no line.
  if (lease.early === true) return { position: 0, queueLength: 0, holder: undefined };
  const lines = linesOf(pool, lease);
  const longest = lines.reduce((a, b) => (b.before > a.before ? b : a));
  let oldest: readonly [token: number, id: string] | undefined;
  for (const site of lookedFor(pool, lease)) {
    const first = site.occupants.first();
    if (first !== undefined && (oldest === undefined || first[0] < oldest[0])) oldest = first;
  }
  return { position: longest.before + 1, queueLength: longest.size, holder: oldest?.[1] };
}

/** The place of a QUEUED lease of the pool. */
export function placeOf(pool: Pool, lease: Lease): Place {
  const { position, queueLength } = standingOf(pool, lease);
  if (lease.early === true) return { position, queueLength, ahead: [], holders: [] };
  return { position, queueLength, ahead: firstAhead(pool, linesOf(pool, lease)), holders: oldestOn(pool, lookedFor(pool, lease)) };
}

/** A line that somebody stands in. */
interface Line {
  /** How many are ahead of him. */
  readonly before: number;
  readonly size: number;
  /** Who stands in it, first one first. */
  readonly ids: Iterable<readonly [Rank, string]>;
}

/** The lines of a waiter: those of the environments that it names and, if it wants something by selector, of all who do. */
function linesOf(pool: Pool, lease: Lease): Line[] {
  const rank = rankOf(lease);
  const lines = sitesOf(pool, lease).map(({ site }) => {
    return { before: site.line.rank(rank), size: queueLength(site), ids: site.line.entries() };
  });
  if (!isSelecting(lease)) return lines;
  const others = pool.selecting
    .entries()
    .filter(([, other]) => !other.passedOver)
    .map(([at, other]) => [at, other.lease] as const);
  return [...lines, { before: pool.selecting.weightBefore(rank), size: pool.selecting.size, ids: others }];
}

/** The environments that would do for a waiter: those that it names and, by selector, some of those in service. */
function lookedFor(pool: Pool, lease: Lease): Site[] {
  const named = sitesOf(pool, lease).map(({ site }) => site);
  return isSelecting(lease) ? [...named, ...someFor(lease, (want) => servingFor(pool, want), LOOKED)] : named;
}

function firstAhead(pool: Pool, lines: readonly Line[]): Occupant[] {
  const ahead = new Map<string, Rank>();
  for (const { ids, before } of lines) for (const [at, id] of take(ids, Math.min(NAMED, before))) ahead.set(id, at);
  return [...ahead]
    .sort(([, a], [, b]) => byRank(a, b))
    .slice(0, NAMED)
    .map(([id]) => occupant(leaseOf(pool, id)));
}

function oldestOn(pool: Pool, sites: readonly Site[]): Occupant[] {
  const on = new Map<string, number>();
  for (const site of sites) for (const [token, id] of take(site.occupants.entries(), NAMED)) on.set(id, token);
  return [...on]
    .sort(([, a], [, b]) => a - b)
    .slice(0, NAMED)
    .map(([id]) => occupant(leaseOf(pool, id)));
}

function* take<T>(items: Iterable<T>, count: number): Generator<T, void, undefined> {
  if (count <= 0) return;
  let taken = 0;
  for (const item of items) {
    yield item;
    if (++taken >= count) return;
  }
}
