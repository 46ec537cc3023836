/** Whom a change of an environment concerns, of those who wait by selector: it spares the others from being placed anew. */
import { byUse, useOf } from "../model/labels.ts";
import type { Lease, SelectorWant } from "../model/lease.ts";
import { namesOf, selectorsOf } from "../model/needs.ts";
import type { Placing, Rank, Site } from "../model/pool.ts";
import { wouldDo } from "../model/site.ts";
import { roomOf } from "./taking.ts";

/** A site as it is, and as it was when everybody was placed. */
export interface Versions {
  readonly now: Site | undefined;
  readonly before: Site | undefined;
}

/** Somebody who waits, and what it takes at present. */
export interface Waiting {
  readonly rank: Rank;
  readonly lease: Lease;
  readonly placing: Placing;
}

/** Whether there are environments now that there were not, or of another kind: more than what is free, and when they were used. */
export function isTurned({ now, before }: Versions): boolean {
  if (now === undefined || before === undefined) return true;
  const [a, b] = [now.environment, before.environment];
  return a.config !== b.config || a.state !== b.state || a.onDemand !== b.onDemand;
}

/**
 * Whether there is nothing for who has this rank and looks for this, nor was; nor then for those behind, unless somebody in between takes
 * less. `want`: absent for the one that they name.
 */
export function isTaken({ now, before }: Versions, rank: Rank, want: SelectorWant | undefined): boolean {
  const isWanted = (site: Site) => want === undefined || wouldDo(want, site);
  return [now, before].every((site) => site === undefined || !isWanted(site) || roomOf(site, rank) === 0);
}

/** Whether a waiter may take something else now because of what is free of a site, or of when it was used. */
export function isConcerned({ now, before }: Versions, { rank, lease, placing }: Waiting): boolean {
  const roomIn = (site: Site | undefined) => (site !== undefined && isFor(lease, site) ? roomOf(site, rank) : 0);
  const [room, had] = [roomIn(now), roomIn(before)];
  // Each of its needs may claim some of it.
  const most = lease.needs.reduce((sum, { slots }) => sum + slots, 0);
  const moved = now?.environment.fence !== before?.environment.fence;
  if (Math.min(room, most) === Math.min(had, most) && !(moved && room > 0)) return false;
  if (placing.claims.has((now ?? before)?.environment.config.name ?? "")) return true;
  return room > 0 && placing.blocked !== true && now !== undefined && !isSatedWith(now, placing, lease);
}

/** Whether a site would serve one of the needs of a waiter. */
function isFor(lease: Lease, site: Site): boolean {
  return namesOf(lease).includes(site.environment.config.name) || selectorsOf(lease).some((want) => wouldDo(want, site));
}

/** Whether all that a site would do for has better, and cannot pass that on: see Placing. */
function isSatedWith(site: Site, { sated }: Placing, lease: Lease): boolean {
  return selectorsOf(lease).every((want, index) => {
    if (!wouldDo(want, site)) return true;
    const last = sated?.get(index);
    return last !== undefined && byUse(last, useOf(site)) < 0;
  });
}
