import { near } from "../../core/refusal.ts";
import type { Topic } from "../../engine/hub.ts";
import { badField, failure } from "../errors.ts";
import type { Service } from "./call.ts";
import { newName } from "./fields.ts";

/** What a Check or a watch names: an environment or a pool, exactly one. An unknown environment is fine where Acquire would create it. */
export function topicOf(service: Service, request: { readonly environment: string; readonly pool: string }): Topic {
  const { environment, pool } = request;
  if ((environment === "") === (pool === "")) throw badField("environment", "give either environment or pool");
  const { store } = service.engine;
  if (pool !== "") {
    const pools = [...store.pools()].map((known) => known.name);
    if (pool === "default" || pools.includes(pool)) return { pool };
    throw failure("POOL_NOT_FOUND", `there is no pool ${JSON.stringify(pool)}${near(pool, pools)}`, { field: "pool" });
  }
  if (store.ownerOf(environment) !== undefined) return { environment };
  if (service.autoCreate) return { environment: newName("environment", environment) };
  const known = [...store.pools()].flatMap((one) => [...one.sites.keys()]);
  const message = `there is no environment ${JSON.stringify(environment)}${near(environment, known)}`;
  throw failure("ENVIRONMENT_NOT_FOUND", message, { field: "environment", metadata: { environment } });
}
