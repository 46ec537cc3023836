/** Converts the core's values to the contract's messages. */
import { create, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import type { EnvironmentSchema } from "../../../gen/ts/callme/v1/environment_service_pb.ts";
import type { WatchEnvironmentResponseSchema } from "../../../gen/ts/callme/v1/lock_service_pb.ts";
import {
  type CancelRequestSchema,
  type EndedBySchema,
  EndReason,
  EnvironmentState,
  EnvironmentStatusSchema,
  type EstimateSchema,
  type FactSchema,
  HolderKind,
  type HolderSchema,
  type LastUseSchema,
  type LeaseSchema,
  LeaseState,
  type NeedSchema,
  type OccupantSchema,
  type ReservationSchema,
  WatchKind,
} from "../../../gen/ts/callme/v1/types_pb.ts";
import type { EnvironmentStatus, Occupant, Reservation } from "../../core/event.ts";
import type { Estimate } from "../../core/expecting.ts";
import { isGranted, latestEnd } from "../../core/ledger.ts";
import type { Environment, Facts, LastUse } from "../../core/model/environment.ts";
import type { CancelRequest, EndedBy, Holder, Lease, NamedNeed, Need } from "../../core/model/lease.ts";
import { isSelecting, partsOf } from "../../core/model/needs.ts";
import type { Pool } from "../../core/model/pool.ts";
import { textOf } from "../../core/model/selector-text.ts";
import type { Micros } from "../../core/model/units.ts";
import { placeOf } from "../../core/standing.ts";
import { reservationBehind } from "../../core/view.ts";
import type { Views } from "../../engine/views.ts";
import type { WatchMessage } from "../../engine/watch/message.ts";
import { lifeMessage } from "./life.ts";
import { durationOf, timestampOf } from "./times.ts";

/** What the holder of an environment is given, and nobody else; see LeasedEnvironment. */
export interface Given {
  readonly variables: Record<string, string>;
  readonly slotVariables: { variables: Record<string, string> }[];
  readonly secretVariables: string[];
  readonly missingVariables: string[];
}

/** What the views know of the present. */
export type Present = Pick<Views, "now" | "estimate">;

/** A lease of a pool as it is at present. `give`: for its holder; variables.ts says who that is. */
export function leaseMessage(
  lease: Lease,
  pool: Pool,
  present: Present,
  give?: (part: NamedNeed) => Given,
): MessageInitShape<typeof LeaseSchema> {
  const now = present.now();
  const behind = isGranted(lease) ? reservationBehind(pool, lease) : undefined;
  const latest = latestEnd(lease);
  const { notBefore, notAfter } = lease;
  const { state, deadline, ttl, maxHold, queueTimeout, grantedAt, endedAt, endReason } = lease;
  const expiresAt = state === "HELD" ? deadline : undefined;
  // Each field is spelt out, as one object of one shape is made many times faster than parts of it are put together.
  const message: MessageInitShape<typeof LeaseSchema> = {
    id: lease.id,
    state: LeaseState[state],
    endReason: endReasonOf(endReason),
    endNote: lease.endNote,
    pool: lease.pool,
    environments: partsOf(lease).map((part) => {
      const { environment: name, slots, indexes } = part;
      const leased = { name, slots, slotIndexes: [...indexes], fencingToken: BigInt(lease.fencingToken ?? 0) };
      return give === undefined ? leased : { ...leased, ...give(part) };
    }),
    needs: isSelecting(lease) ? lease.needs.map(needOf) : [],
    holder: holderOf(lease.holder),
    principal: lease.principal,
    principalLabel: lease.principalLabel ?? "",
    reason: lease.reason,
    tags: [...lease.tags],
    priority: lease.priority,
    createdAt: timestampOf(lease.createdAt),
    grantedAt: optional(grantedAt, timestampOf),
    endedAt: optional(endedAt, timestampOf),
    expiresAt: optional(expiresAt, timestampOf),
    ttlRemaining: optional(expiresAt && Math.max(0, expiresAt - now), durationOf),
    claimBy: state === "OFFERED" ? optional(deadline, timestampOf) : undefined,
    ttl: optional(ttl, durationOf),
    maxHold: optional(maxHold, durationOf),
    ticketTtl: durationOf(lease.ticketTtl),
    claimTimeout: durationOf(lease.claimTimeout),
    queueTimeout: optional(queueTimeout, durationOf),
    latestEnd: optional(latest, timestampOf),
    endedBy: lease.endedBy && endedByOf(lease.endedBy),
    passedOver: lease.passedOver ?? false,
    supersedeKey: lease.supersedeKey ?? "",
    supersededBy: lease.supersededBy ?? "",
    cancelRequested: lease.cancelRequested && cancelRequestOf(lease.cancelRequested),
    notBefore: optional(notBefore, timestampOf),
    notAfter: optional(notAfter, timestampOf),
    autoClaim: lease.autoClaim ?? false,
    nextReservation: behind && reservationOf(behind),
    cleaning: lease.cleaning ?? false,
    requestId: lease.requestId ?? "",
    revision: BigInt(lease.revision),
  };
  return state === "QUEUED" ? { ...message, ...placeMessage(lease, pool, present, now) } : message;
}

function optional<V, M>(value: V | undefined, messageOf: (value: V) => M): M | undefined {
  return value === undefined ? undefined : messageOf(value);
}

/** What is told of a waiter alone. */
function placeMessage(lease: Lease, pool: Pool, present: Present, now: Micros) {
  // In a later version of the pool it may be gone.
  if (!pool.leases.has(lease.id)) return {};
  const { position, queueLength, ahead, holders } = placeOf(pool, lease);
  const estimate = present.estimate(lease, pool, now);
  const around = { ahead: ahead.map(occupantOf), holders: holders.map(occupantOf) };
  return { position, queueLength, ...around, ...(estimate && { estimatedStart: estimateMessage(estimate) }) };
}

function estimateMessage({ p50, p90, samples, medianHold }: Estimate): MessageInitShape<typeof EstimateSchema> {
  return { p50: timestampOf(p50), p90: timestampOf(p90), samples, medianHold: durationOf(medianHold) };
}

function needOf(need: Need): MessageInitShape<typeof NeedSchema> {
  if ("environment" in need) return { environment: need.environment, slots: need.slots };
  return { selector: textOf(need.selector), count: need.count, slots: need.slots };
}

function endReasonOf(reason: Lease["endReason"]): EndReason {
  return reason === undefined ? EndReason.UNSPECIFIED : EndReason[reason];
}

function cancelRequestOf({ by, reason, deadline }: CancelRequest): MessageInitShape<typeof CancelRequestSchema> {
  return { by: endedByOf(by), reason, deadline: timestampOf(deadline) };
}

/** Who did something. */
export function endedByOf({ principal, principalLabel = "", lease, holder, ...trace }: EndedBy): MessageInitShape<typeof EndedBySchema> {
  const { address = "", claims = {} } = trace;
  return { principal, principalLabel, leaseId: lease ?? "", ...(holder && { holder: holderOf(holder) }), address, claims: { ...claims } };
}

/** A holder. */
export function holderOf({ proven, ...holder }: Holder): MessageInitShape<typeof HolderSchema> {
  return { ...holder, kind: HolderKind[holder.kind], ...(proven && { proven: [...proven] }) };
}

function occupantOf(occupant: Occupant): MessageInitShape<typeof OccupantSchema> {
  return {
    leaseId: occupant.leaseId,
    holder: holderOf(occupant.holder),
    principal: occupant.principal,
    principalLabel: occupant.principalLabel ?? "",
    state: LeaseState[occupant.state],
    since: timestampOf(occupant.since),
    ...(occupant.until !== undefined && { until: timestampOf(occupant.until) }),
    ...(occupant.latestEnd !== undefined && { latestEnd: timestampOf(occupant.latestEnd) }),
    reason: occupant.reason,
    ...(occupant.notBefore !== undefined && { notBefore: timestampOf(occupant.notBefore) }),
    cleaning: occupant.cleaning ?? false,
    ...(occupant.cancelRequested && { cancelRequested: cancelRequestOf(occupant.cancelRequested) }),
  };
}

function reservationOf({ at, leaseId, holder, reason, until }: Reservation): MessageInitShape<typeof ReservationSchema> {
  return { at: timestampOf(at), leaseId, holder: holderOf(holder), reason, ...(until !== undefined && { until: timestampOf(until) }) };
}

function lastUseOf({ leaseId, holder, endReason }: LastUse): MessageInitShape<typeof LastUseSchema> {
  return { leaseId, holder: holderOf(holder), endReason: endReasonOf(endReason) };
}

function factsOf(facts: Facts): Record<string, MessageInitShape<typeof FactSchema>> {
  const all = Object.entries(facts).map(([name, { value, holder, leaseId, at }]) => {
    return [name, { value, holder: holderOf(holder), leaseId, at: timestampOf(at) }] as const;
  });
  return Object.fromEntries(all);
}

/** What is told of an environment beside its status. */
export type Usual = Pick<Views, "usualHold" | "recalled">;

const statuses = new WeakMap<
  EnvironmentStatus,
  { readonly recalled: number; readonly message: MessageShape<typeof EnvironmentStatusSchema> }
>();

/** Gives the same object for the same status, so that what did not change between two versions of a pool is converted once. */
export function statusMessage(status: EnvironmentStatus, usual: Usual): MessageShape<typeof EnvironmentStatusSchema> {
  const { recalled } = usual;
  const known = statuses.get(status);
  if (known?.recalled === recalled) return known.message;
  const usualHold = usual.usualHold(status.name);
  const { stateUntil, next, nextReservation, rest, labels, facts, ...plain } = status;
  const init: MessageInitShape<typeof EnvironmentStatusSchema> = {
    ...plain,
    deleted: status.deleted ?? false,
    left: status.left ?? false,
    ...(labels && { labels }),
    state: EnvironmentState[status.state],
    ...(stateUntil !== undefined && { stateUntil: timestampOf(stateUntil) }),
    holders: status.holders.map(occupantOf),
    ...(next && { next: occupantOf(next) }),
    ...(facts && { facts: factsOf(facts) }),
    ...(nextReservation && { nextReservation: reservationOf(nextReservation) }),
    ...(rest && { rest: { until: timestampOf(rest.until), ...(rest.from && { from: lastUseOf(rest.from) }) } }),
    ...(usualHold !== undefined && { usualHold: durationOf(Math.round(usualHold)) }),
  };
  const message = create(EnvironmentStatusSchema, init);
  statuses.set(status, { recalled, message });
  return message;
}

export function environmentMessage(environment: Environment): MessageInitShape<typeof EnvironmentSchema> {
  const { config, state, stateReason, stateUntil, onDemand, facts } = environment;
  const { defaultTtl, maxTtl, maxHold, lockDelay, cooldown, variables, slotVariables, ...more } = config;
  const { onExpiry: _, cleaning: __, quarantineAfter: ___, ...plain } = more;
  return {
    ...plain,
    ...lifeMessage(config),
    // As they are configured: what the server's own environment has is for holders only.
    ...(variables && { variables }),
    ...(facts && { facts: factsOf(facts) }),
    ...(slotVariables && { slotVariables: slotVariables.map((slot) => ({ variables: slot })) }),
    state: EnvironmentState[state],
    stateReason,
    onDemand: onDemand ?? false,
    ...(stateUntil !== undefined && { stateUntil: timestampOf(stateUntil) }),
    ...(defaultTtl !== undefined && { defaultTtl: durationOf(defaultTtl) }),
    ...(maxTtl !== undefined && { maxTtl: durationOf(maxTtl) }),
    ...(maxHold !== undefined && { maxHold: durationOf(maxHold) }),
    ...(lockDelay !== undefined && { lockDelay: durationOf(lockDelay) }),
    ...(cooldown !== undefined && { cooldown: durationOf(cooldown) }),
  };
}

export function watchMessage(message: WatchMessage, usual: Usual): MessageInitShape<typeof WatchEnvironmentResponseSchema> {
  const { cause } = message;
  return {
    revision: BigInt(message.revision),
    kind: WatchKind[message.kind],
    reset: message.reset,
    skipped: message.skipped,
    environments: message.environments.map((status) => statusMessage(status, usual)),
    ...(message.time !== undefined && { time: timestampOf(message.time) }),
    ...(cause && {
      cause: {
        leaseId: cause.leaseId,
        state: LeaseState[cause.state],
        endReason: endReasonOf(cause.endReason),
        holder: holderOf(cause.holder),
      },
    }),
  };
}
