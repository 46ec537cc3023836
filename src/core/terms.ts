/** How long a lease may live: what was asked for, within what its environments allow. */

import type { Acquire } from "./command.ts";
import { limits } from "./limits.ts";
import type { EnvironmentConfig, Lease, Micros, Pool } from "./model.ts";
import { sitesOf, type Wanting } from "./needs.ts";

/** The ttl and max_hold of a request, clamped to the strictest of its environments. A lease of /maybe has neither unless a ttl is set. */
export function termsOf(pool: Pool, command: Acquire): { ttl?: Micros; maxHold?: Micros } {
  if (command.legacy && command.ttl === undefined) return {};
  const configs = configsOf(pool, command);
  const ttl = Math.min(command.ttl ?? strictest(configs, "defaultTtl", limits.defaultTtl), strictest(configs, "maxTtl", limits.maxTtl));
  const longest = strictest(configs, "maxHold", limits.maxTtl);
  const usual = configs.some((config) => config.maxHold !== undefined) ? longest : Math.max(limits.defaultMaxHold, ttl);
  const maxHold = Math.min(command.maxHold ?? usual, longest);
  return { ttl: Math.min(ttl, maxHold), maxHold };
}

/** A new ttl for a lease, clamped likewise. */
export function clampTtl(pool: Pool, lease: Lease, ttl: Micros): Micros {
  return Math.min(ttl, strictest(configsOf(pool, lease), "maxTtl", limits.maxTtl), lease.maxHold ?? limits.maxTtl);
}

/** The ttl and max_hold of a lease within what its environments allow: those that a selector chose were not known before. */
export function allowed(pool: Pool, lease: Lease): Pick<Lease, "ttl" | "maxHold"> {
  if (lease.ttl === undefined) return {};
  const longest = strictest(configsOf(pool, lease), "maxHold", limits.maxTtl);
  const maxHold = Math.min(lease.maxHold ?? longest, longest);
  return { ttl: Math.min(clampTtl(pool, lease, lease.ttl), maxHold), maxHold };
}

function configsOf(pool: Pool, wanting: Wanting): EnvironmentConfig[] {
  return sitesOf(pool, wanting).map(({ site }) => site.environment.config);
}

/** The smallest value that one of the environments sets. */
function strictest(configs: readonly EnvironmentConfig[], key: "defaultTtl" | "maxTtl" | "maxHold", otherwise: Micros): Micros {
  return Math.min(...configs.map((config) => config[key] ?? otherwise));
}
