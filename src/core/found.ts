import type { Lease } from "./model/lease.ts";
import type { Totals } from "./totals.ts";

/** Rows that commands name and a pool does not hold, as the store read them under the lock. */
export interface Found {
  /** Ended leases, by id and by request key. */
  lease(id: string): Lease | undefined;
  request(key: string): Lease | undefined;
  /** The pool that an environment belongs to, whichever it is. */
  owner(environment: string): string | undefined;
  /** What the other pools have, for the bounds over all of them. */
  elsewhere(pool: string): Totals;
  /** How many live leases of the other pools count against a quota. */
  against(quota: string, pool: string): number;
}
