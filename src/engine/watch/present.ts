import type { Names } from "../../core/access/sight.ts";
import type { EnvironmentStatus } from "../../core/event.ts";
import { allFor } from "../../core/line/candidates.ts";
import type { Lease } from "../../core/model/lease.ts";
import type { Pool, Site } from "../../core/model/pool.ts";
import { makesOnDemand } from "../../core/model/pool-config.ts";
import { seekersOf } from "../../core/model/seekers.ts";
import type { Micros } from "../../core/model/units.ts";
import { statusOf } from "../../core/view.ts";
import type { Engine } from "../engine.ts";
import type { Selection, Topic } from "./subscription.ts";

/** The state of a topic, as last committed. `age`: how old, in microseconds, the part may be that changes with time alone. */
export function present(engine: Engine, topic: Topic, age = 0): { pool: Pool; environments: readonly EnvironmentStatus[] } {
  const pool = homeOf(engine, topic);
  const now = engine.views.now();
  if ("pool" in topic) {
    const { selection } = topic;
    return { pool, environments: selection === undefined ? presentOf(pool, undefined, now, age) : selected(pool, selection, now, age) };
  }
  const site = pool.sites.get(topic.environment);
  const status = site === undefined ? unborn(pool, topic.environment) : presentStatus(pool, topic.environment, site, now, age);
  return { pool, environments: [status] };
}

/** The pool whose log tells of a topic. For a name that was deleted it is the one that told of its end, so that no cursor goes back. */
export function homeOf({ views }: Engine, topic: Topic): Pool {
  if ("pool" in topic) return views.pool(topic.pool);
  return views.graveOf(topic.environment) ?? views.homeOf(topic.environment);
}

/**
 * The status made of a site for which nobody waits. It holds as long as nobody does, and the site and the leases on it are the same objects;
 * versions of a pool share the sites that did not change.
 */
const bySite = new WeakMap<Site, { readonly status: EnvironmentStatus; readonly leases: readonly Lease[] }>();

interface Present {
  readonly at: Micros;
  readonly statuses: readonly EnvironmentStatus[];
  /** Somebody waits, so that `available` depends on the time as well. */
  readonly timed: boolean;
}

/** Of so many different parts of a pool what was made of them is kept. */
const PARTS = 16;

/** By whose part of the pool it is; empty: all of it. */
const byPool = new WeakMap<Pool, Map<string, Present>>();

/** The status of one environment that somebody waits for. */
const timedStatus = new WeakMap<Pool, Map<string, { readonly at: Micros; readonly status: EnvironmentStatus }>>();

/**
 * The status of each of a pool's environments, or of those of them that a reader sees, not older than `age`. The same array for all who ask
 * alike of one version of the pool.
 */
function presentOf(pool: Pool, only: Names | undefined, now: Micros, age: Micros = 0): readonly EnvironmentStatus[] {
  const parts = byPool.get(pool) ?? new Map<string, Present>();
  const known = parts.get(only?.text ?? "");
  if (known !== undefined && (!known.timed || now - known.at <= age)) return known.statuses;
  const statuses: EnvironmentStatus[] = [];
  for (const [name, site] of pool.sites.entries()) if (only?.has(name) ?? true) statuses.push(presentStatus(pool, name, site, now));
  // Those who look are few kinds; where they are many, none of them is kept for long.
  if (parts.size >= PARTS) parts.delete(parts.keys().next().value ?? "");
  byPool.set(pool, parts.set(only?.text ?? "", { at: now, statuses, timed: statuses.some(isWaitedFor) }));
  return statuses;
}

/** The same of those that are selected, by name. */
function selected(pool: Pool, { selector, only }: Selection, now: Micros, age: Micros): readonly EnvironmentStatus[] {
  if (selector === undefined) return presentOf(pool, only, now, age);
  const sites = allFor(pool, { selector, count: 1, slots: 1 }).filter(({ environment }) => only?.has(environment.config.name) ?? true);
  return [...sites.map((site) => presentStatus(pool, site.environment.config.name, site, now, age))];
}

/** The present status of an environment of the pool, whose site is given; not older than `age`. */
export function presentStatus(pool: Pool, name: string, site: Site, now: Micros, age: Micros = 0): EnvironmentStatus {
  const known = bySite.get(site);
  // Who waits by selector changes no site.
  if (known?.leases.every((lease) => pool.leases.get(lease.id) === lease) && seekersOf(pool, site).length === 0) return known.status;
  const timed = timedStatus.get(pool)?.get(name);
  if (timed !== undefined && now - timed.at <= age) return timed.status;
  const status = statusOf(pool, name, now);
  // With others in line `available` depends on where else they wait, and on the time: it cannot be kept with the site.
  if (isWaitedFor(status)) {
    const others = timedStatus.get(pool) ?? new Map();
    timedStatus.set(pool, others.set(name, { at: now, status }));
  } else {
    const leases = status.holders.flatMap(({ leaseId }) => pool.leases.get(leaseId) ?? []);
    bySite.set(site, { status, leases });
  }
  return status;
}

/** By name, or by selector. */
function isWaitedFor({ queueLength }: EnvironmentStatus): boolean {
  return queueLength > 0;
}

const unbornIn = new WeakMap<Pool, Map<string, EnvironmentStatus>>();

/** The status of an environment that does not exist: free, where an Acquire would create it. The same for all who ask of one version of the pool. */
function unborn(pool: Pool, name: string): EnvironmentStatus {
  const known = unbornIn.get(pool) ?? new Map<string, EnvironmentStatus>();
  const before = known.get(name);
  if (before !== undefined) return before;
  const facts = { name, pool: "default", state: "AVAILABLE", stateReason: "", capacity: 1, used: 0, resting: 0 } as const;
  const status: EnvironmentStatus = { ...facts, queueLength: 0, available: makesOnDemand(pool, true), holders: [] };
  unbornIn.set(pool, known.set(name, status));
  return status;
}

const deleted = new WeakMap<EnvironmentStatus, EnvironmentStatus>();

/** The status of a name that is free, for who knew the environment of that name: it was deleted from that pool. The same for the same status. */
export function asDeleted(status: EnvironmentStatus, pool: string): EnvironmentStatus {
  const known = deleted.get(status);
  if (known !== undefined) return known;
  const told = { ...status, pool, available: false, deleted: true };
  deleted.set(status, told);
  return told;
}
