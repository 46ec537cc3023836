/** Rule 1 as it is written, with no cleverness: walks the whole line, and everybody in it. What line.ts and placing.ts must agree with. */
import type { Lease, Need, SelectorWant, Want } from "../../src/core/model/lease.ts";
import { partsOf, selectorsOf } from "../../src/core/model/needs.ts";
import type { Pool, Site } from "../../src/core/model/pool.ts";
import { matches } from "../../src/core/model/selector.ts";
import { isOutOfService } from "../../src/core/model/site.ts";
import { MINUTE } from "./world.ts";

/** How many slots there are, by environment. */
type Left = ReadonlyMap<string, number>;

/** Ids of those to be served, first one first. Who waits by selector must have been placed. Throws if one of them is placed wrongly. */
export function serveNaively(pool: Pool, newcomer?: Lease): string[] {
  const left = new Map([...pool.sites.entries()].map(([name, site]) => [name, freeNaively(pool, site)]));
  const inService = new Map([...pool.sites.entries()].map(([name, site]) => [name, capacityInService(site)]));
  const waiting = [...pool.leases.values()].filter((lease) => lease.state === "QUEUED" && lease.passedOver !== true);
  // Who has reserved for later is as good as absent before that time.
  const line = waiting.filter(({ notBefore = 0 }) => notBefore <= pool.at);
  if (newcomer !== undefined) line.push(newcomer);
  line.sort((a, b) => arrival(a) - arrival(b) || a.sequence - b.sequence);
  const served: string[] = [];
  for (const lease of line) {
    const named = partsOf(lease);
    const choices = choicesOf(pool, lease, left);
    const fits = named.every((need) => (left.get(need.environment) ?? 0) >= need.slots) && choices.length > 0;
    const claims = named.every((need) => (inService.get(need.environment) ?? 0) > 0) && choicesOf(pool, lease, inService).length > 0;
    if (fits) served.push(lease.id);
    // Those behind a newcomer have not been placed behind it yet.
    if (lease === newcomer) break;
    if (!fits && !claims) continue;
    const taken = new Map(named.map((need) => [need.environment, need.slots]));
    if (selectorsOf(lease).length > 0)
      for (const [name, slots] of chosenBy(pool, lease, left, fits ? choices : [], inService)) taken.set(name, slots);
    for (const [name, slots] of taken) left.set(name, Math.max(0, (left.get(name) ?? 0) - slots));
  }
  return served;
}

/** Every way to give the selectors of a waiter what they want, by trying them all: names of environments, in the order of the wants. */
function choicesOf(pool: Pool, { needs }: { readonly needs: readonly (Want | Need)[] }, left: Left): string[][] {
  const named = new Set(needs.flatMap((need) => ("environment" in need ? [need.environment] : [])));
  const wants = selectorsOf({ needs }).flatMap((want) => Array.from({ length: want.count }, () => want));
  let found: string[][] = [[]];
  for (const want of wants) {
    const { slots } = want;
    const fitting = matching(pool, want).filter((name) => !named.has(name) && (left.get(name) ?? 0) >= slots);
    found = found.flatMap((names) => fitting.flatMap((name) => (names.includes(name) ? [] : [[...names, name]])));
  }
  return found;
}

/**
 * What a waiter takes by selector. Several choices can be equally good, so the product's own is taken and judged: that it gives what is
 * there and no more, that of all choices it has the environments not used for longest, and, where nothing fits, that it gathers what is free
 * of a complete choice, of the nearest one, and leaves no free slot that it still needs.
 */
function chosenBy(pool: Pool, lease: Lease, left: Left, choices: readonly string[][], inService: Left): Map<string, number> {
  const placing = pool.selecting.get({ time: arrival(lease), sequence: lease.sequence });
  if (placing === undefined) throw new Error(`${lease.id} has not been placed`);
  const { claims, served } = placing;
  const named = new Set(partsOf(lease).map((need) => need.environment));
  const chosen = new Map([...claims].filter(([name]) => !named.has(name)));
  const judge = (holds: boolean, rule: string) => {
    if (!holds) throw new Error(`${lease.id} takes ${JSON.stringify([...claims])} of ${JSON.stringify([...left])}: ${rule}`);
  };
  judge((served !== undefined) === choices.length > 0, `it fits in ${choices.length} ways`);
  for (const [name, slots] of chosen) judge(slots > 0 && slots <= (left.get(name) ?? 0), `${name} has less`);
  if (choices.length > 0) {
    const age = (name: string) => [String(pool.sites.get(name)?.environment.fence ?? 0).padStart(16, "0"), name].join(" ");
    const [oldest] = choices.map((names) => names.map(age).sort().join()).sort();
    judge([...chosen.keys()].map(age).sort().join() === oldest, "another choice has been unused for longer");
    return chosen;
  }
  const wants = selectorsOf(lease);
  const one = wants.flatMap((want) => Array.from({ length: want.count }, () => want.slots));
  const free = (name: string, slots: number) => Math.min(slots, left.get(name) ?? 0);
  const goals = choicesOf(pool, lease, inService);
  const worth = (names: string[]) => names.reduce((sum, name) => sum + free(name, Math.max(...one)), 0);
  const best = Math.max(...goals.map(worth));
  const gathers = (names: string[]) => names.every((name, index) => (chosen.get(name) ?? 0) >= free(name, one[index] ?? 0));
  judge(
    goals.some((names) => worth(names) === best && gathers(names)),
    "it gathers no complete choice, or one that is further away",
  );
  const taken = [...chosen.values()].reduce((sum, slots) => sum + slots, 0);
  const needed = one.reduce((sum, slots) => sum + slots, 0);
  judge(taken <= needed, `it needs ${needed} slots`);
  for (const name of chosen.keys())
    judge(
      wants.some((one) => matching(pool, one).includes(name) && (inService.get(name) ?? 0) >= one.slots),
      `${name} would not do`,
    );
  const [want, ...others] = wants;
  if (want === undefined || others.length > 0) return chosen;
  const most = matching(pool, want)
    .filter((name) => !named.has(name) && (inService.get(name) ?? 0) >= want.slots)
    .reduce((sum, name) => sum + free(name, want.slots), 0);
  judge(taken === Math.min(most, needed), `of ${most} slots it takes ${taken}`);
  return chosen;
}

/** The configured environments that a selector matches, and that whoever asks may use. */
function matching(pool: Pool, { selector, only }: SelectorWant): string[] {
  const sites = [...pool.sites.entries()];
  return sites
    .filter(([, { environment }]) => environment.onDemand !== true && matches(selector, environment.config.labels))
    .map(([name]) => name)
    .filter((name) => only === undefined || only.some((glob) => isLike(name, glob)));
}

/** Written once more, so that the product's own matching is judged as well. */
function isLike(name: string, glob: string): boolean {
  const expression = glob === "*" ? "[^]*" : glob.replaceAll("*", "[^/]*").replaceAll("?", "[^/]");
  return new RegExp(`^${expression}$`).test(name);
}

/** Of two that arrive together, one more of priority is ten minutes earlier. */
function arrival({ createdAt, priority }: Lease): number {
  return createdAt - priority * 10 * MINUTE;
}

function capacityInService({ environment }: Site): number {
  return isOutOfService(environment) ? 0 : environment.config.capacity;
}

/** Counted from the leases and rests themselves. */
function freeNaively(pool: Pool, { environment, rests }: Site): number {
  const { name, capacity } = environment.config;
  if (environment.state !== "AVAILABLE") return 0;
  const parts = [...pool.leases.values()].flatMap(partsOf).filter((part) => part.environment === name);
  const used = parts.reduce((sum, part) => sum + part.indexes.length, 0);
  return Math.max(0, capacity - used - [...rests.keys()].filter((rest) => rest.index < capacity).length);
}
