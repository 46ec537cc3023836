/** What an event tells beside the environments after it: what it is, who made it, and why. Pure reads of values. */

import type { Cause, Event, EventKind } from "./event.ts";
import { differing } from "./model/differing.ts";
import type { Environment } from "./model/environment.ts";
import type { EndedBy, Lease } from "./model/lease.ts";
import { partsOf } from "./model/needs.ts";
import { waitsSince } from "./model/reservation.ts";
import type { Micros } from "./model/units.ts";

/** All of an event but where and when it was. */
export type Tale = Omit<Event, "revision" | "at" | "pool" | "environments">;

/** The change of a lease's state; `asker`: who asked for one that is new. `names`: the environments of the event. */
export function leaseTale(before: Lease | undefined, lease: Lease, names: readonly string[], asker: EndedBy | undefined): Tale {
  const cause = causeOf(before, lease, names, lease.state === "ENDED" ? lease.endNote : lease.reason);
  const by = before === undefined ? asker : lease.endedBy;
  return by === undefined ? { cause, kind: kindOf(before, lease) } : { cause, kind: kindOf(before, lease), by };
}

/** That `by` has set the not_after of a lease anew. */
export function extendTale(lease: Lease, names: readonly string[], by: EndedBy | undefined): Tale {
  const { notAfter } = lease;
  return { cause: causeOf(lease, lease, names, ""), kind: "EXTENDED", ...(notAfter !== undefined && { notAfter }), ...(by && { by }) };
}

/** That a holder is asked to stop. */
export function cancelTale(lease: Lease, names: readonly string[]): Tale {
  const { by, reason = "" } = lease.cancelRequested ?? {};
  return { cause: causeOf(lease, lease, names, reason), kind: "CANCEL_REQUESTED", ...(by && { by }) };
}

function causeOf(before: Lease | undefined, lease: Lease, names: readonly string[], reason: string): Cause {
  const { id: leaseId, state, holder, principal, principalLabel, endReason, notify } = lease;
  const slots = slotsOf(before, lease, names);
  const asked = { leaseId, state, holder, principal, createdAt: waitsSince(lease) };
  const moved = principalLabel === undefined ? asked : { ...asked, principalLabel };
  const used = isUse(lease) ? { ...moved, grantedAt: lease.grantedAt } : moved;
  const known = notify === undefined ? used : { ...used, notify };
  const ended = endReason === undefined ? known : { ...known, endReason };
  return reason === "" && slots === undefined ? ended : { ...ended, ...(reason !== "" && { reason }), ...(slots && { slots }) };
}

/** Whether it is, or was, HELD by somebody who uses it. */
function isUse(lease: Lease): lease is Lease & { readonly grantedAt: Micros } {
  return lease.heldAt !== undefined && lease.grantedAt !== undefined && lease.cleaning !== true;
}

function kindOf(before: Lease | undefined, { state, endReason = "RELEASED", passedOver, early, cleaning }: Lease): EventKind {
  if (state === "ENDED") return endReason;
  if (state === "HELD") return cleaning === true ? "CLEANING" : "GRANTED";
  if (state === "OFFERED") return before?.state === "HELD" ? "TAKEN_BACK" : "OFFERED";
  if (early === true) return "RESERVED";
  if (before === undefined || before.early === true) return "QUEUED";
  return passedOver === true ? "PASSED_OVER" : "TAKEN_BACK";
}

function slotsOf(before: Lease | undefined, lease: Lease, names: readonly string[]): readonly number[] | undefined {
  if (takesSingly(before) && takesSingly(lease)) return undefined;
  const parts = [before, lease].flatMap((version) => (version === undefined ? [] : partsOf(version)));
  if (parts.every(({ slots }) => slots === 1)) return undefined;
  const slots = new Map(parts.map((part) => [part.environment, part.slots]));
  return names.map((name) => slots.get(name) ?? 1);
}

/** Whether it has, or wants, one slot of everything, as most do. */
function takesSingly(lease: Lease | undefined): boolean {
  return lease === undefined || lease.needs.every(({ slots }) => slots === 1);
}

/** A change of an environment; `by` has asked for it, or nobody, where a time was over. `broken`: since its holder called it so. */
export function environmentTale(before: Environment | undefined, after: Environment, by: EndedBy | undefined, broken: boolean): Tale {
  const who = by && { by };
  if (before === undefined) return { kind: "ENVIRONMENT_CREATED", ...who };
  const { state, stateReason, stateUntil } = before;
  if (state !== after.state || stateReason !== after.stateReason || stateUntil !== after.stateUntil)
    return { kind: "STATE_CHANGED", ...who, ...(after.state === "MAINTENANCE" && { broken }) };
  const fields = differing(before.config, after.config);
  if (fields.length === 0) return before.facts === after.facts ? {} : { kind: "FACTS_CHANGED", ...who };
  const { capacity, labels } = before.config;
  return {
    ...{ kind: "ENVIRONMENT_CHANGED", fields, ...who },
    ...(capacity !== after.config.capacity && { capacityBefore: capacity }),
    ...(fields.includes("labels") && before.onDemand !== true && { labelsBefore: labels }),
  };
}
