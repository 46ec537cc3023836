/**
 * What an event tells the history alone, in the body of its row: most of it follows from what the row says anyway, and is left out, since each
 * byte counts in each commit. Rows that are older than the history tell nothing of it.
 */
import type { Cause, EnvironmentStatus, Event, EventKind, Occupant } from "../../core/event.ts";
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
  /** From where that one called, and what is proven of it. */
  readonly from?: string | undefined;
  readonly claims?: EndedBy["claims"] | undefined;
  /** Unless one of the occupants that the event names says them. */
  readonly principal?: string | undefined;
  readonly label?: string | undefined;
  /** How long before the event it was asked for and granted, in µs. */
  readonly asked?: Micros | undefined;
  readonly granted?: Micros | null | undefined;
}

/** Whose lease it is. */
type Owner = Pick<Occupant, "principal" | "principalLabel">;

/** The rest of it is as it is. */
type Told = Pick<Event, "kind" | "by"> & { readonly cause?: Cause };

/** The record of an event. */
export function leanRecord({ kind, by, cause, at, environments }: Event): LeanRecord {
  if (cause === undefined || kind === undefined) return { kind, by };
  const { principal, principalLabel, createdAt = at, grantedAt } = cause;
  const granted = grantedAt === undefined ? undefined : at - grantedAt;
  const found = ownerIn(environments, cause.leaseId);
  const isKnown = found?.principal === principal && found?.principalLabel === principalLabel;
  const maker = by && leanBy(by, cause);
  return {
    kind: kind === usualKind(cause) ? USUAL : kind,
    by: maker,
    from: typeof maker === "number" ? by?.address : undefined,
    claims: typeof maker === "number" ? by?.claims : undefined,
    principal: isKnown ? undefined : principal,
    label: isKnown ? undefined : principalLabel,
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
  const owner = ownerOf(record, environments, cause.leaseId);
  const granted = record.granted === undefined ? usualGrant(cause) : (record.granted ?? undefined);
  const times = { createdAt: at - asked, ...(granted !== undefined && { grantedAt: at - granted }) };
  const maker = typeof by === "number" ? fullBy(record, owner, cause) : by;
  return { cause: { ...cause, ...owner, ...times }, kind: kind === USUAL ? usualKind(cause) : kind, ...(maker && { by: maker }) };
}

function usualKind({ state, endReason = "RELEASED" }: Cause): EventKind {
  if (state === "ENDED") return endReason;
  return state === "HELD" ? "GRANTED" : state;
}

/** How long before the event the lease was granted, where nothing is said. */
function usualGrant({ state }: Cause): Micros | undefined {
  return state === "HELD" ? 0 : undefined;
}

function leanBy(by: EndedBy, { principal, principalLabel, leaseId }: Cause): LeanRecord["by"] {
  if (by.principal !== principal || by.principalLabel !== principalLabel) return by;
  return by.lease === undefined ? USUAL : by.lease === leaseId ? BEARER : by;
}

function fullBy({ by, from, claims }: LeanRecord, owner: Owner, { leaseId, holder }: Cause): EndedBy {
  const bearer = by === BEARER ? { lease: leaseId, holder } : {};
  return { ...owner, ...bearer, ...(from !== undefined && { address: from }), ...(claims !== undefined && { claims }) };
}

function ownerOf({ principal, label }: LeanRecord, environments: readonly EnvironmentStatus[], leaseId: string): Owner {
  if (principal === undefined) return ownerIn(environments, leaseId) ?? { principal: "" };
  return label === undefined ? { principal } : { principal, principalLabel: label };
}

function ownerIn(environments: readonly EnvironmentStatus[], leaseId: string): Owner | undefined {
  for (const { holders, next } of environments) {
    const found = next?.leaseId === leaseId ? next : holders.find((one) => one.leaseId === leaseId);
    if (found === undefined) continue;
    const { principal, principalLabel } = found;
    return principalLabel === undefined ? { principal } : { principal, principalLabel };
  }
  return undefined;
}
