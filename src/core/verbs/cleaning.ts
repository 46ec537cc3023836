/** AcquireForCleaning: gives an environment that is DIRTY to somebody who cleans it, ahead of the line. */
import type { Clean, Done, Refusal } from "../command.ts";
import type { Draft } from "../draft.ts";
import { limits } from "../limits.ts";
import type { Lease } from "../model/lease.ts";
import type { Pool, Site } from "../model/pool.ts";
import { matches } from "../model/selector.ts";
import { textOf } from "../model/selector-text.ts";
import { isCleanable, siteOf } from "../model/site.ts";
import { answered } from "./acquire.ts";
import { inState } from "./aftermath.ts";
import { grant } from "./moves.ts";
import { beyond, noEnvironment } from "./refusal.ts";

export function clean(draft: Draft, command: Clean): Done | Refusal {
  const earlier = answered(draft, { ...command, ifBusy: "FAIL" });
  if (earlier !== undefined) return earlier;
  const { environment } = command;
  if (environment !== undefined && !draft.pool.sites.has(environment)) return noEnvironment(environment, draft.pool.sites.keys());
  const site = firstDirty(draft.pool, command);
  if (site === undefined) return nothingDirty(draft.pool, command);
  const crowded = beyond(draft.pool.leases.size, draft.totals().leases, limits.leases, "leases");
  if (crowded !== undefined) return crowded;
  const { config, dirtySince = draft.at, cleanBy = draft.at + (config.cleaning?.timeout ?? limits.cleaning.default) } = site.environment;
  const lease = cleaningLease(draft, command, site, cleanBy - draft.at);
  // Who cleans it is told by the lease; why it had to be, by the reason.
  const during = { ...inState(site.environment, "CLEANING", site.environment.stateReason), dirtySince, cleanBy };
  draft.putEnvironment(during, true);
  return { ok: true, lease: grant(draft, lease, "HELD") };
}

/** What a cleaner asks for. */
type Meaning = Pick<Clean, "environment" | "selector">;

/** The environment that a cleaner would get now: by a selector, one look at each that is DIRTY. */
export function firstDirty(pool: Pool, meaning: Meaning): Site | undefined {
  if (meaning.environment !== undefined) {
    const site = pool.sites.get(meaning.environment);
    return site !== undefined && isCleanable(site) ? site : undefined;
  }
  return pool.dirty
    .keys()
    .map(({ environment }) => siteOf(pool, environment))
    .find((site) => isMeant(meaning, site));
}

/** Whether a cleaner asks for an environment. */
export function isMeant({ environment, selector }: Meaning, { environment: { config } }: Site): boolean {
  return (environment ?? config.name) === config.name && (selector === undefined || matches(selector, config.labels));
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
