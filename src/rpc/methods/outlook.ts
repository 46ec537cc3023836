import type { Identity } from "../../access/identity.ts";
import { type Bounds, boundsOf } from "../../core/access/bounds.ts";
import type { EnvironmentStatus } from "../../core/event.ts";
import { limits } from "../../core/limits.ts";
import { makesOnDemand } from "../../core/model/pool-config.ts";
import { noRoom } from "../../core/verbs/fleet.ts";
import { beyond } from "../../core/verbs/refusal.ts";
import { present } from "../../engine/watch/present.ts";
import type { Topic } from "../../engine/watch/subscription.ts";
import { quotasFor } from "./allowance.ts";
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
function overQuotas(service: Service, caller: Identity) {
  const { rights } = caller;
  if (!rights.has("USE")) return undefined;
  const isFull = (part: Pick<Bounds, "counting" | "uncounted">) => {
    const { quotas = [] } = quotasFor(service, caller, part);
    return quotas.some(({ name, most }) => service.engine.views.counted(name) >= most);
  };
  const counting = rights.grants.filter(({ maxLeases }) => maxLeases !== undefined);
  if (!isFull({ counting, uncounted: true })) return undefined;
  return (pool: string, name: string): boolean => isFull(boundsOf(rights, "USE", pool, [name]));
}
