/**
 * Leases that begin, or end, at a fixed time. One whose not_before has not come stands in no line: it is in the calendars of what it wants,
 * and keeps nobody waiting. When it has come it enters the line with the rank of its arrival, ahead of all who have asked since.
 */
import type { Lease } from "./lease.ts";
import { namesOf, partsOf } from "./needs.ts";
import type { Pool, Rank } from "./pool.ts";
import type { Micros } from "./units.ts";

/** Under what a lease stands in a calendar: by the time at which it enters the line, then by arrival. */
export function bookingOf({ notBefore = 0, sequence }: Pick<Lease, "notBefore" | "sequence">): Rank {
  return { time: notBefore, sequence };
}

/** When a waiter times out; undefined if it never does by itself. Its queue_timeout runs from its not_before, its not_after from nothing. */
export function timesOutAt({ createdAt, notBefore = createdAt, notAfter, queueTimeout }: Lease): Micros | undefined {
  const timeout = queueTimeout === undefined ? Number.POSITIVE_INFINITY : Math.max(createdAt, notBefore) + queueTimeout;
  const at = Math.min(timeout, notAfter ?? Number.POSITIVE_INFINITY);
  return at === Number.POSITIVE_INFINITY ? undefined : at;
}

/** Since when it waits: a reservation does from its not_before on, or was asked for later. */
export function waitsSince({ createdAt, notBefore = 0, early }: Lease): Micros {
  return early === true ? createdAt : Math.max(createdAt, notBefore);
}

/** Whether it is abandoned without signs of life (rule 3): it stands in line, and whoever it is for has a process. */
export function livesBySigns({ state, early, autoClaim }: Lease): boolean {
  return state === "QUEUED" && early !== true && autoClaim !== true;
}

/** How many reservations are looked at for one that a lease is in the way of. */
const LOOKS = 10;

/** The first reservation by name, before `end`, that the holders of today leave too few slots for on an environment of this lease. */
export function cutBy(pool: Pool, lease: Lease, end: Micros): Lease | undefined {
  let first: Lease | undefined;
  for (const name of namesOf(lease)) {
    const site = pool.sites.get(name);
    if (site === undefined || site.calendar.size === 0) continue;
    const left = site.environment.config.capacity - site.slots.weight;
    for (const [{ time }, id] of site.calendar.entries().take(LOOKS)) {
      if (time >= Math.min(end, first?.notBefore ?? end)) break;
      const other = pool.leases.get(id);
      const wants = other && partsOf(other).find(({ environment }) => environment === name);
      if (other === undefined || wants === undefined || wants.slots <= left) continue;
      first = other;
      break;
    }
  }
  return first;
}
