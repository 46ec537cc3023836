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
 * Follows a lease until its grant is over, and hears of that at once: after ForceRelease others may be served within seconds. Undefined if
 * the signal aborts before, or the server lets nobody follow: then a Renew must tell.
 */
export async function follow(
  locks: Locks,
  { leaseId, leaseToken, fencingToken }: Grant,
  signal: AbortSignal,
  pace: Pace,
): Promise<End | undefined> {
  const backoff = new Backoff(signal, pace);
  const open = (limit: AbortSignal) => locks.watchLease({ leaseId }, withToken(leaseToken, { signal: limit }));
  while (!signal.aborted) {
    const begun = performance.now();
    try {
      for await (const { lease } of listen(open, signal, pace)) {
        const end = lease && endOf(lease, fencingToken);
        if (end !== undefined) return end;
      }
    } catch (error) {
      if (!isTransient(error)) return verdictOf(error, leaseId);
    }
    backoff.lasted(begun);
    await backoff.pause().catch(() => {});
  }
  return undefined;
}
