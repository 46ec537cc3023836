import type { Identity } from "../../access/identity.ts";
import { boundsOf } from "../../core/access/bounds.ts";
import type { EnvironmentStatus } from "../../core/event.ts";
import { limits } from "../../core/limits.ts";
import { makesOnDemand } from "../../core/model/pool-config.ts";
import { noRoom } from "../../core/verbs/fleet.ts";
import { beyond } from "../../core/verbs/refusal.ts";
import { present } from "../../engine/watch/present.ts";
import type { Topic } from "../../engine/watch/subscription.ts";
import { quotaOf } from "./allowance.ts";
import type { Service } from "./call.ts";

/**
 * The present state of a topic, for Check and GET /maybe alike. `available` tells what an Acquire of one slot would get now: nothing at a
 * limit, the caller's own quota included, or on a full disk, nor for an unknown name where names are not made on demand. To who may not use
 * it, it tells what others would get.
 */
export function outlook(service: Service, topic: Topic, caller: Identity): readonly EnvironmentStatus[] {
  const { pool, environments } = present(service.engine, topic);
  const { views } = service.engine;
  const { totals, isOpen } = views;
  const crowded = beyond(pool.leases.size, totals.leases, limits.leases, "leases") !== undefined;
  const home = "pool" in topic ? pool : views.homeOf(topic.environment);
  const creates = makesOnDemand(home, service.autoCreate) && noRoom({ pool: home, totals: () => totals }) === undefined;
  const isOver = overQuotas(service, caller);
  const had = ({ name }: EnvironmentStatus) =>
    isOpen && !crowded && (creates || pool.sites.has(name)) && isOver?.(home.name, name) !== true;
  if (environments.every(had)) return environments;
  return environments.map((status) => ({ ...status, available: status.available && had(status) }));
}

/** Whether a caller has as many leases as it may where it would ask for an environment; undefined: nowhere. */
function overQuotas({ engine: { views } }: Service, { rights, principal }: Identity) {
  const most = (grant: number) => rights.grants[grant]?.maxLeases ?? Number.POSITIVE_INFINITY;
  const isFull = (grant: number) => most(grant) !== Number.POSITIVE_INFINITY && views.counted(quotaOf(principal, grant)) >= most(grant);
  const full = new Set(rights.grants.keys().filter(isFull));
  if (full.size === 0) return undefined;
  return (pool: string, name: string): boolean => {
    const { quota } = boundsOf(rights, "USE", pool, [name]);
    return quota !== undefined && full.has(quota.grant);
  };
}
