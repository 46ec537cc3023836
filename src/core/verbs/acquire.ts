/** The Acquire command: find the earlier answer, or the environments; then hold, queue or refuse. */

import type { Acquire, Done, Refusal } from "../command.ts";
import type { Draft } from "../draft.ts";
import { limits } from "../limits.ts";
import { fits } from "../line/line.ts";
import type { EnvironmentConfig } from "../model/environment.ts";
import { type Asked, type Lease, requestKey } from "../model/lease.ts";
import { isSelecting, namesOf, needOf } from "../model/needs.ts";
import { makesOnDemand } from "../model/pool-config.ts";
import { timesOutAt } from "../model/reservation.ts";
import { isCrowded } from "../model/seekers.ts";
import { notGranted, unsatisfiable } from "./busy.ts";
import { create } from "./fleet.ts";
import { leaseEnded } from "./leases.ts";
import { attend, grant } from "./moves.ts";
import { queueFull } from "./pools.ts";
import { overQuota, quotasOfNewcomer } from "./quota.ts";
import { beyond, limitReached, wrongPool } from "./refusal.ts";
import { misplaced } from "./reserving.ts";
import { supersede } from "./superseding.ts";
import { termsOf } from "./terms.ts";

export function acquire(draft: Draft, command: Acquire): Done | Refusal {
  const earlier = answered(draft, command);
  if (earlier !== undefined) return earlier;
  const wrong = misplaced(draft, command);
  if (wrong !== undefined) return wrong;
  let created = false;
  for (const name of namesOf(command)) {
    if (draft.pool.sites.has(name)) continue;
    const refusal = introduce(draft, command, name);
    if (refusal !== undefined) return refusal;
    created = true;
  }
  const lease = draftLease(draft, command);
  const impossible = unsatisfiable(draft.pool, command.needs);
  if (impossible !== undefined) return command.ifBusy === "FAIL" ? notGranted(draft.pool, command.needs) : answerOnly(lease, impossible);
  const crowded = beyond(draft.pool.leases.size, draft.totals().leases, limits.leases, "leases");
  if (crowded !== undefined) return crowded;
  const over = overQuota(draft, command, lease);
  if (over !== undefined) return over;
  if (lease.early !== true && fits(draft.pool, lease)) return arrived(draft, command, grant(draft, lease, "HELD"), created);
  if (command.ifBusy === "FAIL" && command.wait === undefined) return notGranted(draft.pool, command.needs);
  const long =
    queueFull(draft.pool, command, lease) ?? beyond(draft.pool.waiters, draft.totals().waiters, limits.waiters, "waiting leases");
  if (long !== undefined) return long;
  if (isCrowded(draft.pool, lease, limits.selectors)) return limitReached("different selectors in line for one label", limits.selectors);
  const sequence = draft.next();
  const waiter = draft.putLease({ ...lease, ...waitingUntil(lease), sequence }, { revision: sequence });
  return arrived(draft, command, waiter, created);
}

/** It is granted, or stands in line. */
function arrived(draft: Draft, command: Acquire, lease: Lease, environmentCreated: boolean): Done {
  supersede(draft, command, lease);
  return { ok: true, lease, environmentCreated };
}

/** Rule 2: one lease for a request_id, until 24 h after it ended. A retry is a sign of life. */
export function answered(
  draft: Draft,
  command: Pick<Acquire, "by" | "requestId" | "fingerprint" | "ifBusy" | "wait">,
): Done | Refusal | undefined {
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
  if (lease.state !== "ENDED") return { ok: true, lease: attend(draft, waitingOn(draft, lease, command)) };
  // With FAIL an answer means HELD.
  return command.ifBusy === "FAIL" ? leaseEnded(lease) : { ok: true, lease };
}

/** The deadline of a newcomer; with FAIL it is when its call, which ends the waiting itself, must be over. */
function waitingUntil(lease: Lease): Pick<Lease, "deadline"> {
  const { queueTimeout = 0 } = lease;
  const until = lease.transient === true ? { ...lease, queueTimeout: queueTimeout + limits.waitSlack } : lease;
  const deadline = lease.early === true ? lease.notBefore : timesOutAt(until);
  return deadline === undefined ? {} : { deadline };
}

/** A transient waiter stays in line as long as any of its calls may wait. */
function waitingOn(draft: Draft, lease: Lease, { wait }: Pick<Acquire, "wait">): Lease {
  if (lease.transient !== true || lease.state !== "QUEUED" || wait === undefined) return lease;
  const { deadline = 0 } = waitingUntil({ ...lease, createdAt: draft.at, queueTimeout: wait });
  return draft.putLease({ ...lease, calls: (lease.calls ?? 1) + 1, deadline: Math.max(deadline, lease.deadline ?? 0) });
}

/** Creates an unknown environment, where that is allowed. */
function introduce(draft: Draft, command: Acquire, name: string): Refusal | undefined {
  const owner = draft.otherOwner(name);
  if (owner !== undefined) return wrongPool(name, owner, draft.pool.name);
  if (!makesOnDemand(draft.pool, command.autoCreate))
    return {
      ok: false,
      reason: "ENVIRONMENT_NOT_FOUND",
      field: "environment",
      message: `there is no environment ${JSON.stringify(name)}, and none is made on demand in pool ${JSON.stringify(draft.pool.name)}`,
      metadata: { environment: name },
    };
  const config: EnvironmentConfig = { name, pool: draft.pool.name, description: "", labels: {}, capacity: 1, links: {} };
  return create(draft, config, true, new Set(namesOf(command)));
}

/** The lease that would be queued. Ttl and max_hold are clamped to the strictest of its environments. */
function draftLease(draft: Draft, command: Acquire): Lease {
  const { requestId, notBefore, notAfter, supersedeKey, notify } = command;
  const transient = command.ifBusy === "FAIL" && command.wait !== undefined;
  const queueTimeout = transient ? command.wait : command.queueTimeout;
  const { ttl, maxHold } = termsOf(draft.pool, command);
  return {
    id: command.id,
    pool: draft.pool.name,
    state: "QUEUED",
    endNote: "",
    needs: command.needs.map(needOf),
    holder: command.holder,
    principal: command.by.principal,
    ...(command.by.label !== undefined && { principalLabel: command.by.label }),
    ...quotasOfNewcomer(command),
    reason: command.reason,
    tags: command.tags,
    priority: command.priority,
    sequence: Number.MAX_SAFE_INTEGER,
    createdAt: draft.at,
    ...(ttl === undefined ? {} : { ttl }),
    ...(maxHold === undefined ? {} : { maxHold }),
    ...(isSelecting(command) && { asked: asked(command) }),
    ticketTtl: command.ticketTtl,
    claimTimeout: Math.min(command.claimTimeout, maxHold ?? command.claimTimeout),
    graced: false,
    fingerprint: command.fingerprint,
    legacy: command.legacy,
    revision: 0,
    ...(notBefore !== undefined && { notBefore }),
    ...(notBefore !== undefined && notBefore > draft.at && { early: true }),
    ...(notAfter !== undefined && { notAfter: Math.min(notAfter, Math.max(draft.at, notBefore ?? 0) + limits.maxTtl) }),
    ...(command.autoClaim === true && { autoClaim: true }),
    ...(supersedeKey !== undefined && { supersedeKey }),
    ...(notify !== undefined && { notify }),
    ...(command.ifBusy === "FAIL" && { failing: true }),
    ...(transient && { transient }),
    ...(queueTimeout === undefined ? {} : { queueTimeout }),
    ...(requestId === undefined ? {} : { requestId }),
  };
}

function asked({ ttl, maxHold, longest }: Acquire): Asked {
  return { ...(ttl !== undefined && { ttl }), ...(maxHold !== undefined && { maxHold }), ...(longest !== undefined && { longest }) };
}

/** An answer only: nothing is stored. */
function answerOnly(lease: Lease, endNote: string): Done {
  return { ok: true, lease: { ...lease, state: "ENDED", endReason: "UNSATISFIABLE", endNote, endedAt: lease.createdAt } };
}
