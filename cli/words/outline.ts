import type { EnvironmentStatus, Lease, Occupant } from "../../gen/ts/callme/v1/types_pb.ts";

/**
 * What is worth a line of a log where it changes about a place in line: not a renewal, nor who stands behind, nor that time passes. Two
 * texts that differ tell that something did.
 */
export function outlineOf({ state, position, passedOver, holders, ahead }: Lease): string {
  return JSON.stringify([state, position, passedOver, holders.map(one), ahead.slice(0, 1).map(one)]);
}

/** The same about environments that somebody waits for. */
export function outlineOfAll(statuses: readonly EnvironmentStatus[]): string {
  return JSON.stringify(
    statuses.map(({ name, available, state, stateReason, stateUntil, resting, holders }) => {
      return [name, available, state, stateReason, `${stateUntil?.seconds}`, resting, holders.map(one)];
    }),
  );
}

function one({ leaseId, state, latestEnd }: Occupant): string {
  return `${leaseId} ${state} ${latestEnd?.seconds}`;
}
