/** Who waits for something by selector, by what they look for: whom a change of an environment may concern. Written by ledger.ts. */
import { anchorsOf, labelsOf } from "./labels.ts";
import type { Lease, SelectorWant } from "./lease.ts";
import { isSelecting } from "./needs.ts";
import { byRank, type Pool, type Seekers, type Site } from "./pool.ts";
import { rankOf } from "./rank.ts";
import { wouldDo } from "./site.ts";
import { ascending, Sorted } from "./sorted.ts";

/** Those who look for what this site is, each of them in as many of these as it has needs that the site would meet. */
export function seekersOf(pool: Pool, site: Site): readonly (readonly [key: string, seekers: Seekers])[] {
  const { environment } = site;
  const anchors = [nameAnchor(environment.config.name), ...labelsOf(environment).map(labelAnchor)];
  return anchors.flatMap((anchor) => {
    const sought = pool.sought.get(anchor);
    if (sought === undefined) return [];
    return [...sought.entries()]
      .filter(([, { want }]) => want === undefined || wouldDo(want, site))
      .map(([key, one]) => [anchor + key, one]);
  });
}

/** The pool with a waiter among those who seek, or without it. */
export function withSeeker(pool: Pool, lease: Lease, present: boolean): Pool {
  if (!isSelecting(lease)) return pool;
  let { sought } = pool;
  for (const [anchor, key, want] of lookingFor(lease)) {
    const group = sought.get(anchor) ?? Sorted.empty<string, Seekers>(ascending);
    const known: Seekers = group.get(key) ?? { ...(want && { want }), waiting: Sorted.empty(byRank), passed: Sorted.empty(byRank) };
    const seekers = present ? withOne(known, lease) : withoutOne(known, lease);
    const next = seekers.waiting.size + seekers.passed.size === 0 ? group.delete(key) : group.set(key, seekers);
    sought = next.size === 0 ? sought.delete(anchor) : sought.set(anchor, next);
  }
  return { ...pool, sought };
}

/** Where somebody seeks, and what. */
type Looking = readonly [anchor: string, key: string, want?: SelectorWant];

function lookingFor({ needs }: Lease): Looking[] {
  return needs.flatMap((need): Looking[] => {
    if (!("selector" in need)) return [[nameAnchor(need.environment), ""]];
    const want: SelectorWant = { selector: need.selector, count: 1, slots: need.slots };
    const key = JSON.stringify([want.selector, want.slots]);
    return anchorsOf(need.selector).map((label): Looking => [labelAnchor(label), key, want]);
  });
}

function withOne(seekers: Seekers, lease: Lease): Seekers {
  const rank = rankOf(lease);
  if (lease.passedOver === true) return { ...seekers, passed: seekers.passed.set(rank, lease.id) };
  return { ...seekers, waiting: seekers.waiting.set(rank, lease.id) };
}

function withoutOne(seekers: Seekers, lease: Lease): Seekers {
  const rank = rankOf(lease);
  return { ...seekers, waiting: seekers.waiting.delete(rank), passed: seekers.passed.delete(rank) };
}

function nameAnchor(name: string): string {
  return `name ${name}`;
}

function labelAnchor(label: string): string {
  return `label ${label}`;
}
