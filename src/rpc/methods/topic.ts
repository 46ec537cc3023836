import { textOf } from "../../core/model/selector-text.ts";
import { didYouMean, near } from "../../core/verbs/refusal.ts";
import type { Selection, Topic } from "../../engine/watch/subscription.ts";
import { badField, failure } from "../errors.ts";
import type { Service } from "./call.ts";
import { newName } from "./fields.ts";
import { readSelector } from "./selector.ts";

/** What a Check or a watch is about. */
interface About {
  readonly environment: string;
  readonly pool: string;
  readonly selector: string;
}

/**
 * What a Check or a watch names: an environment or, exactly one of the two, a pool, of which a selector may choose. An unknown environment is
 * fine where Acquire would create it.
 */
export function topicOf(service: Service, request: About): Topic {
  const { environment, selector } = request;
  const pool = request.pool === "" && selector !== "" ? "default" : request.pool;
  if (environment !== "" && selector !== "") throw badField("selector", "is given beside environment; give one of the two");
  if ((environment === "") === (pool === "")) throw badField("environment", "give either environment or pool");
  const { views } = service.engine;
  if (pool !== "") return { pool: knownPool(service, pool), ...(selector !== "" && { selection: selectionOf(selector) }) };
  if (views.ownerOf(environment) !== undefined) return { environment };
  if (views.makesOnDemand("default", service.autoCreate)) return { environment: newName("environment", environment) };
  const message = `there is no environment ${JSON.stringify(environment)}${didYouMean(views.near(environment))}`;
  throw failure("ENVIRONMENT_NOT_FOUND", message, { field: "environment", metadata: { environment } });
}

function selectionOf(written: string): Selection {
  const selector = readSelector("selector", written);
  return { selector, text: textOf(selector) };
}

/** A pool that there is, or was; throws not_found. */
export function knownPool({ engine: { views } }: Service, pool: string): string {
  // A pool that was ever written has a revision.
  if (pool === "default" || views.pool(pool).revision > 0) return pool;
  const pools = [...views.pools()].map((known) => known.name);
  throw failure("POOL_NOT_FOUND", `there is no pool ${JSON.stringify(pool)}${near(pool, pools)}`, { field: "pool" });
}
