/**
 * Who is next: rule 1 of docs/contract.md. The line is walked in order of rank; what fits is served, what does not fit claims each slot that
 * it names, so that later ones take only the rest. Nothing is held while it waits, so nobody deadlocks; claims come by rank, so nobody
 * starves; and who wants something else is never blocked.
 *
 * No walk is needed to know it. Served or claimed, those ahead in a ready line take their slots either way. So a waiter is served exactly if,
 * in each environment that it names, the free slots less those that everybody ahead in the ready line wants are as many as it wants itself:
 * a sum that the line's tree keeps. And those whom the free slots of one environment suffice for are a first part of its line.
 *
 * In a settled pool nobody can be served. After a change somebody can be only if the free slots of an environment reach further down its
 * line than they did (`Site.fitted`), or if he has just become ready. Nobody else is looked at. To serve one of them changes nothing for
 * the others: those behind have as many slots less as fewer are ahead of them, and for those ahead there was enough besides.
 * Who wants something by selector is placed before (placing.ts): what it takes stands in the lines as if it had named it.
 * The oracle in the tests walks everybody.
 */

import type { Lease } from "../model/lease.ts";
import { isSelecting, sitesOf } from "../model/needs.ts";
import { byRank, type Pool } from "../model/pool.ts";
import { isReady, rankOf, type Waiter } from "../model/rank.ts";
import { freeSlots } from "../model/site.ts";
import { servingOf } from "./placing.ts";

/** What has changed since the pool was settled. */
export interface Changed {
  /** Environments whose free slots or line changed. */
  readonly environments: Iterable<string>;
  /** Leases that have become ready: see isReady. */
  readonly arrived: Iterable<string>;
}

/** The waiters to serve now, first one first. */
export function nextInLine(pool: Pool, changed: Changed): Lease[] {
  const served = candidates(pool, changed).filter((lease) => fits(pool, lease));
  return served.sort((a, b) => byRank(rankOf(a), rankOf(b)));
}

/** Whether a waiter would be served, with the claims of all who are ahead of it. A newcomer's sequence is above all others. */
export function fits(pool: Pool, waiter: Waiter): boolean {
  if (isSelecting(waiter)) return servingOf(pool, waiter) !== undefined;
  const rank = rankOf(waiter);
  return sitesOf(pool, waiter).every(({ site, slots }) => {
    const free = freeSlots(site);
    return free >= slots && free - site.ready.weightBefore(rank) >= slots;
  });
}

/** All who can possibly be served now, each once: the leases that a change makes the server look at. */
export function candidates(pool: Pool, { environments, arrived }: Changed): Lease[] {
  const found = new Map<string, Lease>();
  const add = (id: string) => {
    const lease = pool.leases.get(id);
    if (lease !== undefined && isReady(pool, lease)) found.set(id, lease);
  };
  for (const name of environments) {
    const site = pool.sites.get(name);
    const last = site?.ready.lastWithin(freeSlots(site));
    if (site === undefined || last === undefined) continue;
    for (const [rank, { lease }] of site.ready.entries(site.fitted)) {
      if (byRank(rank, last) > 0) break;
      add(lease);
    }
  }
  for (const id of arrived) add(id);
  return [...found.values()];
}
