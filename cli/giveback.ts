import type { MessageInitShape } from "@bufbuild/protobuf";
import { persist } from "../clients/ts/src/retry.ts";
import type { ReleaseRequestSchema, ReleaseResponse } from "../gen/ts/callme/v1/lock_service_pb.ts";
import type { Locks } from "./client.ts";
import type { Pace } from "./context.ts";

/** How long an unanswered call may take before it is sent again, in ms. */
const TRY = 2_000;
/** How long we go on once somebody wants us to end, in ms. */
const HURRIED = 1_000;

/**
 * Ends a lease, again and again until the server has answered: up to `pace.patience`, or HURRIED from the moment when `interruption`
 * aborts. By lease id that is safe to repeat. Throws what went wrong last; the lease then ends by itself.
 */
export async function giveBack(
  locks: Locks,
  request: MessageInitShape<typeof ReleaseRequestSchema> & { readonly leaseId: string },
  pace: Pace,
  interruption: AbortSignal,
): Promise<ReleaseResponse> {
  const limit = new AbortController();
  const timers = [setTimeout(() => limit.abort(), pace.patience)];
  const hurry = () => timers.push(setTimeout(() => limit.abort(), HURRIED));
  if (interruption.aborted) hurry();
  else interruption.addEventListener("abort", hurry, { once: true });
  try {
    return await persist(() => locks.release(request, { timeoutMs: TRY, signal: limit.signal }), limit.signal, pace);
  } finally {
    for (const timer of timers) clearTimeout(timer);
    interruption.removeEventListener("abort", hurry);
  }
}
