import { type Timestamp, timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { WatchCause, WatchEnvironmentResponse } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import {
  EndReason,
  EndReasonSchema,
  type EnvironmentStatus,
  LeaseState,
  type Occupant,
  WatchKind,
} from "../../gen/ts/callme/v1/types_pb.ts";
import { news } from "./facts.ts";
import { askedToStop, condition, hold, isOffered, nameOf, spoken, verdict } from "./phrases.ts";
import { reservedNext } from "./reservation.ts";
import { endOf } from "./term.ts";

/** The last time that a Date can tell, in ms. */
const LAST = 8.64e15;

/** When a change was: a revision is the server's time in µs. Of the present state it is now. */
export function timeOf({ kind, revision, time }: WatchEnvironmentResponse): Timestamp {
  if (time !== undefined) return time;
  return timestampFromMs(kind === WatchKind.SNAPSHOT ? Date.now() : Math.min(Number(revision / 1_000n), LAST));
}

/**
 * A message of a watch about one environment, on one line: what happened, then how it is now, the most wanted first. `before` is how it was
 * told last: it alone shows that somebody who is in line had been served.
 */
export function changeOf(message: WatchEnvironmentResponse, status: EnvironmentStatus, before: EnvironmentStatus | undefined): string {
  if (status.deleted) return "deleted";
  if (status.left) return "is not one of them any more: its labels were changed";
  const { cause } = message;
  const held = cause?.state === LeaseState.HELD ? status.holders.find(({ leaseId }) => leaseId === cause.leaseId) : undefined;
  // Once it is so, nothing but that makes a change of its holder's.
  const asked = held && askedToStop(held, `${nameOf(held, `lease ${held.leaseId}`)} is `);
  const happened = [asked || whatHappened(message, status, before), held && endOf(held)].filter(Boolean).join(", ");
  const others = status.holders.filter((one) => one !== held && one.leaseId !== cause?.leaseId);
  const named = others.map((one) => `${hold(one)} ${nameOf(one, `lease ${one.leaseId}`)}, ${endOf(one)}`);
  const state = [
    ...stateOf(status),
    `${status.used}/${status.capacity} used`,
    `${status.queueLength} waiting`,
    ...named,
    reservedNext(status),
    cause?.holder?.runUrl ?? "",
  ];
  return [happened, state.filter(Boolean).join(", ")].filter(Boolean).join("; ");
}

/** Nothing where it is just in use: that is told by the counts, and by who has it. */
function stateOf(status: EnvironmentStatus): string[] {
  return verdict(status) === "busy" ? [] : condition(status);
}

function whatHappened(
  { kind, skipped, cause }: WatchEnvironmentResponse,
  status: EnvironmentStatus,
  before: EnvironmentStatus | undefined,
): string {
  if (kind === WatchKind.SNAPSHOT) return "";
  if (skipped) return "several changes";
  return cause?.leaseId
    ? moved(
        cause,
        before?.holders.find(({ leaseId }) => leaseId === cause.leaseId),
        status.nextReservation?.leaseId === cause.leaseId,
      )
    : ((before && news(before.facts, status.facts)) ?? "its configuration, its state or the end of a lease changed");
}

const MOVES: Readonly<Partial<Record<LeaseState, string>>> = {
  [LeaseState.QUEUED]: "is in line",
  [LeaseState.OFFERED]: "is offered it",
  [LeaseState.HELD]: "has it",
};

const ENDS: Readonly<Partial<Record<EndReason, string>>> = {
  [EndReason.RELEASED]: "gave it back",
  [EndReason.WITHDRAWN]: "withdrew",
  [EndReason.ABANDONED]: "was not heard from any more",
  [EndReason.SUPERSEDED]: "was superseded",
  [EndReason.FORCE_RELEASED]: "was force released",
  [EndReason.UNSATISFIABLE]: "can never be served",
};

function moved(cause: WatchCause, had: Occupant | undefined, isLater: boolean): string {
  const { leaseId, state, endReason } = cause;
  const lost = had !== undefined && isOffered(had) ? "was passed over" : "lost it";
  const back = state === LeaseState.QUEUED && had !== undefined ? `${lost}, and is in line again` : undefined;
  const reserved = isLater && state === LeaseState.QUEUED ? "has reserved it for later" : undefined;
  const now = back ?? reserved ?? nowOf(state, endReason);
  return `${nameOf(cause, `lease ${leaseId}`)} ${now ?? "changed"}`;
}

function nowOf(state: LeaseState, endReason: EndReason): string | undefined {
  return state === LeaseState.ENDED ? (ENDS[endReason] ?? spoken(EndReasonSchema, endReason)) : MOVES[state];
}
