import type { Acquire, Refusal } from "../command.ts";
import type { Draft } from "../draft.ts";
import { leaseOf, quotaOf } from "../ledger.ts";
import type { Lease } from "../model/lease.ts";
import { olderOf } from "../model/superseding.ts";

/**
 * Why a caller may have no further lease, if it is so: it has as many as it may. Those whose place the newcomer takes are in nobody's way, nor
 * are those that were asked to stop.
 */
export function overQuota(draft: Draft, { quota, supersede }: Pick<Acquire, "quota" | "supersede">, newcomer: Lease): Refusal | undefined {
  if (quota === undefined) return undefined;
  const { name, most } = quota;
  const count = draft.against(name);
  if (count < most) return undefined;
  const superseded = supersede === undefined ? [] : [...olderOf(draft.pool, newcomer, supersede === "HELD")];
  const leaving = superseded.filter((id) => quotaOf(leaseOf(draft.pool, id)) === name).length;
  if (count - leaving < most) return undefined;
  return {
    ok: false,
    reason: "QUOTA_REACHED",
    message: `this caller may have ${most} ${most === 1 ? "lease" : "leases"} at once, waiting ones included, and has them; release or withdraw one first`,
    metadata: { limit: String(most) },
  };
}

/** What a newcomer counts against, as its row has it. */
export function quotaOfNewcomer({ quota, by }: Pick<Acquire, "quota" | "by">): Pick<Lease, "quota"> {
  return quota === undefined ? {} : { quota: quota.name === by.principal ? "" : quota.name };
}
