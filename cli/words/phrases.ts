import type { DescEnum } from "@bufbuild/protobuf";
import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import {
  EnvironmentState,
  EnvironmentStateSchema,
  type EnvironmentStatus,
  type Holder,
  type Lease,
  LeaseState,
  type Occupant,
} from "../../gen/ts/callme/v1/types_pb.ts";

/** An enum value as a person says it: END_REASON_TIMED_OUT is "timed out". */
export function spoken(schema: DescEnum, value: number): string {
  return (schema.value[value]?.localName ?? `unknown (${value})`).toLowerCase().replaceAll("_", " ");
}

/** A time as ISO 8601 in UTC, to the second. */
export function instant(time: Timestamp): string {
  return timestampDate(time)
    .toISOString()
    .replace(/\.\d+Z$/, "Z");
}

/** A holder's name, and where its run can be looked at. */
export function who(holder: Holder | undefined, otherwise: string): string {
  const name = holder?.name || otherwise;
  return holder?.runUrl ? `${name} (${holder.runUrl})` : name;
}

/** "checkout #4711 (https://…) since 2026-01-02T03:04:05Z until 2026-01-02T03:05:05Z unless renewed, 2026-01-02T07:04:05Z at the latest: nightly". */
function occupant(one: Occupant): string {
  return `${who(one.holder, `lease ${one.leaseId}`)}${term(one)}${about(one)}`;
}

/** What it is wanted for, if somebody said so. */
function about({ reason }: Occupant): string {
  return reason === "" ? "" : `: ${reason}`;
}

type Term = Pick<Occupant, "state" | "since" | "until" | "latestEnd">;

/** From when to when: until when an offer stands, or a renewal is due and, where that is later, until when it can be renewed. */
function term({ state, since, until, latestEnd: latest }: Term): string {
  const begin = since === undefined ? "" : ` since ${instant(since)}`;
  if (until === undefined) return begin;
  const end = `${begin} until ${instant(until)}`;
  if (state === LeaseState.OFFERED) return `${end}, then passed over`;
  return latest === undefined || latest.seconds <= until.seconds ? end : `${end} unless renewed, ${instant(latest)} at the latest`;
}

/** The same where it is not said before whether somebody has it. */
function stage(one: Term): string {
  if (one.state === LeaseState.OFFERED) return `, only offered yet${term(one)}`;
  return one.state === LeaseState.QUEUED ? `, in line${term(one)}` : term(one);
}

/** "lease L1 of checkout #4711 (https://…) since …", or "lease L1 since …" of somebody unnamed. */
export function leaseAt(one: Occupant): string {
  const name = one.holder?.name ? `lease ${one.leaseId} of ${who(one.holder, "")}` : who(one.holder, `lease ${one.leaseId}`);
  return `${name}${stage(one)}${about(one)}`;
}

/** The same of a lease itself. */
export function describeLease({ id, state, holder, principal, createdAt, grantedAt, expiresAt, claimBy, latestEnd }: Lease): string {
  const since = state === LeaseState.QUEUED ? createdAt : grantedAt;
  const until = state === LeaseState.OFFERED ? claimBy : expiresAt;
  return `lease ${id} of ${who(holder, principal || "somebody unnamed")}${stage({ state, since, until, latestEnd })}`;
}

/** "held by A, B, offered to C", or nothing if nobody is named. */
export function occupiedBy(occupants: readonly Occupant[]): string {
  const held = occupants.filter((one) => !isOffered(one)).map(occupant);
  const offered = occupants.filter(isOffered).map(occupant);
  return [held.length > 0 && `held by ${held.join(", ")}`, offered.length > 0 && `offered to ${offered.join(", ")}`]
    .filter(Boolean)
    .join(", ");
}

/** Whether it is somebody's turn who has not taken it yet: nobody works there. */
export function isOffered({ state }: Occupant): boolean {
  return state === LeaseState.OFFERED;
}

/** Whether one slot would be granted now, and if not, what is there instead. */
export function verdict(status: EnvironmentStatus): string {
  if (status.available) return "free";
  if (status.state !== EnvironmentState.AVAILABLE) return spoken(EnvironmentStateSchema, status.state);
  return isWithheld(status) && status.queueLength === 0 ? "not to be had now" : "busy";
}

/** Whether nobody new is served although a slot is free: those who wait come first, or else the server has no room. */
function isWithheld({ available, state, used, resting, capacity }: EnvironmentStatus): boolean {
  return !available && state === EnvironmentState.AVAILABLE && used + resting < capacity;
}

/** What is known of why nobody new is served there, but for who is on it: of its state, of its slots, of the server. */
export function hindrances(status: EnvironmentStatus): string[] {
  const { stateReason, resting, capacity, queueLength } = status;
  const rest = capacity === 1 ? "resting after its last use" : `${resting} resting after their last use`;
  // The status tells no more.
  const withheld = queueLength > 0 ? "claimed by who waits in line" : "a limit of the server is reached, or its disk is full";
  return [stateReason, resting > 0 ? rest : "", isWithheld(status) ? withheld : ""].filter(Boolean);
}

/** "uat maintenance, db upgrade", "uat busy, held by …": why nobody new is served there. */
export function whyBusy(name: string, status: EnvironmentStatus): string {
  return [`${name} ${verdict(status)}`, ...hindrances(status), occupiedBy(status.holders)].filter(Boolean).join(", ");
}

/** The names of a lease's environments, as the original client prints them. */
export function environmentsOf(lease: Lease): string {
  return lease.environments.map(({ name }) => name).join(", ");
}

/** Where a lease stands in line, and who has what it waits for. */
export function standing(lease: Lease): string {
  const place = lease.state === LeaseState.OFFERED ? "offered" : `position ${lease.position} of ${lease.queueLength}`;
  return [place, occupiedBy(lease.holders)].filter(Boolean).join(", ");
}

/** The same in few words, the most wanted first: for a line that is cut at the terminal's width. Times are local, to the minute. */
export function glance(lease: Lease): string {
  const [first, ...others] = lease.holders;
  const place = lease.state === LeaseState.OFFERED ? "offered" : `position ${lease.position} of ${lease.queueLength}`;
  if (first === undefined) return place;
  const since = first.since === undefined ? "" : ` since ${minute(timestampDate(first.since))}`;
  const more = others.length === 0 ? "" : ` and ${others.length} more`;
  const url = first.holder?.runUrl ? `, ${first.holder.runUrl}` : "";
  return `${place}, ${isOffered(first) ? "offered to" : "held by"} ${first.holder?.name || `lease ${first.leaseId}`}${since}${more}${url}`;
}

function minute(time: Date): string {
  const [date, clock] = [time.toLocaleDateString("sv-SE"), time.toLocaleTimeString("sv-SE").slice(0, 5)];
  return date === new Date().toLocaleDateString("sv-SE") ? clock : `${date} ${clock}`;
}
