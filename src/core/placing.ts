/**
 * Those who wait for something by selector. Whose turn it is cannot be read from the line of one environment, as any of several would do:
 * so they are placed in order of rank, each on slots that are free and that nobody ahead of it takes. What each takes stands in the ready
 * lines of its environments, like what others want by name; so for everybody else line.ts goes on as if there were no selectors.
 */
import { byUse, choose, isMeant, meant, type Room } from "./choosing.ts";
import { leaseOf, withPlacing } from "./ledger.ts";
import type { Lease, Need, Placing, Pool, Rank, Site } from "./model.ts";
import { isSelecting, selectorsOf, sitesOf, withChosen } from "./needs.ts";
import { rankOf, type Waiter } from "./rank.ts";
import { freeSlots, isOutOfService } from "./site.ts";

/** What a waiter takes out of what there is for it. */
export type Taking = Pick<Placing, "claims" | "served">;

const NOTHING: Taking = { claims: new Map() };

/** What is free of a site for somebody of this rank: less what everybody ahead takes. */
export function freeFor(rank: Rank): Room {
  return (site) => Math.max(0, freeSlots(site) - site.ready.weightBefore(rank));
}

/**
 * What a waiter, or a newcomer, takes: all that it wants, if it fits. If not, it claims what it names, the environments that can be had,
 * and of others as many slots as it still needs: those of which most is free first, then those not used for longest.
 */
export function takingOf(pool: Pool, waiter: Waiter): Taking {
  const room = freeFor(rankOf(waiter));
  const named = sitesOf(pool, waiter);
  const { chosen, complete } = choose(pool, waiter, room);
  const claims = new Map(named.map(({ name, slots }) => [name, slots]));
  for (const { environment, slots } of chosen.flat()) claims.set(environment, slots);
  if (complete && named.every(({ site, slots }) => room(site) >= slots)) return { claims, served: withChosen(waiter.needs, chosen) };
  for (const [index, want] of selectorsOf(waiter).entries()) {
    let missing = (want.count - (chosen[index]?.length ?? 0)) * want.slots;
    const others = [...meant(pool, waiter)].filter((site) => isMeant(want, site) && room(site) > 0 && !claims.has(nameOf(site)));
    for (const site of others.sort((a, b) => room(b) - room(a) || byUse(a, b))) {
      const slots = Math.min(room(site), want.slots, missing);
      if (slots > 0) claims.set(nameOf(site), slots);
      missing -= slots;
    }
  }
  return { claims };
}

/** Whether what is in service could serve it: who waits for what is not, for an unknown time, keeps nobody waiting. */
export function isPlaceable(pool: Pool, waiter: Waiter): boolean {
  const inService = (site: Site) => (isOutOfService(site.environment) ? 0 : site.environment.config.capacity);
  return sitesOf(pool, waiter).every(({ site }) => !isOutOfService(site.environment)) && choose(pool, waiter, inService).complete;
}

/** The pool with everybody placed anew; `moved`: environments of which somebody takes more or less than before. */
export function placed(pool: Pool): { readonly pool: Pool; readonly moved: ReadonlySet<string> } {
  let next = pool;
  const moved = new Set<string>();
  for (const [rank, before] of pool.selecting.entries()) {
    const lease = leaseOf(next, before.lease);
    const after = before.passedOver || !isPlaceable(next, lease) ? NOTHING : takingOf(next, lease);
    for (const name of new Set([...before.claims.keys(), ...after.claims.keys()]))
      if (before.claims.get(name) !== after.claims.get(name)) moved.add(name);
    next = withPlacing(next, rank, { lease: lease.id, passedOver: before.passedOver, ...after });
  }
  return { pool: next, moved };
}

/** What a newcomer or a waiter would be granted now; undefined if it does not fit. */
export function servingOf(pool: Pool, waiter: Waiter): readonly Need[] | undefined {
  return pool.selecting.get(rankOf(waiter))?.served ?? takingOf(pool, waiter).served;
}

/** The environments of which a waiter by selector takes something. */
export function claimedBy(pool: Pool, lease: Lease): Iterable<string> {
  return isSelecting(lease) ? (pool.selecting.get(rankOf(lease))?.claims.keys() ?? []) : [];
}

function nameOf(site: Site): string {
  return site.environment.config.name;
}
