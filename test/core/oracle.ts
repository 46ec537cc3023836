/** Rule 1 as it is written, with no cleverness: walks the whole line, and everybody in it. What line.ts must agree with. */
import { freeSlots, isOutOfService, rankOf } from "../../src/core/ledger.ts";
import type { Lease, Pool } from "../../src/core/model.ts";

/** Ids of those to be served, first one first. */
export function serveNaively(pool: Pool, newcomer?: Lease): string[] {
  const left = new Map([...pool.sites.entries()].map(([name, site]) => [name, freeSlots(site)]));
  const line = [...pool.leases.values()].filter((lease) => lease.state === "QUEUED");
  if (newcomer !== undefined) line.push(newcomer);
  line.sort((a, b) => rankOf(a).time - rankOf(b).time || a.sequence - b.sequence);
  const served: string[] = [];
  for (const lease of line) {
    const fits = lease.needs.every((need) => (left.get(need.environment) ?? 0) >= need.slots);
    const claims = lease.needs.every((need) => {
      const site = pool.sites.get(need.environment);
      return site !== undefined && !isOutOfService(site.environment);
    });
    if (fits) served.push(lease.id);
    if (fits || claims)
      for (const need of lease.needs) left.set(need.environment, Math.max(0, (left.get(need.environment) ?? 0) - need.slots));
  }
  return served;
}
