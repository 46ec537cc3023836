/** What an Acquire asks for: environments by name and by selector, and the pool that has them all. */
import type { AcquireRequest } from "../../../gen/ts/callme/v1/lock_service_pb.ts";
import type { Need as NeedMessage } from "../../../gen/ts/callme/v1/types_pb.ts";
import { limits } from "../../core/limits.ts";
import type { NamedWant, SelectorWant, Want } from "../../core/model/lease.ts";
import { namesOf } from "../../core/model/needs.ts";
import { wrongPool } from "../../core/verbs/refusal.ts";
import { badField, refused } from "../errors.ts";
import { integer, newName } from "./fields.ts";
import { readSelector } from "./selector.ts";

/** `poolOf` knows which pool an existing environment is in. Throws invalid_argument. */
export function readNeeds(
  request: AcquireRequest,
  poolOf: (environment: string) => string | undefined,
): { readonly pool: string; readonly needs: readonly Want[] } {
  const needs = wantsOf(request);
  const pool = readPool(request, namesOf({ needs }), poolOf);
  for (const [index, need] of needs.entries())
    if ("environment" in need && poolOf(need.environment) === undefined)
      newName(request.environment === "" ? `needs[${index}].environment` : "environment", need.environment);
  return { pool, needs };
}

function wantsOf(request: AcquireRequest): Want[] {
  if (request.environment !== "" && request.needs.length > 0) throw badField("needs", "is given beside environment; give one of the two");
  if (request.environment !== "") return [{ environment: request.environment, slots: 1 }];
  if (request.needs.length === 0) throw badField("environment", "is missing; name the environment you want, or several in needs");
  const wants = request.needs.map((need, index) =>
    need.selector === "" ? named(need, `needs[${index}]`) : bySelector(need, `needs[${index}]`),
  );
  const count = wants.reduce((sum, want) => sum + ("selector" in want ? want.count : 1), 0);
  if (count > limits.needs) throw badField("needs", `ask for ${count} environments; at most ${limits.needs} are allowed`);
  const seen = new Set<string>();
  for (const [index, want] of wants.entries()) {
    if ("selector" in want) continue;
    if (seen.has(want.environment))
      throw badField(`needs[${index}].environment`, `${JSON.stringify(want.environment)} is named twice; use slots for more of it`);
    seen.add(want.environment);
  }
  return wants;
}

function named(need: NeedMessage, at: string): NamedWant {
  const { environment } = need;
  if (environment === "")
    throw badField(`${at}.environment`, `is missing; name an environment, or select some by their labels in ${at}.selector`);
  if (need.count > 1) throw badField(`${at}.count`, `${need.count} of one named environment cannot be had; use slots`);
  return { environment, slots: slotsOf(need, at) };
}

function bySelector(need: NeedMessage, at: string): SelectorWant {
  if (need.environment !== "") throw badField(`${at}.selector`, "is given beside environment; give one of the two");
  const selector = readSelector(`${at}.selector`, need.selector);
  return { selector, count: integer(`${at}.count`, need.count || 1, 1, limits.needs), slots: slotsOf(need, at) };
}

function slotsOf({ slots }: NeedMessage, at: string): number {
  return integer(`${at}.slots`, slots || 1, 1, limits.capacity);
}

/** The one pool of all needs; what does not exist yet joins the others. */
function readPool(request: AcquireRequest, names: readonly string[], poolOf: (environment: string) => string | undefined): string {
  const first = names.find((name) => poolOf(name) !== undefined);
  const pool = request.pool || (first && poolOf(first)) || "default";
  for (const name of names) {
    const owner = poolOf(name) ?? pool;
    if (owner === pool) continue;
    if (request.pool !== "") throw refused(wrongPool(name, owner, pool));
    throw refused(wrongPool(name, owner, pool, `, as ${JSON.stringify(first)} is; all of a request share one, so ask for them one by one`));
  }
  return request.pool === "" ? pool : newName("pool", pool);
}
