// The state of an environment in a word, and why.
import { EnvironmentState, type EnvironmentStatus } from "../../gen/ts/callme/v1/types_pb.ts";
import { nameOf } from "./who.ts";

/** The states that an environment is found by. A word each: colour and sign only repeat it. */
export const VERDICTS = ["free", "busy", "resting", "claimed", "draining", "maintenance", "dirty", "cleaning", "quarantined"] as const;

export type Verdict = (typeof VERDICTS)[number];

const OUT: Readonly<Partial<Record<EnvironmentState, Verdict>>> = {
  [EnvironmentState.DRAINING]: "draining",
  [EnvironmentState.MAINTENANCE]: "maintenance",
  [EnvironmentState.DIRTY]: "dirty",
  [EnvironmentState.CLEANING]: "cleaning",
  [EnvironmentState.QUARANTINED]: "quarantined",
};

/** What somebody would meet who asked for one slot now. */
export function verdict({ state, available, used, resting, capacity }: EnvironmentStatus): Verdict {
  const out = OUT[state];
  if (out !== undefined) return out;
  if (available) return "free";
  if (used === 0 && resting > 0) return "resting";
  // Those who wait come first, or the server has no room.
  return used + resting < capacity ? "claimed" : "busy";
}

/** What it is, within a sentence: "busy", "in maintenance". */
export function spokenState(status: EnvironmentStatus): string {
  const word = verdict(status);
  return word === "maintenance" ? "in maintenance" : word;
}

/** What there is to say beside the word: why, how much of it is in use, after whom it rests. */
export function because(status: EnvironmentStatus): string {
  const { capacity, used, resting, rest, stateReason } = status;
  const word = verdict(status);
  if (OUT[status.state] !== undefined && stateReason !== "") return stateReason;
  const parts = [];
  if (capacity !== 1) parts.push(`${used} of ${capacity} in use`);
  if (resting > 0) parts.push(rest?.from === undefined ? "after its last use" : `after ${nameOf(rest.from, "somebody unnamed")}`);
  if (word === "claimed") parts.push(status.next === undefined ? "the server has no room" : "for who waits");
  return parts.join(", ");
}
