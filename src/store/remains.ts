import { type EndReason, type Lease, requestKey } from "../core/model/lease.ts";
import type { Micros } from "../core/model/units.ts";

/** What is kept of an ended lease when history is full: enough to know its request_id again. */
export interface Remains {
  readonly requestKey: string;
  readonly lease: string;
  readonly fingerprint: string;
  readonly endReason: EndReason | undefined;
  readonly createdAt: Micros;
  readonly endedAt: Micros;
}

/** What remains of a lease; undefined if it had no request_id, or has not ended. */
export function remainsOf(lease: Lease): Remains | undefined {
  const { id, principal, pool, requestId, fingerprint, endReason, createdAt, endedAt } = lease;
  if (requestId === undefined || endedAt === undefined) return undefined;
  return { requestKey: requestKey(principal, pool, requestId), lease: id, fingerprint, endReason, createdAt, endedAt };
}

const NOBODY = { name: "", kind: "SERVICE", runUrl: "", repository: "", ref: "", sha: "", job: "", actor: "" } as const;

/** The lease as far as it is known: when and why it ended, and of which request it was. */
export function leaseOfRemains(remains: Remains): Lease {
  const { lease, fingerprint, endReason, createdAt, endedAt } = remains;
  const [principal, pool, requestId]: [string, string, string] = JSON.parse(remains.requestKey);
  return {
    ...{ id: lease, pool, principal, requestId, fingerprint, createdAt, endedAt },
    state: "ENDED",
    ...(endReason && { endReason }),
    endNote: "history was full: of this lease only its request_id and its end are kept",
    ...{ needs: [], tags: [], holder: NOBODY, reason: "", priority: 0, ticketTtl: 0, claimTimeout: 0, graced: false, legacy: false },
    // Its revision is not kept; that of its end was at least the time in microseconds.
    ...{ sequence: createdAt, revision: endedAt },
  };
}
