/** Where a waiter stands in line, and who is around it. Pure reads of one pool value. */
import type { Occupant } from "./event.ts";
import { leaseOf } from "./ledger.ts";
import { limits } from "./limits.ts";
import { allFor, servingFor, someFor } from "./line/candidates.ts";
import type { Lease, SelectorWant } from "./model/lease.ts";
import { isSelecting, selectorsOf, sitesOf } from "./model/needs.ts";
import { byRank, type Pool, type Rank, type Site } from "./model/pool.ts";
import { rankOf } from "./model/rank.ts";
import { seekingLine } from "./model/seekers.ts";
import { queueLength } from "./model/site.ts";
import { occupant } from "./view.ts";

/** At how many environments that a selector matches one looks for them. */
const LOOKED = 100;
/** Of how many of these one looks at the line. */
const LINES = 3;

/** What a waiter looks out for, in the longest of its lines. */
export interface Standing {
  readonly position: number;
  readonly queueLength: number;
  /** The lease that has held longest what it waits for, if anybody does. */
  readonly holder: string | undefined;
}

/** Where a waiter stands, and who is around it. */
export interface Place extends Pick<Standing, "position" | "queueLength"> {
  /** The first that will be served before it. */
  readonly ahead: readonly Occupant[];
  /** Who holds what it waits for. */
  readonly holders: readonly Occupant[];
}

/**
 * How a QUEUED lease of the pool stands: O(needs · log n), for those who ask often; by selector, with a look at some of what would serve it.
 * Who was passed over is ahead of nobody.
 */
export function standingOf(pool: Pool, lease: Lease): Standing {
  // One that has reserved for later stands in no line.
  if (lease.early === true) return { position: 0, queueLength: 0, holder: undefined };
  const lines = linesOf(pool, lease);
  const longest = lines.reduce((a, b) => (b.before > a.before ? b : a));
  let oldest: readonly [token: number, id: string] | undefined;
  for (const site of lookedFor(pool, lease)) {
    const first = site.occupants.first();
    if (first !== undefined && (oldest === undefined || first[0] < oldest[0])) oldest = first;
  }
  return { position: longest.before + 1, queueLength: longest.size, holder: oldest?.[1] };
}

/** The place of a QUEUED lease of the pool. */
export function placeOf(pool: Pool, lease: Lease): Place {
  const { position, queueLength } = standingOf(pool, lease);
  if (lease.early === true) return { position, queueLength, ahead: [], holders: [] };
  return { position, queueLength, ahead: firstAhead(pool, linesOf(pool, lease)), holders: oldestOn(pool, lookedFor(pool, lease)) };
}

/** A line that somebody stands in. */
interface Line {
  /** How many are ahead of him. */
  readonly before: number;
  readonly size: number;
  /** Who stands in it, first one first. */
  readonly ids: Iterable<readonly [Rank, string]>;
}

/** The lines of a waiter: those of the environments that it names, and one for each of its selectors. */
function linesOf(pool: Pool, lease: Lease): Line[] {
  const rank = rankOf(lease);
  const lines = sitesOf(pool, lease).map(({ site }) => {
    return { before: site.line.rank(rank), size: queueLength(site), ids: site.line.entries() };
  });
  return [...lines, ...selectorsOf(lease).map((want) => lineOf(pool, want, rank))];
}

/** Those who wait by selector for an environment that would serve one: of a few such environments, for the one that has the fewest ahead. */
function lineOf(pool: Pool, want: SelectorWant, rank: Rank): Line {
  const serving = [...servingFor(pool, want).take(LINES)];
  const sites = serving.length === 0 ? allFor(pool, want).take(LINES) : serving;
  const lines = [...sites].map((site) => seekingLine(pool, site, rank));
  const [first, ...others] = lines;
  if (first === undefined) return { before: 0, size: 0, ids: [] };
  const { before, size, seekers } = others.reduce((a, b) => (b.before < a.before ? b : a), first);
  const ahead = seekers.flatMap(({ waiting }) => [...waiting.entries().take(limits.named)]);
  return { before, size, ids: ahead.sort(([a], [b]) => byRank(a, b)).filter(([at]) => byRank(at, rank) < 0) };
}

/** The environments that would do for a waiter: those that it names and, by selector, some of those in service. */
export function lookedFor(pool: Pool, lease: Lease): Site[] {
  const named = sitesOf(pool, lease).map(({ site }) => site);
  return isSelecting(lease) ? [...named, ...someFor(lease, (want) => servingFor(pool, want), LOOKED)] : named;
}

function firstAhead(pool: Pool, lines: readonly Line[]): Occupant[] {
  const ahead = new Map<string, Rank>();
  for (const { ids, before } of lines) for (const [at, id] of Iterator.from(ids).take(Math.min(limits.named, before))) ahead.set(id, at);
  return [...ahead]
    .sort(([, a], [, b]) => byRank(a, b))
    .slice(0, limits.named)
    .map(([id]) => occupant(leaseOf(pool, id)));
}

function oldestOn(pool: Pool, sites: readonly Site[]): Occupant[] {
  const on = new Map<string, number>();
  for (const site of sites) for (const [token, id] of site.occupants.entries().take(limits.named)) on.set(id, token);
  return [...on]
    .sort(([, a], [, b]) => a - b)
    .slice(0, limits.named)
    .map(([id]) => occupant(leaseOf(pool, id)));
}
