import { didYouMean, near } from "../../core/verbs/refusal.ts";
import type { Topic } from "../../engine/watch/subscription.ts";
import { badField, failure } from "../errors.ts";
import type { Service } from "./call.ts";
import { newName } from "./fields.ts";

/** What a Check or a watch names: an environment or a pool, exactly one. An unknown environment is fine where Acquire would create it. */
export function topicOf(service: Service, request: { readonly environment: string; readonly pool: string }): Topic {
  const { environment, pool } = request;
  if ((environment === "") === (pool === "")) throw badField("environment", "give either environment or pool");
  const { views } = service.engine;
  if (pool !== "") {
    // A pool that was ever written has a revision.
    if (pool === "default" || views.pool(pool).revision > 0) return { pool };
    const pools = [...views.pools()].map((known) => known.name);
    throw failure("POOL_NOT_FOUND", `there is no pool ${JSON.stringify(pool)}${near(pool, pools)}`, { field: "pool" });
  }
  if (views.ownerOf(environment) !== undefined) return { environment };
  if (views.makesOnDemand("default", service.autoCreate)) return { environment: newName("environment", environment) };
  const message = `there is no environment ${JSON.stringify(environment)}${didYouMean(views.near(environment))}`;
  throw failure("ENVIRONMENT_NOT_FOUND", message, { field: "environment", metadata: { environment } });
}
