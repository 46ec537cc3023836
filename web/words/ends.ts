// When those who are on an environment end at the latest.
import { type EnvironmentStatus, LeaseState, type Occupant } from "../../gen/ts/callme/v1/types_pb.ts";
import { maybe } from "./time.ts";

/** Whether it is somebody's turn who has not taken it yet. */
export function isOffered({ state }: Pick<Occupant, "state">): boolean {
  return state === LeaseState.OFFERED;
}

/** When it ends at the latest, however often it is renewed; of an offer, when it is passed over. Undefined: nothing limits it. */
export function latest(one: Pick<Occupant, "state" | "until" | "latestEnd">) {
  return isOffered(one) ? one.until : one.latestEnd;
}

/** Of those who are on it, the one whose end comes first; that is when a slot is free at the latest. */
export function firstToEnd({ holders }: Pick<EnvironmentStatus, "holders">): Occupant | undefined {
  const end = (one: Occupant) => maybe(latest(one)) ?? Infinity;
  return holders.reduce<Occupant | undefined>((first, one) => (first === undefined || end(one) < end(first) ? one : first), undefined);
}
