/** What operators do with environments. */

import type { Caller } from "../access/caller.ts";
import { Names } from "../access/sight.ts";
import type { Apply, Change, Delete, Done, Refusal, SetState } from "../command.ts";
import type { Draft } from "../draft.ts";
import { leaseOf } from "../ledger.ts";
import { limits } from "../limits.ts";
import { differing } from "../model/differing.ts";
import type { Environment, EnvironmentConfig } from "../model/environment.ts";
import type { Pool, Site } from "../model/pool.ts";
import { seekersOf } from "../model/seekers.ts";
import { siteOf, usedSlots, waitersOf } from "../model/site.ts";
import { about } from "../model/text.ts";
import type { Micros } from "../model/units.ts";
import { totalsOf } from "../totals.ts";
import { inState, isOverdue, kept, notCleaned, soiled } from "./aftermath.ts";
import { unsatisfiable } from "./busy.ts";
import { end } from "./moves.ts";
import { configure } from "./pools.ts";
import { beyond, limitReached, noEnvironment } from "./refusal.ts";

/** Adds an environment, AVAILABLE and free. One that an Acquire asks for is made on demand, and is no event; `keep`: what else it asks for. */
export function create(
  draft: Draft,
  config: EnvironmentConfig,
  onDemand: boolean,
  keep: ReadonlySet<string> = new Set(),
): Refusal | undefined {
  const refusal = noRoom(draft) ?? makeRoom(draft, keep);
  if (refusal !== undefined) return refusal;
  draft.putEnvironment({ config, state: "AVAILABLE", stateReason: "", fence: 0, revision: 0, ...(onDemand && { onDemand }) }, !onDemand);
  return undefined;
}

/** Forgets the environment that has been idle for longest, but none of `keep`, if the pool is full. */
function makeRoom(draft: Draft, keep: ReadonlySet<string>): Refusal | undefined {
  const { pool } = limits.environments;
  if (draft.pool.sites.size < pool) return undefined;
  const idlest = draft.pool.idle.keys().find(({ environment }) => !keep.has(environment));
  if (idlest === undefined) return limitReached("environments in a pool", pool);
  draft.dropEnvironment(idlest.environment, false);
  return undefined;
}

/** Why one more environment would be too many, if it would. Those that can be forgotten refuse nobody. */
export function noRoom(draft: Pick<Draft, "pool" | "totals">): Refusal | undefined {
  const { sites, idle } = draft.pool;
  const own = sites.size - idle.size;
  const totals = draft.totals();
  if (totalsOf(draft.pool).pools === 0 && totals.pools >= limits.pools) return limitReached("pools", limits.pools);
  return beyond(own, totals.environments, limits.environments, "environments");
}

/** Forgets what was made on demand and has been idle for long enough. */
export function forgetIdle(draft: Draft): void {
  for (;;) {
    const idlest = draft.pool.idle.first()?.[0];
    if (idlest === undefined || idlest.since + limits.idle > draft.at) return;
    draft.dropEnvironment(idlest.environment, false);
  }
}

/** Forgets so many idle environments, or all there are. */
export function forget(draft: Draft, count: number): Done {
  for (const { environment } of draft.pool.idle.keys().take(count).toArray()) draft.dropEnvironment(environment, false);
  return { ok: true };
}

/** Makes the pool and its environments what `command` says; all of it or, refused, nothing. */
export function apply(draft: Draft, command: Apply): Done | Refusal {
  const configured = configure(draft, command);
  if (configured !== undefined && "ok" in configured) return configured;
  const changes: Change[] = [];
  const before = draft.pool;
  for (const config of command.environments) {
    const change = applyOne(draft, config);
    if ("ok" in change) return change;
    changes.push(change);
  }
  const named = new Set(command.environments.map((config) => config.name));
  for (const name of command.prune ? unnamed(draft.pool, named, command) : []) {
    const refusal = drop(draft, siteOf(draft.pool, name), command.by);
    if (refusal !== undefined) return refusal;
    changes.push({ name, kind: "DELETED", fields: [] });
  }
  // Judged by what the whole command leaves, whatever comes first in it. Of a configuration nothing else says who can be served.
  const changed = changes.filter(({ kind, fields }) => kind === "DELETED" || fields.includes("labels") || fields.includes("capacity"));
  const sites = changed.map(({ name }) => siteOf(before, name));
  if (sites.length > 0) turnAway(draft, sites, command.by);
  return { ok: true, changes, ...(configured && { configured }) };
}

/** What a prune takes. Where names are to be made on demand, nobody has forgotten to name those: they go by themselves. */
function unnamed({ sites, config }: Pool, named: ReadonlySet<string>, { only }: Apply): string[] {
  const stays = ({ environment }: Site) => config?.autoCreate === true && environment.onDemand === true;
  const names = only && new Names(only);
  return [...sites.entries()].flatMap(([name, site]) => (named.has(name) || stays(site) || names?.has(name) === false ? [] : [name]));
}

function applyOne(draft: Draft, config: EnvironmentConfig): Change | Refusal {
  const { name } = config;
  const owner = draft.otherOwner(name);
  if (owner !== undefined) return poolFixed(config, owner);
  const site = draft.pool.sites.get(name);
  if (site === undefined) return create(draft, config, false) ?? { name, kind: "CREATED", fields: [] };
  const fields = differing(site.environment.config, config);
  const { onDemand, ...environment } = site.environment;
  // What is configured is no longer forgotten, whatever the configuration says.
  if (fields.length === 0 && onDemand === true) draft.putEnvironment(environment, false);
  if (fields.length === 0) return { name, kind: "UNCHANGED", fields };
  draft.putEnvironment({ ...environment, config }, true);
  return { name, kind: "UPDATED", fields, before: site.environment.config };
}

/** Ends those who can no longer be served, of those who wait for what sites were before they changed. */
function turnAway(draft: Draft, before: readonly Site[], by: Caller): void {
  const byName = before.flatMap(({ environment }) => {
    const site = draft.pool.sites.get(environment.config.name);
    return site === undefined || site.environment.config.capacity >= environment.config.capacity ? [] : waitersOf(site);
  });
  const sought = new Map(before.flatMap((site) => seekersOf(draft.pool, site)));
  const bySelector = [...sought.values()].flatMap(({ waiting, passed }) => [...waiting.values(), ...passed.values()]);
  const judged = new Map<string, string | undefined>();
  for (const id of new Set([...byName, ...bySelector, ...draft.pool.calendar.values()])) {
    const lease = leaseOf(draft.pool, id);
    // Many want the same.
    const wanted = JSON.stringify(lease.needs);
    if (!judged.has(wanted)) judged.set(wanted, unsatisfiable(draft.pool, lease.needs));
    const note = judged.get(wanted);
    if (note !== undefined) end(draft, lease, { reason: "UNSATISFIABLE", note, by: draft.identity(by) });
  }
}

export function remove(draft: Draft, command: Delete): Done | Refusal {
  const site = draft.pool.sites.get(command.environment);
  if (site === undefined) return noEnvironment(command.environment);
  const refusal = drop(draft, site, command.by);
  if (refusal !== undefined) return refusal;
  turnAway(draft, [site], command.by);
  return { ok: true, changes: [{ name: command.environment, kind: "DELETED", fields: [] }] };
}

function drop(draft: Draft, site: Site, by: Caller): Refusal | undefined {
  const { name } = site.environment.config;
  if (usedSlots(site) > 0) {
    const ids = [...site.occupants.values().take(limits.named)].join(", ");
    return {
      ok: false,
      reason: "ENVIRONMENT_IN_USE",
      message: `environment ${JSON.stringify(name)} is held (${ids}); set it DRAINING and wait, or end the leases with ForceRelease`,
      metadata: { environment: name, lease_ids: ids },
    };
  }
  for (const id of waitersOf(site))
    end(draft, leaseOf(draft.pool, id), { reason: "UNSATISFIABLE", note: `environment ${name} was deleted`, by: draft.identity(by) });
  draft.dropEnvironment(name, true);
  return undefined;
}

export function setState(draft: Draft, command: SetState): Done | Refusal {
  const site = draft.pool.sites.get(command.environment);
  if (site === undefined) return noEnvironment(command.environment);
  if (command.until !== undefined && command.until <= draft.at) {
    const message = `until: lies ${about(draft.at - command.until)} in the past; give a time ahead, or none`;
    return { ok: false, reason: "STATE_UNTIL_PAST", field: "until", message };
  }
  const until = command.until === undefined ? {} : { stateUntil: command.until };
  const after = stateByHand(site.environment, command, draft.at);
  if ("ok" in after) return after;
  draft.putEnvironment({ ...after, ...until }, true);
  return { ok: true };
}

/** What an operator says of an environment. AVAILABLE means that it is fit for use: clean, and nothing that failed before counts. */
function stateByHand(environment: Environment, { state, reason }: SetState, at: Micros): Environment | Refusal {
  if (state === "AVAILABLE") {
    const { failures: _, ...fit } = inState(environment, state, reason);
    return fit;
  }
  if (state !== "DIRTY") return kept(environment, state, reason);
  const { name, capacity } = environment.config;
  if (capacity > 1) return notCleanable(name, capacity);
  return { ...inState(environment, state, reason), dirtySince: at };
}

function notCleanable(name: string, capacity: number): Refusal {
  return {
    ok: false,
    reason: "NOT_CLEANABLE",
    field: "state",
    message: `${JSON.stringify(name)} has ${capacity} slots, and who cleans it must have it alone; make its capacity 1, or set it MAINTENANCE`,
    metadata: { environment: name },
  };
}

/** A rest or a state of an environment, or the time to clean it, has run out. */
export function freshen(draft: Draft, name: string): void {
  const { environment } = siteOf(draft.pool, name);
  const { stateUntil, uncleaned, state } = environment;
  const clean = inState(environment, "AVAILABLE");
  if (stateUntil !== undefined && stateUntil <= draft.at)
    draft.putEnvironment(uncleaned === true ? soiled(clean, draft.at, `used before it was ${state}`) : clean, true);
  else if (state === "DIRTY" && isOverdue(environment, draft.at)) draft.putEnvironment(notCleaned(environment), true);
  else draft.endRests(name);
}

function poolFixed(config: EnvironmentConfig, owner: string): Refusal {
  return {
    ok: false,
    reason: "POOL_FIXED",
    field: "environments",
    message: `environment ${JSON.stringify(config.name)} is in pool ${JSON.stringify(owner)}; the pool is fixed once created: delete it first`,
    metadata: { environment: config.name, pool: owner },
  };
}
