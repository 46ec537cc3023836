/** The order of a line, and who of it may be served at all: rule 1. line.ts says who is served next. */
import { limits } from "../limits.ts";
import type { Environment } from "./environment.ts";
import type { Lease } from "./lease.ts";
import { isJoint, namesOf } from "./needs.ts";
import type { Pool, Rank } from "./pool.ts";
import { isOutOfService, siteOf } from "./site.ts";

/** Where a lease stands in line: priority is worth a fixed time of waiting, so nobody starves. */
export function rankOf(lease: Pick<Lease, "createdAt" | "priority" | "sequence">): Rank {
  return { time: lease.createdAt - lease.priority * limits.priorityStep, sequence: lease.sequence };
}

/** What the order of a line needs to know of someone who waits, or would. */
export type Waiter = Pick<Lease, "needs" | "createdAt" | "priority" | "sequence">;

/**
 * Whether a free slot could serve it: it stands in line, was not passed over, and all environments are in service where it names several. Only such
 * a one claims. Of what it wants by selector, placing.ts says whether it could be had.
 */
export function isReady(pool: Pool, lease: Lease): boolean {
  return isReadyAmong(lease, (name) => siteOf(pool, name).environment);
}

/** The same where the environments are not in a pool yet. */
export function isReadyAmong(lease: Lease, environmentOf: (name: string) => Environment): boolean {
  if (lease.state !== "QUEUED" || lease.passedOver === true || lease.early === true) return false;
  // Whoever wants one environment alone is in nobody's way while that is out of service, as it has no free slots then.
  return !isJoint(lease) || namesOf(lease).every((name) => !isOutOfService(environmentOf(name)));
}

/** Whether anybody in line could keep slots of an environment from others. */
export function isClaimed({ waiters, sites }: Pool, name: string): boolean {
  return waiters > 0 && (sites.get(name)?.ready.size ?? 0) > 0;
}
