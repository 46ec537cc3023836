import type { CancelRequest } from "../../gen/ts/callme/v1/types_pb.ts";
import { clockTime } from "./clock.ts";
import { who } from "./phrases.ts";

/** "checkout #8 (https://…) asks to stop by 11:27: a newer request with …": who asks a holder, by when, and why. */
export function cancelledBy(request: CancelRequest): string {
  const { by, reason, deadline } = request;
  const until = deadline === undefined ? "" : ` by ${clockTime(deadline)}`;
  return `${who(by, by?.principal || "somebody unnamed")} asks to stop${until}${reason && `: ${reason}`}`;
}
