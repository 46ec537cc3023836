/** How long a lease may live: what was asked for, within what its environments allow. */

import { limits } from "../limits.ts";
import type { EnvironmentConfig } from "../model/environment.ts";
import type { Asked, Lease, Terms } from "../model/lease.ts";
import { sitesOf, type Wanting } from "../model/needs.ts";
import type { Pool } from "../model/pool.ts";
import type { Micros } from "../model/units.ts";

/**
 * The ttl and max_hold of a request, clamped to the strictest of its environments; those that a selector may choose count once they are
 * chosen. A lease of /maybe has neither unless a ttl is set, or its caller may not hold it for ever. One that claims itself has no ttl unless it is asked for, as nobody renews it,
 * and its not_after bounds it where its environments have no max_hold.
 */
export function termsOf(pool: Pool, request: Wanting & Asked & Pick<Lease, "legacy" | "autoClaim">): Terms {
  if (request.legacy && request.ttl === undefined) return request.longest === undefined ? {} : { maxHold: request.longest };
  const configs = configsOf(pool, request);
  const allowed = request.longest ?? limits.maxTtl;
  if (request.autoClaim === true && request.ttl === undefined) {
    const longest = Math.min(strictest(configs, "maxHold", limits.maxTtl), allowed);
    return { maxHold: Math.min(request.maxHold ?? longest, longest) };
  }
  const ttl = Math.min(request.ttl ?? strictest(configs, "defaultTtl", limits.defaultTtl), strictest(configs, "maxTtl", limits.maxTtl));
  const longest = Math.min(strictest(configs, "maxHold", limits.maxTtl), allowed);
  const usual = configs.some((config) => config.maxHold !== undefined) ? longest : Math.max(limits.defaultMaxHold, ttl);
  const maxHold = Math.min(request.maxHold ?? usual, longest);
  return { ttl: Math.min(ttl, maxHold), maxHold };
}

/** The lease with a new ttl, clamped likewise; the same one if that changes nothing. What is held without a ttl gets none. */
export function withTtl(pool: Pool, lease: Lease, asked: Micros | undefined): Lease {
  if (asked === undefined || lease.ttl === undefined) return lease;
  const ttl = Math.min(asked, strictest(configsOf(pool, lease), "maxTtl", limits.maxTtl), lease.maxHold ?? limits.maxTtl);
  const known = lease.asked === undefined || lease.asked.ttl === asked;
  if (known) return ttl === lease.ttl ? lease : { ...lease, ttl };
  return { ...lease, ttl, asked: { ...lease.asked, ttl: asked } };
}

function configsOf(pool: Pool, wanting: Wanting): EnvironmentConfig[] {
  return sitesOf(pool, wanting).map(({ site }) => site.environment.config);
}

/** The smallest value that one of the environments sets; `otherwise` for those that set none. */
function strictest(configs: readonly EnvironmentConfig[], key: "defaultTtl" | "maxTtl" | "maxHold", otherwise: Micros): Micros {
  return configs.length === 0 ? otherwise : Math.min(...configs.map((config) => config[key] ?? otherwise));
}
