/** Which environments the selectors of a lease get: a matching of environments and selectors. Looks at all environments of the pool. */
import type { NamedWant, SelectorWant, Want } from "../model/lease.ts";
import { namesOf, selectorsOf } from "../model/needs.ts";
import type { Pool, Site } from "../model/pool.ts";
import { matches } from "../model/selector.ts";
import { ascending } from "../model/sorted.ts";

/** How many slots of a site there are for whoever asks. */
export type Room = (site: Site) => number;

/** Which of two sites is taken first. */
export type Order = (a: Site, b: Site) => number;

export interface Choice {
  /** By selector, in the order of the request. */
  readonly chosen: readonly (readonly NamedWant[])[];
  /** Whether each selector has as many as it wants. */
  readonly complete: boolean;
}

/**
 * Whether an environment could serve a selector, were it free. One that was made on demand is whatever somebody once named: nobody gets it
 * without naming it.
 */
export function wouldDo({ selector, slots }: SelectorWant, { environment }: Site): boolean {
  const { capacity, labels } = environment.config;
  return environment.onDemand !== true && capacity >= slots && matches(selector, labels);
}

/** The order in which environments are taken: those first whose latest grant is the oldest. */
export function byUse(a: Site, b: Site): number {
  return a.environment.fence - b.environment.fence || ascending(a.environment.config.name, b.environment.config.name);
}

/** The environments that would do for a selector of a request, but those that it names, as the environments of a lease are distinct. */
export function* eligible(pool: Pool, request: { readonly needs: readonly Want[] }): Generator<Site, void, undefined> {
  const wants = selectorsOf(request);
  // Requests by name are most of all, and must not pay for the size of the pool.
  if (wants.length === 0) return;
  const named = new Set(namesOf(request));
  for (const [name, site] of pool.sites.entries()) if (!named.has(name) && wants.some((want) => wouldDo(want, site))) yield site;
}

/**
 * The largest choice that there is, with every environment in it once and, of all such choices, the environments that come first in
 * `order`. An environment is tried in that order, and joins if those before it can still be had beside it, in whichever way they are
 * shared out (augmenting paths; that this finds the best set is the greedy rule of matroids).
 */
export function choose(pool: Pool, request: { readonly needs: readonly Want[] }, room: Room, order: Order): Choice {
  const wants = selectorsOf(request);
  const chosen = wants.map((): Site[] => []);
  let missing = wants.reduce((sum, { count }) => sum + count, 0);
  const place = (site: Site, tried: Set<SelectorWant>): boolean => {
    for (const [index, want] of wants.entries()) {
      if (tried.has(want) || room(site) < want.slots || !wouldDo(want, site)) continue;
      tried.add(want);
      const own = chosen[index] ?? [];
      // One that has enough makes room if one of its own can go elsewhere.
      const at = own.length < want.count ? own.length : own.findIndex((other) => place(other, tried));
      if (at < 0) continue;
      own[at] = site;
      return true;
    }
    return false;
  };
  const roomy = eligible(pool, request).filter((site) => room(site) > 0);
  for (const site of [...roomy].sort(order)) {
    if (missing === 0) break;
    if (place(site, new Set())) missing--;
  }
  return {
    chosen: chosen.map((sites, index) =>
      sites.map(({ environment }) => ({ environment: environment.config.name, slots: wants[index]?.slots ?? 0 })),
    ),
    complete: missing === 0,
  };
}
