/** Which environments the selectors of a lease get: a matching of environments and selectors. */
import type { NamedWant, SelectorWant, Want } from "../model/lease.ts";
import { namesOf, selectorsOf } from "../model/needs.ts";
import type { Site } from "../model/pool.ts";
import { wouldDo } from "../model/site.ts";

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
 * What is enough to choose from: of the sites that `source` has for each selector of a request, so many that `suits` as it wants in all, the
 * first ones. What comes behind them in the same order is never chosen: so many before it could not all be of use, so that selector has
 * enough. Without those that the request names, as the environments of a lease are distinct.
 */
export function shortlist(
  request: { readonly needs: readonly Want[] },
  source: (want: SelectorWant) => Iterable<Site>,
  suits: (site: Site, want: SelectorWant) => boolean,
): Set<Site> {
  const wants = selectorsOf(request);
  const named = new Set(namesOf(request));
  const enough = wants.reduce((sum, { count }) => sum + count, 0);
  const listed = new Set<Site>();
  for (const want of wants) {
    let left = enough;
    for (const site of source(want)) {
      if (named.has(site.environment.config.name) || !suits(site, want)) continue;
      listed.add(site);
      if (--left === 0) break;
    }
  }
  return listed;
}

/**
 * The largest choice that there is, with every environment in it once and, of all such choices, the environments that come first in
 * `sites`. An environment is tried in that order, and joins if those before it can still be had beside it, in whichever way they are
 * shared out (augmenting paths; that this finds the best set is the greedy rule of matroids).
 */
export function choose(wants: readonly SelectorWant[], sites: Iterable<Site>, room: Room): Choice {
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
  for (const site of sites) {
    if (missing === 0) break;
    if (place(site, new Set())) missing--;
  }
  return {
    chosen: chosen.map((own, index) =>
      own.map(({ environment }) => ({ environment: environment.config.name, slots: wants[index]?.slots ?? 0 })),
    ),
    complete: missing === 0,
  };
}
