/** Rule 1 as it is written, with no cleverness: walks the whole line, and everybody in it. What line.ts must agree with. */
import type { Lease, Pool, Site } from "../../src/core/model.ts";
import { isOutOfService } from "../../src/core/site.ts";
import { MINUTE } from "./world.ts";

/** Ids of those to be served, first one first. */
export function serveNaively(pool: Pool, newcomer?: Lease): string[] {
  const left = new Map([...pool.sites.entries()].map(([name, site]) => [name, freeNaively(pool, site)]));
  const line = [...pool.leases.values()].filter((lease) => lease.state === "QUEUED" && lease.passedOver !== true);
  if (newcomer !== undefined) line.push(newcomer);
  line.sort((a, b) => arrival(a) - arrival(b) || a.sequence - b.sequence);
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

/** Of two that arrive together, one more of priority is ten minutes earlier. */
function arrival({ createdAt, priority }: Lease): number {
  return createdAt - priority * 10 * MINUTE;
}

/** Counted from the leases and rests themselves. */
function freeNaively(pool: Pool, { environment, rests }: Site): number {
  const { name, capacity } = environment.config;
  if (environment.state !== "AVAILABLE") return 0;
  const needs = [...pool.leases.values()].flatMap((lease) => lease.needs).filter((need) => need.environment === name);
  const used = needs.reduce((sum, need) => sum + need.indexes.length, 0);
  return Math.max(0, capacity - used - [...rests.keys()].filter((rest) => rest.index < capacity).length);
}
