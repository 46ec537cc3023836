import type { Lease } from "../../../gen/ts/callme/v1/types_pb.ts";
import { type Locks, withToken } from "./calls.ts";
import { type End, endOf, isTransient, verdictOf } from "./errors.ts";
import type { Pace } from "./pace.ts";
import { Backoff, listen } from "./retry.ts";

/** A grant that somebody works on. */
export interface Grant {
  readonly leaseId: string;
  readonly leaseToken: string;
  readonly fencingToken: bigint;
}

/**
 * Follows a lease until its grant is over, and hears of that at once: after ForceRelease others may be served within seconds. Until then it
 * passes on what is told of the lease (`seen`). Undefined if the signal aborts before, or the server lets nobody follow: then a Renew must tell.
 */
export async function follow(
  locks: Locks,
  { leaseId, leaseToken, fencingToken }: Grant,
  signal: AbortSignal,
  pace: Pace,
  seen: (lease: Lease) => void,
): Promise<End | undefined> {
  const backoff = new Backoff(signal, pace);
  const open = (limit: AbortSignal) => locks.watchLease({ leaseId }, withToken(leaseToken, { signal: limit }));
  while (!signal.aborted) {
    const begun = performance.now();
    try {
      for await (const { lease } of listen(open, signal, pace)) {
        if (lease === undefined) continue;
        const end = endOf(lease, fencingToken);
        if (end !== undefined) return end;
        seen(lease);
      }
    } catch (error) {
      if (!isTransient(error)) return verdictOf(error, leaseId);
    }
    backoff.lasted(begun);
    await backoff.pause().catch(() => {});
  }
  return undefined;
}
