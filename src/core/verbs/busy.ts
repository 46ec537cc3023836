/** Why a request is not granted now: the answer to an Acquire with if_busy FAIL. */

import type { Refusal } from "../command.ts";
import { leaseOf } from "../ledger.ts";
import { limits } from "../limits.ts";
import { allFor, someFor } from "../line/candidates.ts";
import { choose, shortlist } from "../line/choosing.ts";
import { type Lease, type SelectorWant, type Want, whoInFull } from "../model/lease.ts";
import { type Part, selectorsOf, sitesOf } from "../model/needs.ts";
import type { Pool, Site } from "../model/pool.ts";
import { textOf } from "../model/selector-text.ts";
import { freeSlots, restingSlots, wouldDo } from "../model/site.ts";

/** How many of the environments that a selector matches an answer counts. */
const COUNTED = 500;

/** The refusal of a request that is not granted: busy or, if the configuration can never meet it, unsatisfiable. */
export function notGranted(pool: Pool, wanted: readonly Want[]): Refusal {
  const note = unsatisfiable(pool, wanted);
  if (note !== undefined) return { ok: false, reason: "UNSATISFIABLE", field: "needs", message: `it can never be granted: ${note}` };
  const { obstacles, metadata } = inTheWay(pool, wanted);
  return { ok: false, reason: "ENVIRONMENT_BUSY", message: `${obstacles.join("; ")}; nothing is left in line`, metadata };
}

/** What keeps a request from being granted now, in words, and as facts. */
export function inTheWay(
  pool: Pool,
  wanted: readonly Want[],
): { readonly obstacles: readonly string[]; readonly metadata: Readonly<Record<string, string>> } {
  const named = sitesOf(pool, { needs: wanted }).filter(isScarce);
  const candidates = candidatesOf(pool, wanted);
  const others = candidates.slice(0, COUNTED).filter(isScarce);
  const scarce = [...named, ...others.slice(0, limits.named)];
  const obstacles = scarce.map(({ site, slots }) => obstacle(pool, site, slots));
  const more = `${candidates.length > COUNTED ? "at least " : ""}${others.length - limits.named} more`;
  if (others.length > limits.named) obstacles.push(`${more} that would do are not free either`);
  const holders = scarce.flatMap(({ site }) => holdersOf(pool, site)).slice(0, limits.named);
  return {
    obstacles,
    metadata: {
      environments: scarce.map(({ site }) => site.environment.config.name).join(", "),
      holders: holders.map(whoInFull).join(", "),
      lease_ids: holders.map((lease) => lease.id).join(", "),
    },
  };
}

function isScarce({ site, slots }: Part): boolean {
  return freeSlots(site) < slots || site.ready.size > 0;
}

/** Why the present configuration can never meet a request; undefined if it can. The state of an environment is no such reason. */
export function unsatisfiable(pool: Pool, wanted: readonly Want[]): string | undefined {
  for (const want of wanted) {
    if ("selector" in want) continue;
    const site = pool.sites.get(want.environment);
    if (site === undefined) return `there is no environment ${want.environment}`;
    const { capacity } = site.environment.config;
    if (want.slots > capacity) return `${want.environment} has ${counted(capacity, "slot")}, fewer than the ${want.slots} asked for`;
  }
  const wants = selectorsOf({ needs: wanted });
  if (wants.length === 0) return undefined;
  const listed = shortlist(
    { needs: wanted },
    (want) => allFor(pool, want),
    () => true,
  );
  const { chosen, complete } = choose(wants, listed, (site) => site.environment.config.capacity);
  if (complete) return undefined;
  const index = wants.findIndex(({ count }, at) => (chosen[at]?.length ?? 0) < count);
  const want = wants[index];
  return want && scarcity(pool, want, chosen[index]?.length ?? 0);
}

/** What a selector does not find enough of. */
function scarcity(pool: Pool, want: SelectorWant, left: number): string {
  const { selector, slots, count, only } = want;
  const all = allFor(pool, want).reduce((sum) => sum + 1, 0);
  const allowed = only === undefined ? "" : " that this caller may use";
  const found = `in pool ${pool.name}, ${textOf(selector)} matches ${counted(all, "environment")} with ${counted(slots, "slot")}${allowed}`;
  const others = all === left ? "" : `, of which what else is asked for leaves ${left}`;
  return `${found}${others}, fewer than the ${count} asked for`;
}

/** The environments that could be chosen for the selectors of a request, with the most slots that one of these wants; one more than are counted. */
function candidatesOf(pool: Pool, needs: readonly Want[]): Part[] {
  const wants = selectorsOf({ needs });
  return [...someFor({ needs }, (want) => allFor(pool, want), COUNTED + 1)].map((site) => {
    const slots = Math.max(...wants.filter((want) => wouldDo(want, site)).map((want) => want.slots));
    return { name: site.environment.config.name, site, slots };
  });
}

/** What keeps so many slots of an environment from being granted, in words. */
function obstacle(pool: Pool, site: Site, slots: number): string {
  const { config, state, stateReason } = site.environment;
  if (state !== "AVAILABLE") return `${config.name} is ${state}${stateReason === "" ? "" : ` (${stateReason})`}`;
  const holders = holdersOf(pool, site);
  const others = site.occupants.size - holders.length;
  const names = holders.map((lease) => `${lease.state === "OFFERED" ? "offered to" : "held by"} ${whoInFull(lease)}`);
  const facts = [...names, ...(others > 0 ? [`${others} more`] : [])];
  const resting = restingSlots(site);
  if (resting > 0) facts.push(config.capacity === 1 ? "resting after its last holder" : `${counted(resting, "slot")} resting`);
  if (site.ready.size > 0) facts.push(`claimed by ${site.ready.size} in line`);
  if (config.capacity === 1) return `${config.name} is ${facts.join(", ")}`;
  return `${config.name} has ${freeSlots(site)} of ${config.capacity} slots free, ${slots} asked for (${facts.join(", ")})`;
}

/** `1 slot`, `2 slots`. */
function counted(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

function holdersOf(pool: Pool, site: Site): Lease[] {
  const holders: Lease[] = [];
  for (const id of site.occupants.values()) {
    if (holders.length >= limits.named) break;
    holders.push(leaseOf(pool, id));
  }
  return holders;
}
