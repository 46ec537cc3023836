/** What operators do with environments. */
import type { Apply, Change, Delete, Done, Refusal, SetState } from "./command.ts";
import type { Draft } from "./draft.ts";
import { end } from "./lease.ts";
import { leaseOf, siteOf } from "./ledger.ts";
import { limits } from "./limits.ts";
import type { Environment, EnvironmentConfig, Site } from "./model.ts";
import { beyond, limitReached, noEnvironment } from "./refusal.ts";

/** Adds an environment, AVAILABLE and free; `told` makes it an event of its own. */
export function create(draft: Draft, config: EnvironmentConfig, told: boolean): Refusal | undefined {
  const totals = draft.totals();
  const many = beyond(draft.pool.sites.size, totals.environments, limits.environments, "environments");
  if (many !== undefined) return many;
  if (draft.pool.sites.size === 0 && totals.pools >= limits.pools) return limitReached("pools", limits.pools);
  draft.putEnvironment({ config, state: "AVAILABLE", stateReason: "", fence: 0, rests: [], revision: 0 }, told);
  return undefined;
}

/** Makes the pool's environments what `command` says; all of it or, refused, nothing. */
export function apply(draft: Draft, command: Apply): Done | Refusal {
  const changes: Change[] = [];
  for (const config of command.environments) {
    const change = applyOne(draft, config);
    if ("ok" in change) return change;
    changes.push(change);
  }
  const named = new Set(command.environments.map((config) => config.name));
  const extra = command.prune ? [...draft.pool.sites.keys()].filter((name) => !named.has(name)) : [];
  for (const name of extra) {
    const refusal = drop(draft, siteOf(draft.pool, name));
    if (refusal !== undefined) return refusal;
    changes.push({ name, kind: "DELETED", fields: [] });
  }
  return { ok: true, changes };
}

function applyOne(draft: Draft, config: EnvironmentConfig): Change | Refusal {
  const { name } = config;
  const owner = draft.otherOwner(name);
  if (owner !== undefined) return poolFixed(config, owner);
  const site = draft.pool.sites.get(name);
  if (site === undefined) return create(draft, config, true) ?? { name, kind: "CREATED", fields: [] };
  const fields = differing(site.environment.config, config);
  if (fields.length === 0) return { name, kind: "UNCHANGED", fields };
  const rests = site.environment.rests.filter((rest) => rest.index < config.capacity);
  draft.putEnvironment({ ...site.environment, config, rests }, true);
  if (config.capacity < site.environment.config.capacity) turnAway(draft, name);
  return { name, kind: "UPDATED", fields };
}

/** Ends the waiters that the environment has become too small for. */
function turnAway(draft: Draft, name: string): void {
  const site = siteOf(draft.pool, name);
  for (const id of site.waiting.values()) {
    const lease = leaseOf(draft.pool, id);
    const need = lease.needs.find((candidate) => candidate.environment === name);
    const { capacity } = site.environment.config;
    if (need !== undefined && need.slots > capacity)
      end(draft, lease, "UNSATISFIABLE", `${name} now has ${capacity} slots, fewer than the ${need.slots} asked for`);
  }
}

export function remove(draft: Draft, command: Delete): Done | Refusal {
  const site = draft.pool.sites.get(command.environment);
  if (site === undefined) return noEnvironment(command.environment, draft.pool.sites.keys());
  return drop(draft, site) ?? { ok: true, changes: [{ name: command.environment, kind: "DELETED", fields: [] }] };
}

function drop(draft: Draft, site: Site): Refusal | undefined {
  const { name } = site.environment.config;
  if (site.taken.size > 0) {
    const ids = [...site.occupants.values()].slice(0, 10).join(", ");
    return {
      ok: false,
      reason: "ENVIRONMENT_IN_USE",
      message: `environment ${JSON.stringify(name)} is held (${ids}); set it DRAINING and wait, or end the leases with ForceRelease`,
      metadata: { environment: name, lease_ids: ids },
    };
  }
  for (const id of site.waiting.values()) end(draft, leaseOf(draft.pool, id), "UNSATISFIABLE", `environment ${name} was deleted`);
  draft.dropEnvironment(siteOf(draft.pool, name).environment);
  return undefined;
}

export function setState(draft: Draft, command: SetState): Done | Refusal {
  const site = draft.pool.sites.get(command.environment);
  if (site === undefined) return noEnvironment(command.environment, draft.pool.sites.keys());
  if (command.until !== undefined && command.until <= draft.at)
    return { ok: false, reason: "STATE_UNTIL_PAST", field: "until", message: "until lies in the past; give a time ahead, or none" };
  const { stateUntil: _, ...environment } = site.environment;
  const until = command.until === undefined ? {} : { stateUntil: command.until };
  draft.putEnvironment({ ...environment, ...until, state: command.state, stateReason: command.reason }, true);
  return { ok: true };
}

/** A rest or a state has run out. */
export function freshen(draft: Draft, environment: Environment): void {
  const rests = environment.rests.filter((rest) => rest.until > draft.at);
  const { stateUntil, ...rest } = environment;
  const over = stateUntil !== undefined && stateUntil <= draft.at;
  if (over) draft.putEnvironment({ ...rest, rests, state: "AVAILABLE", stateReason: "" }, true);
  else draft.putEnvironment({ ...environment, rests }, true);
}

function differing(before: EnvironmentConfig, after: EnvironmentConfig): string[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]) as Set<keyof EnvironmentConfig>;
  return [...keys].filter((key) => canonical(before[key]) !== canonical(after[key])).sort();
}

function canonical(value: unknown): string {
  if (value === undefined || value === null || typeof value !== "object") return JSON.stringify(value) ?? "";
  return JSON.stringify(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
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
