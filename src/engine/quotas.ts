import { quotasOf } from "../core/ledger.ts";
import type { Lease } from "../core/model/lease.ts";
import type { Pool } from "../core/model/pool.ts";

/** How many live leases count against each quota, over all pools: kept as they change, so that no pool is looked at to know it. */
export class Quotas {
  readonly #counts = new Map<string, number>();

  of(quota: string): number {
    return this.#counts.get(quota) ?? 0;
  }

  /** A pool has become another version of itself, in which only these leases are different. */
  move(before: Pool["quotas"], after: Pool["quotas"], leases: readonly Lease[]): void {
    for (const name of new Set(leases.flatMap(quotasOf))) this.#add(name, (after.get(name) ?? 0) - (before.get(name) ?? 0));
  }

  /** A pool is no more. */
  drop(quotas: Pool["quotas"]): void {
    for (const [name, count] of quotas.entries()) this.#add(name, -count);
  }

  /** What nobody counts against is not kept. */
  #add(name: string, more: number): void {
    const count = this.of(name) + more;
    if (count === 0) this.#counts.delete(name);
    else this.#counts.set(name, count);
  }
}
