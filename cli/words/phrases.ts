import type { DescEnum } from "@bufbuild/protobuf";
import {
  EndReason,
  EndReasonSchema,
  EnvironmentState,
  EnvironmentStateSchema,
  type EnvironmentStatus,
  type Holder,
  type Lease,
  LeaseState,
  type Need,
  type Occupant,
} from "../../gen/ts/callme/v1/types_pb.ts";
import { clockTime } from "./clock.ts";
import { isForLater, isReserved } from "./reservation.ts";
import { type Term, term } from "./term.ts";

/** An enum value as a person says it: END_REASON_TIMED_OUT is "timed out". */
export function spoken(schema: DescEnum, value: number): string {
  return (schema.value[value]?.localName ?? `unknown (${value})`).toLowerCase().replaceAll("_", " ");
}

/** Somebody whom the server tells of: who it is for, as told, and who the server knows it to be. */
interface Known {
  readonly holder?: Holder | undefined;
  readonly principal?: string;
  readonly principalLabel?: string;
}

/** A holder's name or, without one, who asked, where that has a label: "team a (key:4f1c9x0a2b)". */
export function nameOf(one: Known | undefined, otherwise: string): string {
  return one?.holder?.name || labelOf(one) || otherwise;
}

/** A holder's name, and where its run can be looked at. */
export function who(one: Known | undefined, otherwise: string): string {
  const name = nameOf(one, otherwise);
  return one?.holder?.runUrl ? `${name} (${one.holder.runUrl})` : name;
}

/** "team a (key:4f1c9x0a2b)": the label, and the principal beside it, which nobody else can have; empty where there is no label. */
function labelOf({ principal = "", principalLabel = "" }: Known = {}): string {
  return principalLabel === "" ? "" : `${principalLabel} (${principal})`;
}

/** "of team a (key:4f1c9x0a2b)", where the name that stands before it is what the caller told. */
export function onBehalfOf(one: Known): string {
  const label = labelOf(one);
  return label === "" || !one.holder?.name ? "" : `of ${label}`;
}

/** "checkout #4711 for 12 m, renewed until 11:27 at the latest (nightly, https://…)". */
function occupant(one: Occupant): string {
  const end = isReserved(one) && one.until !== undefined ? ` until ${clockTime(one.until)}` : term(one);
  return `${nameOf(one, `lease ${one.leaseId}`)}${end}${askedToStop(one, ", ")}${links(one)}`;
}

/** "asked to stop by checkout #8", or nothing; its end is told besides. */
export function askedToStop({ cancelRequested }: Pick<Occupant, "cancelRequested">, before = ""): string {
  const { by } = cancelRequested ?? {};
  return cancelRequested === undefined ? "" : `${before}asked to stop by ${nameOf(by, by?.principal || "somebody unnamed")}`;
}

/** What it is wanted for, if somebody said so, and where its run can be looked at. */
function links({ reason, holder }: { readonly reason: string; readonly holder?: Holder | undefined }): string {
  const told = [reason, holder?.runUrl].filter(Boolean).join(", ");
  return told === "" ? "" : ` (${told})`;
}

/** For how long and until when, where nothing before it says whether somebody has it: ", only offered yet until 11:27, …". */
function stage(one: Term): string {
  if (one.state === LeaseState.OFFERED) return `, only offered yet${term(one)}`;
  return one.state === LeaseState.QUEUED ? `, in line${term(one)}` : term(one);
}

/** "lease L1 of checkout #4711 for 12 m, …", or "lease L1 for 12 m, …" of somebody unnamed. */
export function leaseAt(one: Occupant): string {
  const name = nameOf(one, "");
  return `lease ${one.leaseId}${name && ` of ${name}`}${stage(one)}${askedToStop(one, ", ")}${links(one)}`;
}

/** The same of a lease itself. */
export function describeLease(lease: Lease): string {
  const { id, state, holder, principal, reason, createdAt, grantedAt, expiresAt, claimBy, latestEnd, notBefore } = lease;
  const since = state === LeaseState.QUEUED ? createdAt : grantedAt;
  const until = state === LeaseState.OFFERED ? claimBy : expiresAt;
  const later = isForLater(lease) && notBefore !== undefined ? `, reserved from ${clockTime(notBefore)}` : undefined;
  const stands = later ?? stage({ state, since, until, latestEnd });
  return `lease ${id} of ${nameOf(lease, principal || "somebody unnamed")}${stands}${askedToStop(lease, ", ")}${links({ reason, holder })}`;
}

/** "held by A …; B …; reserved by C until 16:00 (demo); offered to D …; cleaned by E …", or nothing if nobody is named. */
export function occupiedBy(occupants: readonly Occupant[]): string {
  return [...new Map(occupants.map((one) => [hold(one), occupants.filter((other) => hold(other) === hold(one))]))]
    .sort(([a], [b]) => HOLDS.indexOf(a) - HOLDS.indexOf(b))
    .map(([how, those]) => `${how} ${those.map(occupant).join("; ")}`)
    .join("; ");
}

const HOLDS = ["held by", "reserved by", "offered to", "cleaned by"];

/** How somebody has an environment, or will. */
export function hold(one: Occupant): string {
  if (one.cleaning) return "cleaned by";
  return isOffered(one) ? "offered to" : isReserved(one) ? "reserved by" : "held by";
}

/** Whether it is somebody's turn who has not taken it yet: nobody works there. */
export function isOffered({ state }: Occupant): boolean {
  return state === LeaseState.OFFERED;
}

/** Whether one slot would be granted now, and if not, what is there instead. */
export function verdict(status: EnvironmentStatus): string {
  if (status.available) return "free";
  if (status.state !== EnvironmentState.AVAILABLE) return spoken(EnvironmentStateSchema, status.state);
  if (isWithheld(status) && status.queueLength === 0 && status.next === undefined) return "not to be had now";
  return status.used === 0 && status.resting > 0 ? "resting" : "busy";
}

/** Whether nobody new is served although a slot is free: those who wait come first, or else the server has no room. */
function isWithheld({ available, state, used, resting, capacity }: EnvironmentStatus): boolean {
  return !available && state === EnvironmentState.AVAILABLE && used + resting < capacity;
}

/** What is known of why nobody new is served there, but for who is on it: of its state, of its slots, of those who wait, of the server. */
export function hindrances(status: EnvironmentStatus): string[] {
  const { available, state, stateReason, stateUntil, queueLength, next } = status;
  const until = stateUntil === undefined ? "" : `until ${clockTime(stateUntil)}`;
  // The status tells no more.
  const withheld =
    queueLength > 0 || next !== undefined ? "claimed by who waits in line" : "a limit of the server is reached, or its disk is full";
  const absent = queueLength === 1 ? "the one who waits did" : `the ${queueLength} who wait did`;
  return [
    // Why it is in service again is no hindrance.
    state === EnvironmentState.AVAILABLE ? "" : stateReason,
    until,
    rests(status),
    isWithheld(status) ? withheld : "",
    available && queueLength > 0 && next === undefined ? `${absent} not claim an offer` : "",
  ].filter(Boolean);
}

/** "resting until 11:27:42 after the use of checkout #4711, which expired", or nothing. */
function rests({ capacity, resting, rest }: EnvironmentStatus): string {
  if (resting === 0) return "";
  const which = capacity === 1 ? "resting" : resting === 1 ? "1 slot is resting" : `${resting} slots are resting`;
  const until = rest?.until === undefined ? "" : `${resting > 1 ? ", the first" : ""} until ${clockTime(rest.until)}`;
  const { from } = rest ?? {};
  if (from === undefined) return `${which}${until} after ${resting > 1 ? "their" : "its"} last use`;
  const how = from.endReason === EndReason.UNSPECIFIED ? "was not claimed" : spoken(EndReasonSchema, from.endReason);
  return `${which}${until} after the lease of ${nameOf(from, "somebody unnamed")} (${how})`;
}

/** "next is A, in line for 11 m", or nothing if nobody waits. */
export function nextOf({ next }: Pick<EnvironmentStatus, "next">): string {
  return next === undefined ? "" : `next is ${nameOf(next, `lease ${next.leaseId}`)}, in line${term(next)}`;
}

/** The verdict, and what is known of why: "maintenance", "db upgrade", "until 14:00". */
export function condition(status: EnvironmentStatus): string[] {
  const [now, why] = [verdict(status), hindrances(status)];
  // Why it rests begins with that it does.
  return why[0]?.startsWith(now) ? why : [now, ...why];
}

/** "uat maintenance, db upgrade", "uat busy, held by …": why nobody new is served there. */
export function whyBusy(name: string, status: EnvironmentStatus): string {
  return `${name} ${[...condition(status), occupiedBy(status.holders)].filter(Boolean).join(", ")}`;
}

/** The names of a lease's environments, as the original client prints them; of one that has none yet, what it asked for. */
export function environmentsOf({ environments, needs }: Pick<Lease, "environments" | "needs">): string {
  const granted = environments.some(({ fencingToken }) => fencingToken > 0n);
  const names = granted || needs.length === 0 ? environments.map(({ name }) => name) : needs.map(wanted);
  return names.join(", ");
}

/** "uat", "any of tier=uat", "2 of tier=uat": a need in words. */
function wanted({ environment, selector, count }: Need): string {
  return selector === "" ? environment : `${count > 1 ? count : "any"} of ${selector}`;
}
