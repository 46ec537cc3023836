import type { Lease } from "../../core/model/lease.ts";
import { partsOf } from "../../core/model/needs.ts";
import type { Pool } from "../../core/model/pool.ts";
import { waitsSince } from "../../core/model/reservation.ts";
import type { Capacity, Filter, Hold } from "../../store/history/history.ts";
import { sightOf } from "../../store/history/seeing.ts";
import { Slice } from "../slice.ts";
import type { Views } from "../views.ts";

/** The environments that a filter means, with one of their labels, and the leases of the filter that are held on them. */
export async function fleetOf(
  views: Views,
  filter: Filter,
  label: string,
): Promise<{ readonly fleet: Capacity[]; readonly holds: Hold[] }> {
  const fleet: Capacity[] = [];
  const holds: Hold[] = [];
  const slice = new Slice();
  // Pools are values: each stays as it was, however long it takes to look through it.
  for (const pool of [...views.pools()]) {
    if ((filter.pool ?? pool.name) !== pool.name) continue;
    const only = filter.seen && sightOf(filter.seen).within(pool.name);
    for (const [name, site] of filter.environment === undefined ? pool.sites.entries() : siteIn(pool, filter.environment)) {
      const turn = slice.next();
      if (turn !== undefined) await turn;
      if (only?.has(name) === false) continue;
      const { config } = site.environment;
      const value = Object.hasOwn(config.labels, label) ? (config.labels[label] ?? "") : "";
      fleet.push({ environment: name, pool: pool.name, capacity: config.capacity, label: value });
      for (const id of site.occupants.values()) {
        const lease = pool.leases.get(id);
        if (lease !== undefined && isMeant(lease, filter)) holds.push(...holdOn(lease, name));
      }
    }
  }
  return { fleet, holds };
}

function siteIn(pool: Pool, environment: string) {
  const site = pool.sites.get(environment);
  return site === undefined ? [] : ([[environment, site]] as const);
}

function isMeant({ id, holder, principal }: Lease, filter: Filter): boolean {
  return (filter.lease ?? id) === id && (filter.holder ?? holder.name) === holder.name && (filter.principal ?? principal) === principal;
}

/** Nothing of an offer, which nobody may ever take, nor of who cleans. */
function holdOn(lease: Lease, environment: string): Hold[] {
  const { id, pool, holder, grantedAt, heldAt, cleaning } = lease;
  if (heldAt === undefined || grantedAt === undefined || cleaning === true) return [];
  const slots = partsOf(lease).find((part) => part.environment === environment)?.slots ?? 1;
  return [{ lease: id, environment, pool, repository: holder.repository, slots, createdAt: waitsSince(lease), grantedAt }];
}
