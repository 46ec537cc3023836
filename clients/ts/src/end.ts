import { LeaseState } from "../../../gen/ts/callme/v1/types_pb.ts";
import { type Locks, withToken } from "./calls.ts";
import { type End, ending, isTransient, verdictOf } from "./errors.ts";
import type { Pace } from "./pace.ts";
import { Backoff, listen } from "./retry.ts";

/**
 * Follows a lease until it has ended, and hears of that at once: after ForceRelease others may be served within seconds. Undefined if the
 * signal aborts before, or the server lets nobody follow: then a Renew must tell.
 */
export async function endOf(locks: Locks, leaseId: string, leaseToken: string, signal: AbortSignal, pace: Pace): Promise<End | undefined> {
  const backoff = new Backoff(signal, pace);
  const open = (limit: AbortSignal) => locks.watchLease({ leaseId }, withToken(leaseToken, { signal: limit }));
  while (!signal.aborted) {
    const begun = performance.now();
    try {
      for await (const { lease } of listen(open, signal, pace)) {
        if (lease?.state === LeaseState.ENDED) return { endReason: lease.endReason, why: ending(lease) };
      }
    } catch (error) {
      if (!isTransient(error)) return verdictOf(error);
    }
    backoff.lasted(begun);
    await backoff.pause().catch(() => {});
  }
  return undefined;
}
