import type { EnvironmentStatus } from "../../gen/ts/callme/v1/types_pb.ts";

/** Each label as it is shown, and found by: "tier=uat", or its key alone where it has no value. */
export function labelsOf({ labels }: Pick<EnvironmentStatus, "labels">): string[] {
  return Object.entries(labels).map(([key, value]) => (value === "" ? key : `${key}=${value}`));
}

/** Each fact as it is shown: "version 4.18". */
export function factsOf({ facts }: Pick<EnvironmentStatus, "facts">): string[] {
  return Object.entries(facts).map(([name, { value }]) => `${name} ${value}`);
}
