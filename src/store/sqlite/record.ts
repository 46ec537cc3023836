/**
 * What an event tells the history alone, in the body of its row: most of it follows from what the row says anyway, and is left out, since each
 * byte counts in each commit. Rows that are older than the history tell nothing of it.
 */
import type { Cause, EnvironmentStatus, Event, EventKind } from "../../core/event.ts";
import type { EndedBy } from "../../core/model/lease.ts";
import type { Micros } from "../../core/model/units.ts";

/** In place of what is usual. */
const USUAL = 1;
/** In place of who made it: the bearer of the lease's own token. */
const BEARER = 2;

/** A record as it is in a body. */
export interface LeanRecord {
  readonly kind?: EventKind | typeof USUAL | undefined;
  readonly by?: EndedBy | typeof USUAL | typeof BEARER | undefined;
  /** Unless one of the occupants that the event names says it. */
  readonly principal?: string | undefined;
  /** How long before the event it was asked for and granted, in µs. */
  readonly asked?: Micros | undefined;
  readonly granted?: Micros | null | undefined;
}

/** The rest of it is as it is. */
type Told = Pick<Event, "kind" | "by"> & { readonly cause?: Cause };

/** The record of an event. */
export function leanRecord({ kind, by, cause, at, environments }: Event): LeanRecord {
  if (cause === undefined || kind === undefined) return { kind, by };
  const { principal, createdAt = at, grantedAt } = cause;
  const granted = grantedAt === undefined ? undefined : at - grantedAt;
  return {
    kind: kind === usualKind(cause) ? USUAL : kind,
    by: by && leanBy(by, cause),
    principal: principal === principalIn(environments, cause.leaseId) ? undefined : principal,
    asked: createdAt === at ? undefined : at - createdAt,
    granted: granted === usualGrant(cause) ? undefined : (granted ?? null),
  };
}

/** What a record says of an event with the rest of its cause. */
export function fullRecord(record: LeanRecord, cause: Cause | undefined, at: Micros, environments: readonly EnvironmentStatus[]): Told {
  const { kind, by, asked = 0 } = record;
  if (cause === undefined || kind === undefined) {
    const told = { ...(kind !== undefined && { kind: kind as EventKind }), ...(by !== undefined && { by: by as EndedBy }) };
    return { ...told, ...(cause && { cause }) };
  }
  const principal = record.principal ?? principalIn(environments, cause.leaseId) ?? "";
  const granted = record.granted === undefined ? usualGrant(cause) : (record.granted ?? undefined);
  const times = { createdAt: at - asked, ...(granted !== undefined && { grantedAt: at - granted }) };
  const own = by === BEARER ? { principal, lease: cause.leaseId, holder: cause.holder } : by === USUAL ? { principal } : by;
  return { cause: { ...cause, principal, ...times }, kind: kind === USUAL ? usualKind(cause) : kind, ...(own && { by: own }) };
}

function usualKind({ state, endReason = "RELEASED" }: Cause): EventKind {
  if (state === "ENDED") return endReason;
  return state === "HELD" ? "GRANTED" : state;
}

/** How long before the event the lease was granted, where nothing is said. */
function usualGrant({ state }: Cause): Micros | undefined {
  return state === "HELD" ? 0 : undefined;
}

function leanBy(by: EndedBy, { principal, leaseId }: Cause): LeanRecord["by"] {
  if (by.principal !== principal) return by;
  return by.lease === undefined ? USUAL : by.lease === leaseId ? BEARER : by;
}

function principalIn(environments: readonly EnvironmentStatus[], leaseId: string): string | undefined {
  for (const { holders, next } of environments) {
    if (next?.leaseId === leaseId) return next.principal;
    const holder = holders.find((one) => one.leaseId === leaseId);
    if (holder !== undefined) return holder.principal;
  }
  return undefined;
}
