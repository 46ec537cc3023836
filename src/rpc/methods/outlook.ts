import type { EnvironmentStatus } from "../../core/event.ts";
import { limits } from "../../core/limits.ts";
import { makesOnDemand } from "../../core/model/pool-config.ts";
import { noRoom } from "../../core/verbs/fleet.ts";
import { beyond } from "../../core/verbs/refusal.ts";
import { present } from "../../engine/watch/present.ts";
import type { Topic } from "../../engine/watch/subscription.ts";
import type { Service } from "./call.ts";

/**
 * The present state of a topic, for Check and GET /maybe alike. `available` tells what an Acquire of one slot would get now: nothing at a
 * limit or on a full disk, nor for an unknown name where names are not made on demand.
 */
export function outlook(service: Service, topic: Topic): readonly EnvironmentStatus[] {
  const { pool, environments } = present(service.engine, topic);
  const { views } = service.engine;
  const { totals, isOpen } = views;
  const crowded = beyond(pool.leases.size, totals.leases, limits.leases, "leases") !== undefined;
  const home = "pool" in topic ? pool : views.homeOf(topic.environment);
  const creates = makesOnDemand(home, service.autoCreate) && noRoom({ pool: home, totals: () => totals }) === undefined;
  const had = ({ name }: EnvironmentStatus) => isOpen && !crowded && (creates || pool.sites.has(name));
  if (environments.every(had)) return environments;
  return environments.map((status) => ({ ...status, available: status.available && had(status) }));
}
