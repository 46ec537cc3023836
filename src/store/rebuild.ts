import { ACCESS_POOL } from "../core/access/key.ts";
import { poolOfRows } from "../core/loading.ts";
import type { Pool } from "../core/model/pool.ts";
import type { Loaded } from "./medium.ts";

/** The rows, with each pool's revision and time as of its last commit: a live lease may bear them in place of the pool's own row. */
export function upToDate(loaded: Loaded): Loaded {
  const pools = new Map(loaded.pools.map((row) => [row.name, row]));
  for (const { pool: name, revision } of loaded.leases)
    if (revision > (pools.get(name)?.revision ?? 0)) pools.set(name, { name, revision, at: revision });
  return { ...loaded, pools: [...pools.values()] };
}

/**
 * Makes pools of all stored rows. A pool whose rows contradict each other is passed to `refuse`, with the cause; the others do not depend
 * on it.
 */
export function rebuild(loaded: Loaded, refuse: (pool: string, cause: unknown) => void): Pool[] {
  const rows = new Map(loaded.pools.map((row) => [row.name, row]));
  const settings = new Map(loaded.settings.map(({ pool, config }) => [pool, config]));
  const environments = Map.groupBy(loaded.environments, (environment) => environment.config.pool);
  const leases = Map.groupBy(loaded.leases, (lease) => lease.pool);
  const names = new Set([...rows.keys(), ...settings.keys(), ...environments.keys(), ...leases.keys()]);
  return [...names].flatMap((name) => {
    const config = settings.get(name);
    try {
      const row = { ...(rows.get(name) ?? { name, revision: 0, at: 0 }), ...(config && { config }) };
      const keys = name === ACCESS_POOL ? loaded.keys : [];
      return [poolOfRows(row, environments.get(name) ?? [], leases.get(name) ?? [], keys)];
    } catch (cause) {
      refuse(name, cause);
      return [];
    }
  });
}
