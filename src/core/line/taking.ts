/** What one who waits by selector takes out of what those ahead of it leave: all that it wants, or what it claims until then. */
import { byUse, useOf } from "../model/labels.ts";
import type { Need, SelectorWant } from "../model/lease.ts";
import { partsOf, selectorsOf, sitesOf, withChosen } from "../model/needs.ts";
import type { LastGrant, Placing, Pool, Rank, Site } from "../model/pool.ts";
import { rankOf, type Waiter } from "../model/rank.ts";
import { freeSlots, isOutOfService, siteOf, wouldDo } from "../model/site.ts";
import { ascending } from "../model/sorted.ts";
import { freeFor, servingFor } from "./candidates.ts";
import { choose, type Order, type Room, shortlist } from "./choosing.ts";

/** What a waiter takes out of what there is for it. */
export type Taking = Omit<Placing, "lease" | "passedOver">;

/** Nothing, as it waits for what is out of service. */
const BLOCKED: Taking = { claims: new Map(), blocked: true };

/** What is free of a site for somebody of this rank: less what everybody ahead takes. */
export function roomOf(site: Site, rank: Rank): number {
  const free = freeSlots(site);
  return free === 0 ? 0 : Math.max(0, free - site.ready.weightBefore(rank));
}

/** What a waiter takes: all that it wants, if it fits; if not, it claims. */
export function takingOf(pool: Pool, waiter: Waiter): Taking {
  const served = fitting(pool, waiter);
  if (served === undefined) return claiming(pool, waiter);
  return { claims: new Map(partsOf({ needs: served }).map(({ environment, slots }) => [environment, slots])), served };
}

/** The needs of a waiter, or a newcomer, with the environments that it would be granted now; undefined if it does not fit. */
export function fitting(pool: Pool, waiter: Waiter): readonly Need[] | undefined {
  const rank = rankOf(waiter);
  const room: Room = (site) => roomOf(site, rank);
  if (!sitesOf(pool, waiter).every(({ site, slots }) => room(site) >= slots)) return undefined;
  const listed = shortlist(
    waiter,
    (want) => freeFor(pool, want),
    (site, want) => room(site) >= want.slots,
  );
  const { chosen, complete } = choose(selectorsOf(waiter), [...listed].sort(bySiteUse), room);
  return complete ? withChosen(waiter.needs, chosen) : undefined;
}

/**
 * What a waiter that does not fit keeps from those behind it. It has a goal: of all complete choices of environments that are in service
 * the one of which most is free. It claims what is free of that, and of others that would do as many slots as it still needs. It must be
 * a complete choice: else what one of its wants gets could be what only another one can use, and so nobody would ever gather the rest.
 * Who has none waits for what is out of service for an unknown time, and keeps nobody waiting.
 */
function claiming(pool: Pool, waiter: Waiter): Taking {
  const named = sitesOf(pool, waiter);
  if (named.some(({ site }) => isOutOfService(site.environment))) return BLOCKED;
  const wants = selectorsOf(waiter);
  const rank = rankOf(waiter);
  const room: Room = (site) => roomOf(site, rank);
  const widest = Math.max(...wants.map((want) => want.slots));
  // Among those of which nothing is free their use says nothing, and may change without a word to who waits.
  const mostFree: Order = (a, b) =>
    Math.min(room(b), widest) - Math.min(room(a), widest) || (room(a) > 0 ? bySiteUse(a, b) : ascending(nameOf(a), nameOf(b)));
  const roomy = (want: SelectorWant) => roomyFor(pool, want, room, widest, mostFree);
  const listed = shortlist(
    waiter,
    function* both(want) {
      yield* roomy(want);
      for (const site of servingFor(pool, want)) if (room(site) === 0) yield site;
    },
    () => true,
  );
  const goal = choose(wants, [...listed].sort(mostFree), slotsInService);
  if (!goal.complete) return BLOCKED;
  const claims = new Map(named.map(({ name, slots }) => [name, slots]));
  /** Claims up to so many slots of each of the sites that are not claimed yet, and tells how many of them are still missing. */
  const claim = (sites: Iterable<Site>, { slots }: SelectorWant, missing: number): number => {
    let left = missing;
    for (const site of left === 0 ? [] : sites) {
      const claimed = claims.get(nameOf(site)) ?? 0;
      const more = Math.min(room(site) - claimed, slots, left);
      if (more > 0) claims.set(nameOf(site), claimed + more);
      left -= Math.max(0, more);
      if (left === 0) break;
    }
    return left;
  };
  const goals = goal.chosen.map((parts) => parts.map(({ environment }) => siteOf(pool, environment)));
  const missing = wants.map((want, index) => claim(goals[index] ?? [], want, want.count * want.slots));
  const names = new Set(named.map(({ name }) => name));
  for (const [index, want] of wants.entries()) {
    const others = roomy(want).filter((site) => !goals[index]?.includes(site) && !names.has(nameOf(site)));
    claim(others, want, missing[index] ?? 0);
  }
  return { claims, sated: satedOf(wants, goals, missing) };
}

/** Whether environments in service could serve a waiter that wants nothing but one thing by selector. */
export function hasGoal(pool: Pool, waiter: Waiter): boolean {
  const listed = shortlist(
    waiter,
    (want) => servingFor(pool, want),
    () => true,
  );
  return choose(selectorsOf(waiter), listed, slotsInService).complete;
}

/** Those with any room, in this order, in which what is not used for longest comes first where more room makes no difference. */
function roomyFor(pool: Pool, want: SelectorWant, room: Room, widest: number, mostFree: Order): IteratorObject<Site, undefined, unknown> {
  const roomy = freeFor(pool, want).filter((site) => room(site) > 0);
  return widest === 1 ? roomy : [...roomy].sort(mostFree).values();
}

/** See Placing: of wants that differ in their slots, none is. */
function satedOf(wants: readonly SelectorWant[], goals: readonly (readonly Site[])[], missing: readonly number[]): Map<number, LastGrant> {
  const sated = new Map<number, LastGrant>();
  if (wants.some((want) => want.slots !== wants[0]?.slots)) return sated;
  for (const [index, own] of goals.entries()) {
    const last = [...own].sort(bySiteUse).at(-1);
    const others = wants.filter((_, other) => other !== index);
    if (missing[index] !== 0 || last === undefined || own.some((site) => others.some((want) => wouldDo(want, site)))) continue;
    sated.set(index, useOf(last));
  }
  return sated;
}

/** What could be free of a site, if nobody were on it. */
function slotsInService({ environment }: Site): number {
  return isOutOfService(environment) ? 0 : environment.config.capacity;
}

function bySiteUse(a: Site, b: Site): number {
  return byUse(useOf(a), useOf(b));
}

function nameOf(site: Site): string {
  return site.environment.config.name;
}
