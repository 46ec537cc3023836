import type { Pool } from "./model/pool.ts";

/** How much there is of what limits.ts bounds. An environment that could be forgotten counts in none of them. */
export interface Totals {
  readonly environments: number;
  readonly leases: number;
  readonly waiters: number;
  /** Pools with an environment, or a configuration. */
  readonly pools: number;
}

/** What one pool has. */
export function totalsOf({ sites, idle, leases, waiters, config }: Pool): Totals {
  const environments = sites.size - idle.size;
  return { environments, leases: leases.size, waiters, pools: Number(environments > 0 || config !== undefined) };
}
