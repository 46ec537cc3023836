/** What somebody may be told of, made of events of the log. Pure reads of values. */
import type { EnvironmentStatus, Event } from "./event.ts";
import type { EnvironmentState } from "./model/environment.ts";
import type { EndedBy, EndReason, Holder } from "./model/lease.ts";
import type { Micros } from "./model/units.ts";
import { BROKEN } from "./verbs/aftermath.ts";

/** Of what a rule can have somebody told. */
export const NOTICE_KINDS = ["granted", "queued_long", "expiring_soon", "expired", "forced", "broken", "quarantined"] as const;

/** OFFERED: of who asked to be told of its own lease: it has to claim it; ended: that such a lease ended otherwise. */
export type NoticeKind = (typeof NOTICE_KINDS)[number] | "offered" | "ended" | "test";

/** What is told, once and for all as it was then. */
export interface Notice {
  readonly kind: NoticeKind;
  readonly at: Micros;
  readonly pool: string;
  readonly environments: readonly string[];
  /** Why: of an end its note, of a state its reason, else what the lease is wanted for. */
  readonly reason: string;
  readonly lease?: string;
  readonly holder?: Holder;
  readonly principal?: string;
  readonly principalLabel?: string;
  /** Who did it; it came by itself, if absent. */
  readonly by?: EndedBy;
  readonly endReason?: EndReason;
  readonly state?: EnvironmentState;
  /** Since when it waits, or waited; since when it is held. */
  readonly createdAt?: Micros;
  readonly grantedAt?: Micros;
  /** OFFERED: until when it can be claimed; HELD: when it ends unless renewed, and at the latest. */
  readonly until?: Micros;
  readonly latestEnd?: Micros;
}

/** What an event is, to rules; undefined: nothing. */
export function kindOf({ kind, environments: [status], broken }: Event): NoticeKind | undefined {
  if (kind === "GRANTED") return "granted";
  if (kind === "EXPIRED") return "expired";
  if (kind === "FORCE_RELEASED") return "forced";
  if (kind !== "STATE_CHANGED" || status === undefined) return undefined;
  if (status.state === "QUARANTINED") return "quarantined";
  // Of a row that is older than the field only the reason tells.
  const isBroken = broken ?? status.stateReason.startsWith(BROKEN);
  return isBroken && status.state === "MAINTENANCE" ? "broken" : undefined;
}

/** What an event is to who asked to be told of the lease that made it; undefined: nothing. */
export function ownKind({ kind, cause }: Event): NoticeKind | undefined {
  if (kind === "OFFERED") return "offered";
  if (kind === "GRANTED") return "granted";
  if (cause?.state !== "ENDED") return undefined;
  return kind === "EXPIRED" ? "expired" : kind === "FORCE_RELEASED" ? "forced" : "ended";
}

/** What is told of an event. */
export function noticeOf(event: Event, kind: NoticeKind): Notice {
  const { at, pool, environments, cause, by } = event;
  const told = { kind, at, pool, environments: environments.map(({ name }) => name), ...(by && { by: named(by) }) };
  const [status] = environments;
  if (cause === undefined) return { ...told, reason: status?.stateReason ?? "", ...(status && { state: status.state }) };
  const { leaseId: lease, holder, principal, principalLabel, reason = "", endReason, createdAt, grantedAt } = cause;
  return {
    ...{ ...told, reason, lease, holder },
    ...(principal !== undefined && { principal }),
    ...(principalLabel !== undefined && { principalLabel }),
    ...(endReason !== undefined && { endReason }),
    ...(createdAt !== undefined && { createdAt }),
    ...(grantedAt !== undefined && { grantedAt }),
    ...endsOf(lease, status),
  };
}

/** Without what is on record of from where somebody called. */
function named({ address: _, claims: __, ...by }: EndedBy): EndedBy {
  return by;
}

function endsOf(lease: string, status: EnvironmentStatus | undefined): Pick<Notice, "until" | "latestEnd"> {
  const { until, latestEnd } = status?.holders.find(({ leaseId }) => leaseId === lease) ?? {};
  return { ...(until !== undefined && { until }), ...(latestEnd !== undefined && { latestEnd }) };
}
