import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { clockTime, distance, elapsed } from "./clock.ts";

/** From when to when something is so. */
export interface Term {
  readonly state: LeaseState;
  readonly since?: Timestamp | undefined;
  /** When it ends unless it is renewed, claimed or granted. */
  readonly until?: Timestamp | undefined;
  readonly latestEnd?: Timestamp | undefined;
}

/** " for 12 m, renewed until 11:27 at the latest": for how long it has been so, and until when it will be. */
export function term(one: Term): string {
  const end = endOf(one);
  if (one.state === LeaseState.OFFERED || one.since === undefined) return end && ` ${end}`;
  return ` for ${elapsed(one.since)}${end && `, ${end}`}`;
}

/** An end that is nearer, in ms, will have been moved by a renewal before anybody acts on it. */
const MOVES = 600_000;

/**
 * Until when it is so, at the latest: of an offer until it is passed over, of a place in line until it times out. When a renewal is due is
 * told only where that is far ahead: it moves with each.
 */
export function endOf({ state, until, latestEnd: latest }: Term): string {
  if (state === LeaseState.OFFERED) return until === undefined ? "" : `until ${clockTime(until)}, then passed over`;
  if (state === LeaseState.QUEUED) return until === undefined ? "" : `until ${clockTime(until)} at the latest`;
  if (until === undefined) return latest === undefined ? "until it is released" : finalEnd(latest);
  if (latest === undefined) return `until ${clockTime(until)} unless renewed`;
  if (latest.seconds <= until.seconds) return finalEnd(latest);
  const due = distance(until) < MOVES ? "" : `until ${clockTime(until)} or `;
  return `${due}renewed ${finalEnd(latest)}`;
}

/** The same in few words: of a lease that can be renewed its latest end alone. */
export function briefEnd(one: Term): string {
  return one.state === LeaseState.HELD && one.latestEnd !== undefined ? finalEnd(one.latestEnd) : endOf(one);
}

function finalEnd(latest: Timestamp): string {
  return `until ${clockTime(latest)} at the latest`;
}

/** What remains to be said of an end where its latest time is told already: that it comes sooner unless somebody renews, or only by a release. */
export function soonerEnd({ state, until, latestEnd: latest }: Term): string {
  if (state === LeaseState.OFFERED) return until === undefined ? "" : "then passed over, unless it is claimed before";
  if (until === undefined) return latest === undefined ? "until it is released" : "";
  const moves = latest !== undefined && (latest.seconds <= until.seconds || distance(until) < MOVES);
  return moves ? "" : `until ${clockTime(until)} unless renewed`;
}
