/** The Acquire command: find the earlier answer, or the environments; then hold, queue or refuse. */
import type { Acquire, Done, Refusal } from "./command.ts";
import type { Draft } from "./draft.ts";
import { create } from "./fleet.ts";
import { grant, hold } from "./lease.ts";
import { siteOf } from "./ledger.ts";
import { limits } from "./limits.ts";
import { fits } from "./line.ts";
import { type EnvironmentConfig, type Lease, type Micros, requestKey } from "./model.ts";
import { beyond, near } from "./refusal.ts";

export function acquire(draft: Draft, command: Acquire): Done | Refusal {
  const earlier = answered(draft, command);
  if (earlier !== undefined) return earlier;
  let created = false;
  for (const need of command.needs) {
    if (draft.pool.sites.has(need.environment)) continue;
    const refusal = introduce(draft, command, need.environment);
    if (refusal !== undefined) return refusal;
    created = true;
  }
  const lease = draftLease(draft, command);
  const impossible = tooWide(draft, command);
  if (impossible !== undefined) return { ok: true, lease: ended(lease, "UNSATISFIABLE", impossible) };
  const crowded = beyond(draft.pool.leases.size, draft.totals().leases, limits.leases, "leases");
  if (crowded !== undefined) return crowded;
  if (fits(draft.pool, lease)) return { ok: true, lease: grant(draft, lease, "HELD"), environmentCreated: created };
  if (command.ifBusy === "FAIL") return { ok: true, lease: ended(lease, "REFUSED", "busy, and if_busy is FAIL") };
  const long = beyond(draft.pool.waiters, draft.totals().waiters, limits.waiters, "waiting leases");
  if (long !== undefined) return long;
  const sequence = draft.next();
  const deadline = command.queueTimeout === undefined ? {} : { deadline: draft.at + command.queueTimeout };
  return { ok: true, lease: draft.putLease({ ...lease, ...deadline, sequence }, sequence), environmentCreated: created };
}

/** Rule 2: one lease for a request_id, until 24 h after it ended. A retry is a sign of life. */
function answered(draft: Draft, command: Acquire): Done | Refusal | undefined {
  if (command.requestId === undefined) return undefined;
  const lease = draft.leaseOfRequest(requestKey(command.by.principal, draft.pool.name, command.requestId));
  if (lease === undefined || (lease.endedAt !== undefined && lease.endedAt + limits.history <= draft.at)) return undefined;
  if (lease.fingerprint !== command.fingerprint)
    return {
      ok: false,
      reason: "IDEMPOTENCY_MISMATCH",
      field: "request_id",
      message: `request_id ${JSON.stringify(command.requestId)} was used for another request (lease ${lease.id}); send that one again as it was, or use a new request_id`,
      metadata: { lease_id: lease.id },
    };
  return { ok: true, lease: lease.state === "OFFERED" ? hold(draft, lease) : lease };
}

/** Creates an unknown environment, where that is allowed. */
function introduce(draft: Draft, command: Acquire, name: string): Refusal | undefined {
  const owner = draft.otherOwner(name);
  if (owner !== undefined)
    return {
      ok: false,
      reason: "POOL_MISMATCH",
      field: "pool",
      message: `environment ${JSON.stringify(name)} is in pool ${JSON.stringify(owner)}, not ${JSON.stringify(draft.pool.name)}; all environments of a request share one pool`,
      metadata: { environment: name, pool: owner },
    };
  if (!command.autoCreate)
    return {
      ok: false,
      reason: "ENVIRONMENT_NOT_FOUND",
      field: "environment",
      message: `there is no environment ${JSON.stringify(name)}${near(name, draft.pool.sites.keys())}; this server does not create environments on demand`,
      metadata: { environment: name },
    };
  const config: EnvironmentConfig = { name, pool: draft.pool.name, description: "", labels: {}, capacity: 1, links: {} };
  return create(draft, config, false);
}

/** Why the request can never be met with the present configuration. */
function tooWide(draft: Draft, command: Acquire): string | undefined {
  for (const need of command.needs) {
    const { capacity } = siteOf(draft.pool, need.environment).environment.config;
    if (need.slots > capacity) return `${need.environment} has ${capacity} slots, fewer than the ${need.slots} asked for`;
  }
  return undefined;
}

/** The lease that would be queued. Ttl and max_hold are clamped to the strictest of its environments. */
function draftLease(draft: Draft, command: Acquire): Lease {
  const { queueTimeout, requestId } = command;
  return {
    id: command.id,
    pool: draft.pool.name,
    state: "QUEUED",
    endNote: "",
    needs: command.needs.map((need) => ({ ...need, indexes: [] })),
    holder: command.holder,
    principal: command.by.principal,
    reason: command.reason,
    tags: command.tags,
    priority: command.priority,
    sequence: Number.MAX_SAFE_INTEGER,
    createdAt: draft.at,
    ...terms(draft, command),
    ticketTtl: command.ticketTtl,
    claimTimeout: command.claimTimeout,
    graced: false,
    fingerprint: command.fingerprint,
    legacy: command.legacy,
    revision: 0,
    ...(queueTimeout === undefined ? {} : { queueTimeout }),
    ...(requestId === undefined ? {} : { requestId }),
  };
}

function terms(draft: Draft, command: Acquire): { ttl?: Micros; maxHold?: Micros } {
  if (command.legacy && command.ttl === undefined) return {};
  const configs = command.needs.map((need) => siteOf(draft.pool, need.environment).environment.config);
  const ttl = Math.min(command.ttl ?? strictest(configs, "defaultTtl", limits.defaultTtl), strictest(configs, "maxTtl", limits.maxTtl));
  const longest = strictest(configs, "maxHold", limits.maxTtl);
  const usual = configs.some((config) => config.maxHold !== undefined) ? longest : Math.max(limits.defaultMaxHold, ttl);
  const maxHold = Math.min(command.maxHold ?? usual, longest);
  return { ttl: Math.min(ttl, maxHold), maxHold };
}

/** The smallest value that one of the environments sets. */
export function strictest(configs: readonly EnvironmentConfig[], key: "defaultTtl" | "maxTtl" | "maxHold", otherwise: Micros): Micros {
  return Math.min(...configs.map((config) => config[key] ?? otherwise));
}

/** An answer only: nothing is stored. */
function ended(lease: Lease, endReason: "REFUSED" | "UNSATISFIABLE", endNote: string): Lease {
  return { ...lease, state: "ENDED", endReason, endNote, endedAt: lease.createdAt };
}
