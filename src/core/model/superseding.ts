/** Leases of one supersede_key: which of them a newer one meets. */
import type { Lease } from "./lease.ts";
import type { Pool, Supersedable } from "./pool.ts";

/** Under what a live lease is found by a newer one of its key; undefined: no newer one can do anything to it any more. */
export function supersedableOf(lease: Lease): Supersedable | undefined {
  const { state, principal, supersedeKey, cancelRequested, sequence } = lease;
  if (supersedeKey === undefined || state === "ENDED" || cancelRequested !== undefined) return undefined;
  return { key: JSON.stringify([principal, supersedeKey]), held: state === "HELD", sequence };
}

/** The index with a lease in place of its earlier version. */
export function withSupersedable(index: Pool["supersedable"], before: Lease | undefined, after: Lease): Pool["supersedable"] {
  const [from, to] = [before && supersedableOf(before), supersedableOf(after)];
  if (from?.held === to?.held && from?.sequence === to?.sequence) return index;
  const less = from === undefined ? index : index.delete(from);
  return to === undefined ? less : less.set(to, after.id);
}

/** The leases of the same principal and key that are older than a live one and can be superseded, the held ones last and only if asked for. */
export function* olderOf({ supersedable }: Pool, lease: Lease, held: boolean): Generator<string, void, undefined> {
  const own = supersedableOf(lease);
  if (own === undefined) return;
  for (const [one, id] of supersedable.entries({ ...own, held: false, sequence: -1 })) {
    if (one.key !== own.key || (one.held && !held)) return;
    if (one.sequence < own.sequence) yield id;
  }
}
