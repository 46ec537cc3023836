/** Who waits, or has reserved something for later, by a selector that an environment would do for. */
import { leaseOf } from "../ledger.ts";
import type { SelectorWant } from "../model/lease.ts";
import { selectorsOf } from "../model/needs.ts";
import type { Pool, Site } from "../model/pool.ts";
import { seekersOf, wantKey } from "../model/seekers.ts";
import { wouldDo } from "../model/site.ts";

/** The ids of all who could be served with one of these environments by a selector, each once. */
export function seeking(pool: Pool, sites: readonly Site[]): string[] {
  const ids = new Set<string>();
  const groups = new Set<unknown>();
  for (const site of sites)
    for (const [, seekers] of seekersOf(pool, site)) {
      // Many environments are looked for by the same.
      if (groups.has(seekers) || seekers.want === undefined) continue;
      groups.add(seekers);
      for (const line of [seekers.waiting, seekers.passed]) for (const id of line.values()) ids.add(id);
    }
  // Many reserve the same.
  const wanted = new Map<string, boolean>();
  const isSought = (want: SelectorWant): boolean => {
    const key = wantKey(want);
    const known = wanted.get(key) ?? sites.some((site) => wouldDo(want, site));
    wanted.set(key, known);
    return known;
  };
  for (const id of pool.calendar.values()) if (selectorsOf(leaseOf(pool, id)).some(isSought)) ids.add(id);
  return [...ids];
}
