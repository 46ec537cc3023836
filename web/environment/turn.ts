// When the turn comes of who asks now.
import { EnvironmentState, type EnvironmentStatus } from "../../gen/ts/callme/v1/types_pb.ts";
import { maybe } from "../words/time.ts";
import { estimateOf } from "../words/usual.ts";
import type { Detail } from "./detail.ts";

type Line = Pick<Detail, "waiting" | "moreWaiting">;

/** When it probably comes, in ms: by the last in line, or by who has it, or when it is back. Undefined: nobody knows. */
export function turnOf(status: EnvironmentStatus, line: Line | undefined, now: number): number | undefined {
  const at = expected(status, line);
  return at !== undefined && at > now ? at : undefined;
}

function expected(status: EnvironmentStatus, line: Line | undefined): number | undefined {
  const { capacity, usualHold, queueLength, state, stateUntil, used, rest } = status;
  if (queueLength > 0) {
    const last = maybe(line?.waiting.at(-1)?.estimatedStart?.p50);
    const hold = maybe(usualHold);
    return last === undefined || hold === undefined || line?.moreWaiting ? undefined : last + hold / capacity;
  }
  if (state !== EnvironmentState.AVAILABLE) return maybe(stateUntil);
  return used === 0 ? maybe(rest?.until) : estimateOf(status)?.at;
}
