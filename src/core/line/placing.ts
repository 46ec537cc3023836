/**
 * Those who wait for something by selector. Whose turn it is cannot be read from the line of one environment, as any of several would do:
 * so they are placed in order of rank, each on slots that are free and that nobody ahead of it takes. What each takes stands in the ready
 * lines of its environments, like what others want by name; so for everybody else line.ts goes on as if there were no selectors.
 */

import { leaseOf, withPlacing } from "../ledger.ts";
import type { Lease, Need, SelectorWant } from "../model/lease.ts";
import { isSelecting, partsOf, selectorsOf, sitesOf, withChosen } from "../model/needs.ts";
import type { Placing, Pool, Rank, Site } from "../model/pool.ts";
import { rankOf, type Waiter } from "../model/rank.ts";
import { freeSlots, isOutOfService, siteOf } from "../model/site.ts";
import { byUse, choose, eligible, type Room, wouldDo } from "./choosing.ts";

/** What a waiter takes out of what there is for it. */
type Taking = Pick<Placing, "claims" | "served">;

const NOTHING: Taking = { claims: new Map() };

/** What is free of a site for somebody of this rank: less what everybody ahead takes. */
function freeFor(rank: Rank): Room {
  return (site) => Math.max(0, freeSlots(site) - site.ready.weightBefore(rank));
}

/** What a waiter takes: all that it wants, if it fits; if not, it claims. */
function takingOf(pool: Pool, waiter: Waiter): Taking {
  const served = fitting(pool, waiter);
  if (served === undefined) return claiming(pool, waiter);
  return { claims: new Map(partsOf({ needs: served }).map(({ environment, slots }) => [environment, slots])), served };
}

/** The needs of a waiter, or a newcomer, with the environments that it would be granted now; undefined if it does not fit. */
function fitting(pool: Pool, waiter: Waiter): readonly Need[] | undefined {
  const room = freeFor(rankOf(waiter));
  if (!sitesOf(pool, waiter).every(({ site, slots }) => room(site) >= slots)) return undefined;
  const { chosen, complete } = choose(pool, waiter, room, byUse);
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
  const wants = selectorsOf(waiter);
  const room = freeFor(rankOf(waiter));
  const widest = Math.max(...wants.map((want) => want.slots));
  const mostFree = (a: Site, b: Site) => Math.min(room(b), widest) - Math.min(room(a), widest) || byUse(a, b);
  const goal = choose(pool, waiter, slotsInService, mostFree);
  if (!goal.complete || named.some(({ site }) => isOutOfService(site.environment))) return NOTHING;
  const claims = new Map(named.map(({ name, slots }) => [name, slots]));
  /** Claims up to so many slots of each of the sites that are not claimed yet, and tells how many of them are still missing. */
  const claim = (sites: readonly Site[], { slots }: SelectorWant, missing: number): number =>
    sites.reduce((left, site) => {
      const claimed = claims.get(nameOf(site)) ?? 0;
      const more = Math.min(room(site) - claimed, slots, left);
      if (more > 0) claims.set(nameOf(site), claimed + more);
      return left - more;
    }, missing);
  const goals = goal.chosen.map((parts) => parts.map(({ environment }) => siteOf(pool, environment)));
  const missing = wants.map((want, index) => claim(goals[index] ?? [], want, want.count * want.slots));
  for (const [index, want] of wants.entries()) {
    if ((missing[index] ?? 0) === 0) continue;
    const others = eligible(pool, waiter).filter((site) => !goals[index]?.includes(site) && wouldDo(want, site) && room(site) > 0);
    claim([...others].sort(mostFree), want, missing[index] ?? 0);
  }
  return { claims };
}

/** What could be free of a site, if nobody were on it. */
function slotsInService({ environment }: Site): number {
  return isOutOfService(environment) ? 0 : environment.config.capacity;
}

/** The pool with everybody placed anew; `moved`: environments of which somebody takes more or less than before. */
export function placed(pool: Pool): { readonly pool: Pool; readonly moved: ReadonlySet<string> } {
  let next = pool;
  const moved = new Set<string>();
  for (const [rank, before] of pool.selecting.entries()) {
    const lease = leaseOf(next, before.lease);
    const after = before.passedOver ? NOTHING : takingOf(next, lease);
    for (const name of new Set([...before.claims.keys(), ...after.claims.keys()]))
      if (before.claims.get(name) !== after.claims.get(name)) moved.add(name);
    next = withPlacing(next, rank, { lease: lease.id, passedOver: before.passedOver, ...after });
  }
  return { pool: next, moved };
}

/** The needs of a newcomer, or of a waiter that has been placed, with the environments that it would be granted; undefined if it does not fit. */
export function servingOf(pool: Pool, waiter: Waiter): readonly Need[] | undefined {
  const placing = pool.selecting.get(rankOf(waiter));
  return placing === undefined ? fitting(pool, waiter) : placing.served;
}

/** The environments of which a waiter by selector takes something. */
export function claimedBy(pool: Pool, lease: Lease): Iterable<string> {
  return isSelecting(lease) ? (pool.selecting.get(rankOf(lease))?.claims.keys() ?? []) : [];
}

function nameOf(site: Site): string {
  return site.environment.config.name;
}
