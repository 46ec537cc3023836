/**
 * Who is next. api.md rule 1: the line is walked in order of rank; what fits is served, what does not fit claims each slot that it
 * names, so that later ones take only the rest. Nothing is held while it waits, so nobody deadlocks; claims come by rank, so nobody
 * starves; and who wants something else is never blocked.
 *
 * The walk looks only where something can be had. In a settled pool a free slot is claimed or unwanted, so only those environments
 * that a change has touched can serve someone new, and only through waiters that name one of them. Each line is followed from its head
 * until its free slots are served or claimed. When a waiter could be served but for an environment that is not yet part of the
 * walk, that one is added and the walk starts again: earlier claims on it must be counted. The test's oracle walks everybody.
 */
import { freeSlots, leaseOf, rankOf, siteOf } from "./ledger.ts";
import type { Lease, Pool, Rank } from "./model.ts";

/** What the walk needs to know of someone who waits, or would. */
export type Waiter = Pick<Lease, "id" | "needs" | "createdAt" | "priority" | "sequence">;

/** The waiters to serve now, first one first, given that only the environments `touched` have changed since the pool was settled. */
export function nextInLine(pool: Pool, touched: Iterable<string>): Lease[] {
  return walk(pool, new Set(touched), undefined).map((waiter) => leaseOf(pool, waiter.id));
}

/** Whether a newcomer of this rank would be served at once in a settled pool. */
export function fits(pool: Pool, newcomer: Waiter): boolean {
  const sites = newcomer.needs.map((need) => ({ site: siteOf(pool, need.environment), slots: need.slots }));
  if (sites.some(({ site, slots }) => freeSlots(site) < slots)) return false;
  if (sites.every(({ site }) => site.ready.size === 0)) return true;
  const names = new Set(newcomer.needs.map((need) => need.environment));
  return walk(pool, names, newcomer).includes(newcomer);
}

/** One line on the way: what of its environment nobody has been served or claimed yet, and who stands next. */
interface Cursor {
  left: number;
  next: { readonly rank: Rank; readonly id: string } | undefined;
  readonly rest: Iterator<readonly [Rank, string]>;
}

function walk(pool: Pool, names: Set<string>, newcomer: Waiter | undefined): Waiter[] {
  for (;;) {
    const cursors = new Map<string, Cursor>();
    for (const name of names) open(pool, name, cursors);
    const served = follow(pool, cursors, newcomer);
    if (Array.isArray(served)) return served;
    names.add(served.missing);
  }
}

function open(pool: Pool, name: string, cursors: Map<string, Cursor>): void {
  const site = pool.sites.get(name);
  if (site === undefined) return;
  const cursor: Cursor = { left: freeSlots(site), next: undefined, rest: site.ready.entries() };
  if (cursor.left > 0) advance(cursor);
  cursors.set(name, cursor);
}

/** Serves and claims in order of rank; stops early at an environment that has to be part of the walk. */
function follow(pool: Pool, cursors: Map<string, Cursor>, newcomer: Waiter | undefined): Waiter[] | { missing: string } {
  const served: Waiter[] = [];
  let pending = newcomer;
  for (;;) {
    let lease: Waiter | undefined = foremost(pool, cursors);
    if (pending !== undefined && (lease === undefined || before(pending, lease))) {
      lease = pending;
      pending = undefined;
    }
    if (lease === undefined) return served;
    const outcome = place(pool, cursors, lease);
    if (typeof outcome === "object") return outcome;
    if (outcome) served.push(lease);
  }
}

/** Takes the lease's slots out of what is left, served or claimed alike; tells whether it is served. */
function place(pool: Pool, cursors: Map<string, Cursor>, lease: Waiter): boolean | { missing: string } {
  let fitting = true;
  let missing: string | undefined;
  for (const need of lease.needs) {
    const cursor = cursors.get(need.environment);
    if (cursor !== undefined) fitting &&= cursor.left >= need.slots;
    else if (freeSlots(siteOf(pool, need.environment)) >= need.slots) missing = need.environment;
    else fitting = false;
  }
  if (fitting && missing !== undefined) return { missing };
  for (const need of lease.needs) {
    const cursor = cursors.get(need.environment);
    if (cursor === undefined) continue;
    cursor.left -= need.slots;
    if (cursor.next?.id === lease.id) advance(cursor);
  }
  return fitting;
}

function advance(cursor: Cursor): void {
  const step = cursor.rest.next();
  cursor.next = step.done ? undefined : { rank: step.value[0], id: step.value[1] };
}

/** Of all who stand at the head of a line with something left, the one with the lowest rank. */
function foremost(pool: Pool, cursors: Map<string, Cursor>): Lease | undefined {
  let best: { rank: Rank; id: string } | undefined;
  for (const cursor of cursors.values())
    if (cursor.left > 0 && cursor.next !== undefined && (best === undefined || earlier(cursor.next.rank, best.rank))) best = cursor.next;
  return best && leaseOf(pool, best.id);
}

function before(a: Waiter, b: Waiter): boolean {
  return earlier(rankOf(a), rankOf(b));
}

function earlier(a: Rank, b: Rank): boolean {
  return a.time < b.time || (a.time === b.time && a.sequence < b.sequence);
}
