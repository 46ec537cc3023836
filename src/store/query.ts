/** What a LeaseQuery means, for leases that are in memory; sqlite/list.ts says the same in SQL. */
import { Sight } from "../core/access/sight.ts";
import type { Lease } from "../core/model/lease.ts";
import { namesOf } from "../core/model/needs.ts";
import type { LeaseQuery } from "./store.ts";

/** What tells whether a lease is one of those asked for. */
export function listedBy(query: LeaseQuery): (lease: Lease) => boolean {
  const { after, on } = query;
  const [environments, seekers] = [new Set(on?.environments), new Set(on?.seekers)];
  const isSeen = query.seen && seenBy(query.seen);
  return (lease) =>
    (query.pool === undefined || lease.pool === query.pool) &&
    (on === undefined || seekers.has(lease.id) || namesOf(lease).some((name) => environments.has(name))) &&
    (isSeen === undefined || isSeen(lease)) &&
    (query.states.length === 0 ? lease.state !== "ENDED" : query.states.includes(lease.state)) &&
    (query.holder === undefined || lease.holder.name === query.holder) &&
    (query.tag === undefined || lease.tags.includes(query.tag)) &&
    (after === undefined || lease.createdAt > after.createdAt || (lease.createdAt === after.createdAt && lease.id > after.id));
}

/** What tells whether a lease is one that somebody sees. */
export function seenBy(seen: NonNullable<LeaseQuery["seen"]>): (lease: Pick<Lease, "id" | "pool" | "principal" | "needs">) => boolean {
  const sight = new Sight(seen.patterns);
  const seekers = new Set(seen.seekers);
  return ({ id, pool, principal, needs }) => {
    if (principal === seen.principal || seekers.has(id)) return true;
    const names = sight.within(pool);
    return names === undefined || namesOf({ needs }).some((name) => names.has(name));
  };
}

/** The order of a list. */
export function oldestFirst(a: Lease, b: Lease): number {
  return a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1);
}
