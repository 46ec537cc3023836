import type { Identity } from "../../access/identity.ts";
import type { Names } from "../../core/access/sight.ts";
import { didYouMean, near } from "../../core/verbs/refusal.ts";
import { ofPool, type PoolTopic, type Topic } from "../../engine/watch/subscription.ts";
import { badField, failure } from "../errors.ts";
import { onPool } from "../guards.ts";
import { learn, seesPool, sightOf } from "../sight.ts";
import type { Service } from "./call.ts";
import { newName } from "./fields.ts";
import { nearNames } from "./misspellings.ts";
import { readSelector } from "./selector.ts";

/** What a Check or a watch is about. */
interface About {
  readonly environment: string;
  readonly pool: string;
  readonly selector: string;
}

/**
 * What a Check or a watch names: an environment or, exactly one of the two, a pool, of which a selector may choose, and the caller's rights
 * do. An unknown environment is fine where Acquire would create it.
 */
export async function topicOf(service: Service, request: About, caller: Identity): Promise<Topic> {
  const { environment, selector } = request;
  const pool = request.pool === "" && selector !== "" ? "default" : request.pool;
  if (environment !== "" && selector !== "") throw badField("selector", "is given beside environment; give one of the two");
  if ((environment === "") === (pool === "")) throw badField("environment", "give either environment or pool");
  const { views } = service.engine;
  if (pool !== "") return poolTopic(service, pool, selector, caller);
  if (views.ownerOf(environment) !== undefined) return { environment };
  if (views.makesOnDemand("default", service.autoCreate)) return { environment: newName("environment", environment) };
  const message = `there is no environment ${JSON.stringify(environment)}${didYouMean(nearNames(views, caller, environment))}`;
  throw failure("ENVIRONMENT_NOT_FOUND", message, { field: "environment", metadata: { environment } });
}

async function poolTopic(service: Service, pool: string, written: string, caller: Identity): Promise<PoolTopic> {
  const only = await seenOf(service, pool, caller);
  const selector = written === "" ? undefined : readSelector("selector", written);
  return ofPool(pool, selector, only);
}

/** What a caller sees of a pool that there is, or was; undefined: all of it. Throws permission_denied where that is nothing, or not_found. */
async function seenOf(service: Service, pool: string, caller: Identity): Promise<Names | undefined> {
  const only = sightOf(caller)?.within(pool);
  if (only !== undefined) onPool({ service, caller, role: "VIEW", message: { pool } });
  await learn(only, service.engine.views.pool(pool));
  knownPool(service, pool, caller);
  return only;
}

/** A pool that there is, or was, and of which the caller sees something; throws not_found. */
export function knownPool({ engine: { views } }: Service, pool: string, caller: Identity): string {
  const sight = sightOf(caller);
  // A pool that was ever written has a revision.
  if (pool === "default" || (views.pool(pool).revision > 0 && seesPool(sight, views.pool(pool)))) return pool;
  const pools = [...views.pools()].map((known) => known.name);
  const isTold = (name: string) => seesPool(sight, views.pool(name));
  throw failure("POOL_NOT_FOUND", `there is no pool ${JSON.stringify(pool)}${near(pool, pools, isTold)}`, { field: "pool" });
}
