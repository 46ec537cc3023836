// When somebody will probably be done, by how long the environment was held the last times.
import { type EnvironmentStatus, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { maybe } from "./time.ts";

/**
 * How long it is usually held, and when it is free if that is so this time, too: at its latest end at the latest, which then is `isLatest`. Not
 * where there are many slots, or too little is known.
 */
export function estimateOf({ capacity, usualHold, holders: [holder] }: EnvironmentStatus) {
  const [length, since] = [maybe(usualHold), maybe(holder?.since)];
  if (length === undefined || capacity !== 1 || since === undefined || holder?.state !== LeaseState.HELD) return undefined;
  const [usual, latest] = [since + length, maybe(holder.latestEnd) ?? Infinity];
  return { length, at: Math.min(usual, latest), isLatest: latest < usual };
}
