/** What holders tell of their environments. */

import type { Draft } from "../draft.ts";
import { limits } from "../limits.ts";
import type { Fact, Facts, Told } from "../model/environment.ts";
import type { Lease } from "../model/lease.ts";
import { sitesOf } from "../model/needs.ts";

/**
 * Writes what a HELD lease tells of its environments, where that is new; `apart`: as an event of its own. What is told again by the same
 * lease changes nothing. No environment keeps more than it may: the oldest go, since nobody's work must fail of what others have told.
 */
export function tell(draft: Draft, lease: Lease, told: Told, apart: boolean): void {
  for (const { site } of sitesOf(draft.pool, lease)) {
    const { facts: before = {}, ...environment } = site.environment;
    const facts = merged(draft, lease, before, told);
    if (facts === before) continue;
    draft.putEnvironment(Object.keys(facts).length === 0 ? environment : { ...environment, facts }, apart);
  }
}

function merged(draft: Draft, lease: Lease, before: Facts, told: Told): Facts {
  const isNew = ([name, value]: [string, string]) =>
    value === "" ? before[name] !== undefined : before[name]?.value !== value || before[name]?.leaseId !== lease.id;
  const news = Object.entries(told).filter(isNew);
  if (news.length === 0) return before;
  const names = new Set(news.map(([name]) => name));
  const kept = Object.entries(before).filter(([name]) => !names.has(name));
  const fresh = news.filter(([, value]) => value !== "").map(([name, value]): [string, Fact] => [name, factOf(draft, lease, value)]);
  // Oldest first, and of one moment in the order in which they came.
  const all = [...kept, ...fresh].sort(([, a], [, b]) => a.at - b.at);
  return Object.fromEntries(all.slice(-limits.facts.count));
}

function factOf({ at }: Draft, { id, holder }: Lease, value: string): Fact {
  return { value, holder, leaseId: id, at };
}
