/** AcquireForCleaning: gives an environment that is DIRTY to somebody who cleans it, ahead of the line. */
import { fitsAny } from "../access/pattern.ts";
import type { Clean, Done, Refusal } from "../command.ts";
import type { Draft } from "../draft.ts";
import { limits } from "../limits.ts";
import { rarestOf } from "../model/labels.ts";
import type { Lease } from "../model/lease.ts";
import type { Pool, Site } from "../model/pool.ts";
import { matches, type Selector } from "../model/selector.ts";
import { textOf } from "../model/selector-text.ts";
import { isCleanable, siteOf } from "../model/site.ts";
import { ascending } from "../model/sorted.ts";
import { answered } from "./acquire.ts";
import { inState } from "./aftermath.ts";
import { grant } from "./moves.ts";
import { overQuota, quotasOfNewcomer } from "./quota.ts";
import { beyond, noEnvironment } from "./refusal.ts";

export function clean(draft: Draft, command: Clean): Done | Refusal {
  const earlier = answered(draft, { ...command, ifBusy: "FAIL" });
  if (earlier !== undefined) return earlier;
  const { environment } = command;
  if (environment !== undefined && !draft.pool.sites.has(environment)) return noEnvironment(environment);
  const site = firstDirty(draft.pool, command);
  if (site === undefined) return nothingDirty(draft.pool, command);
  const crowded = beyond(draft.pool.leases.size, draft.totals().leases, limits.leases, "leases");
  if (crowded !== undefined) return crowded;
  const { config, dirtySince = draft.at, cleanBy = draft.at + (config.cleaning?.timeout ?? limits.cleaning.default) } = site.environment;
  const left = Math.min(cleanBy - draft.at, command.longest ?? Number.POSITIVE_INFINITY);
  const lease = cleaningLease(draft, command, site, left);
  const over = overQuota(draft, command, lease);
  if (over !== undefined) return over;
  // Who cleans it is told by the lease; why it had to be, by the reason.
  const during = { ...inState(site.environment, "CLEANING", site.environment.stateReason), dirtySince, cleanBy };
  draft.putEnvironment(during, true);
  return { ok: true, lease: grant(draft, lease, "HELD") };
}

/** What a cleaner asks for. */
type Meaning = Pick<Clean, "environment" | "selector" | "only">;

/** The environment that a cleaner would get now. */
export function firstDirty(pool: Pool, meaning: Meaning): Site | undefined {
  if (meaning.environment !== undefined) {
    const site = pool.sites.get(meaning.environment);
    return site !== undefined && isCleanable(site) ? site : undefined;
  }
  const labelled = meaning.selector && fewLabelled(pool, meaning.selector);
  if (labelled !== undefined) return longestDirty(labelled.filter((site) => isCleanable(site) && isMeant(meaning, site)));
  const dirty = pool.dirty.keys().map(({ environment }) => siteOf(pool, environment));
  return dirty.find((site) => isMeant(meaning, site));
}

/** Those that have the rarest label of a selector, where they are fewer than what is dirty: it costs by these, not by the size of the pool. */
function fewLabelled(pool: Pool, selector: Selector): Site[] | undefined {
  const named = rarestOf(pool.labels, selector).flatMap((label) => pool.labels.names.get(label) ?? []);
  if (named.reduce((sum, { size }) => sum + size, 0) >= pool.dirty.size) return undefined;
  return named.flatMap((names) => [...names.keys()].map((name) => siteOf(pool, name)));
}

function longestDirty(sites: readonly Site[]): Site | undefined {
  const since = ({ environment }: Site) => environment.dirtySince ?? 0;
  const name = ({ environment }: Site) => environment.config.name;
  return sites.toSorted((a, b) => since(a) - since(b) || ascending(name(a), name(b)))[0];
}

/** Whether a cleaner asks for an environment; one that was made on demand is never selected. */
export function isMeant({ environment, selector, only }: Meaning, site: Site): boolean {
  const { config, onDemand } = site.environment;
  if (environment !== undefined) return environment === config.name;
  if (only !== undefined && !fitsAny(only, config.name)) return false;
  return selector === undefined || (onDemand !== true && matches(selector, config.labels));
}

/** The refusal of a cleaner for whom there is nothing. */
export function nothingDirty(pool: Pool, { environment, selector }: Meaning): Refusal {
  const site = environment === undefined ? undefined : pool.sites.get(environment);
  const state = site === undefined ? "" : ` (it is ${site.environment.state}${site.slots.size > 0 ? ", and in use or resting" : ""})`;
  const which = selector === undefined ? "" : ` that matches ${textOf(selector)}`;
  const what =
    environment === undefined ? `pool ${JSON.stringify(pool.name)} has nothing${which}` : `${JSON.stringify(environment)} is not`;
  return {
    ok: false,
    reason: "NOTHING_DIRTY",
    message: `${what} to be cleaned now${state}; ask again with \`wait\``,
    metadata: { pool: pool.name, ...(environment !== undefined && { environment }) },
  };
}

/** Nothing but the grace of a start lets it outlive the time that there is for cleaning. */
function cleaningLease(draft: Draft, command: Clean, { environment }: Site, left: number): Lease {
  const { name, defaultTtl = limits.defaultTtl, maxTtl = limits.maxTtl } = environment.config;
  const { id, by, ttl = defaultTtl, requestId, fingerprint, holder, reason } = command;
  return {
    id,
    pool: draft.pool.name,
    state: "QUEUED",
    endNote: "",
    needs: [{ environment: name, slots: 1, indexes: [] }],
    ...(by.label !== undefined && { principalLabel: by.label }),
    ...quotasOfNewcomer(command),
    ...{ holder, principal: by.principal, reason, tags: [], priority: 0, fingerprint },
    sequence: Number.MAX_SAFE_INTEGER,
    createdAt: draft.at,
    ttl: Math.min(ttl, maxTtl, left),
    maxHold: left,
    ticketTtl: limits.ticketTtl.default,
    claimTimeout: Math.min(limits.claimTimeout.default, left),
    ...{ graced: false, legacy: false, cleaning: true, failing: true, revision: 0 },
    ...(requestId !== undefined && { requestId }),
  };
}
