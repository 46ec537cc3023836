/** Who waits for something by selector, by what they look for: whom a change of an environment may concern. Written by ledger.ts. */
import { anchorsOf, labelsOf } from "./labels.ts";
import type { Lease, SelectorWant } from "./lease.ts";
import { isSelecting } from "./needs.ts";
import { byRank, type Pool, type Rank, type Seekers, type Site } from "./pool.ts";
import { rankOf } from "./rank.ts";
import { wouldDo } from "./site.ts";
import { ascending, Sorted } from "./sorted.ts";

/** Those who look for what this site is, each of them in as many of these as it has needs that the site would meet. */
export function seekersOf(pool: Pool, site: Site): readonly (readonly [key: string, seekers: Seekers])[] {
  // Where nobody asks by selector, it must cost nothing.
  if (pool.sought.size === 0) return [];
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

/** Of so many who look for several things it is found out whether they are counted twice. */
const TOLD_APART = 200;

/** How many wait for a site by selector, of them before somebody, and who they are. */
interface SeekingLine {
  readonly before: number;
  readonly size: number;
  readonly seekers: readonly Seekers[];
}

const NOBODY: SeekingLine = { before: 0, size: 0, seekers: [] };

/**
 * The line of those who wait for a site by selector, as somebody of this rank sees it; without a rank those are not counted who name it as
 * well, and so stand in its own line.
 */
export function seekingLine(pool: Pool, site: Site, rank?: Rank): SeekingLine {
  if (pool.sought.size === 0) return NOBODY;
  const seekers = seekersOf(pool, site).flatMap(([, one]) => (one.want === undefined ? [] : [one]));
  let [before, size] = [0, 0];
  for (const { waiting, passed } of seekers) {
    before += rank === undefined ? 0 : waiting.rank(rank);
    size += waiting.size + passed.size;
  }
  const known = new Set<number>();
  for (const { several, waiting } of seekers)
    for (const at of several.keys().take(TOLD_APART)) {
      const twice = known.has(at.sequence) || (rank === undefined && (site.line.has(at) || site.passed.has(at)));
      known.add(at.sequence);
      if (!twice) continue;
      size--;
      if (rank !== undefined && byRank(at, rank) < 0 && waiting.has(at)) before--;
    }
  return { before, size, seekers };
}

/** Whether so many different things are looked for by one label already that a waiter, who would add another, is too many. */
export function isCrowded(pool: Pool, lease: Lease, most: number): boolean {
  return lookingFor(lease).some(([anchor, key]) => {
    const sought = pool.sought.get(anchor);
    return sought !== undefined && sought.size >= most && !sought.has(key);
  });
}

/** The pool with a waiter among those who seek, or without it. */
export function withSeeker(pool: Pool, lease: Lease, present: boolean): Pool {
  if (!isSelecting(lease)) return pool;
  let { sought } = pool;
  for (const [anchor, key, want] of lookingFor(lease)) {
    const group = sought.get(anchor) ?? Sorted.empty<string, Seekers>(ascending);
    const known = group.get(key) ?? nobody(want);
    const seekers = present ? withOne(known, lease) : withoutOne(known, lease);
    const next = seekers.waiting.size + seekers.passed.size === 0 ? group.delete(key) : group.set(key, seekers);
    sought = next.size === 0 ? sought.delete(anchor) : sought.set(anchor, next);
  }
  return { ...pool, sought };
}

/** Where somebody seeks, and what. */
type Looking = readonly [anchor: string, key: string, want?: SelectorWant];

/** Wants of the same key want the same. */
export function wantKey({ selector, slots, only }: SelectorWant): string {
  return JSON.stringify([selector, slots, only]);
}

function lookingFor({ needs }: Lease): Looking[] {
  return needs.flatMap((need): Looking[] => {
    if (!("selector" in need)) return [[nameAnchor(need.environment), ""]];
    const { selector, slots, only } = need;
    const want: SelectorWant = { selector, count: 1, slots, ...(only && { only }) };
    const key = wantKey(want);
    return anchorsOf(need.selector).map((label): Looking => [labelAnchor(label), key, want]);
  });
}

function nobody(want: SelectorWant | undefined): Seekers {
  const empty = Sorted.empty<Rank, string>(byRank);
  return { ...(want && { want }), waiting: empty, passed: empty, several: Sorted.empty(byRank) };
}

function withOne(seekers: Seekers, lease: Lease): Seekers {
  const rank = rankOf(lease);
  const several = lease.needs.length > 1 ? seekers.several.set(rank, true) : seekers.several;
  if (lease.passedOver === true) return { ...seekers, several, passed: seekers.passed.set(rank, lease.id) };
  return { ...seekers, several, waiting: seekers.waiting.set(rank, lease.id) };
}

function withoutOne({ want, waiting, passed, several }: Seekers, lease: Lease): Seekers {
  const rank = rankOf(lease);
  return { ...(want && { want }), waiting: waiting.delete(rank), passed: passed.delete(rank), several: several.delete(rank) };
}

function nameAnchor(name: string): string {
  return `name ${name}`;
}

function labelAnchor(label: string): string {
  return `label ${label}`;
}
