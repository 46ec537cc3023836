/** What somebody may be told of, made of events of the log. Pure reads of values. */
import { hash } from "node:crypto";
import { Sight } from "../../core/access/sight.ts";
import type { EnvironmentStatus, Event } from "../../core/event.ts";
import type { EnvironmentState } from "../../core/model/environment.ts";
import type { EndedBy, EndReason, Holder } from "../../core/model/lease.ts";
import type { Micros } from "../../core/model/units.ts";
import { BROKEN } from "../../core/verbs/aftermath.ts";

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

/** A notice and where it goes: `rule:NAME`, or a URL that an Acquire has named. The same one has the same id. */
export interface Letter {
  readonly id: string;
  readonly to: string;
  readonly notice: Notice;
}

/** How the receiver of a rule's letters is called; that of others is a URL, which comes before it. */
export const RULE = "rule:";

/** Who is told of what: which kinds, of environments that the patterns fit. */
export interface Subscription {
  readonly to: string;
  readonly patterns: readonly string[];
  readonly kinds: readonly NoticeKind[];
}

/** A letter; `key` tells it from all others to the same receiver. */
export function letterTo(to: string, notice: Notice, key: readonly unknown[]): Letter {
  return { id: `msg_${hash("sha256", JSON.stringify([to, notice.kind, ...key]), "base64url").slice(0, 27)}`, to, notice };
}

/** Whether a part of the log can be about somebody who is told of its own lease. */
export function hasAddressee(text: string): boolean {
  return text.includes('"notify"');
}

/** Who is told of events by rules, and by what their own leases say. */
export class Subscriptions {
  readonly #all: readonly (Subscription & { readonly sight: Sight })[];

  constructor(all: readonly Subscription[] = []) {
    this.#all = all.map((one) => ({ ...one, sight: new Sight(one.patterns) }));
  }

  get areNone(): boolean {
    return this.#all.length === 0;
  }

  /** The letters about an event, as the log has it. */
  lettersOf(event: Event): Letter[] {
    const { pool, revision, cause } = event;
    const own = cause?.notify === undefined ? undefined : ownKind(event);
    const kind = kindOf(event);
    if (kind === undefined && own === undefined) return [];
    const told = kind && noticeOf(event, kind);
    const letters = told === undefined ? [] : this.#of(told).map(({ to }) => letterTo(to, told, [pool, revision]));
    if (own !== undefined && cause?.notify !== undefined) letters.push(letterTo(cause.notify, noticeOf(event, own), [pool, revision]));
    return letters;
  }

  #of({ kind, pool, environments }: Notice): readonly Subscription[] {
    return this.#all.filter((one) => one.kinds.includes(kind) && fits(one.sight, pool, environments));
  }
}

/** Whether patterns mean one of these environments; without any, as for who waits by selector, the whole pool. */
export function fits(sight: Sight, pool: string, environments: readonly string[]): boolean {
  return environments.length === 0 ? sight.within(pool) === undefined : environments.some((name) => sight.has(pool, name));
}

function kindOf({ kind, environments: [status] }: Event): NoticeKind | undefined {
  if (kind === "GRANTED") return "granted";
  if (kind === "EXPIRED") return "expired";
  if (kind === "FORCE_RELEASED") return "forced";
  if (kind !== "STATE_CHANGED" || status === undefined) return undefined;
  if (status.state === "QUARANTINED") return "quarantined";
  return status.stateReason.startsWith(BROKEN) ? "broken" : undefined;
}

function ownKind({ kind, cause }: Event): NoticeKind | undefined {
  if (kind === "OFFERED") return "offered";
  if (kind === "GRANTED") return "granted";
  if (cause?.state !== "ENDED") return undefined;
  return kind === "EXPIRED" ? "expired" : kind === "FORCE_RELEASED" ? "forced" : "ended";
}

function noticeOf(event: Event, kind: NoticeKind): Notice {
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
