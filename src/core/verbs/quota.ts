import type { Acquire, Refusal } from "../command.ts";
import type { Draft } from "../draft.ts";
import { leaseOf, quotasOf } from "../ledger.ts";
import type { Lease } from "../model/lease.ts";
import { olderOf } from "../model/superseding.ts";

/**
 * Why a caller may have no further lease, if it is so: it has as many as it may. Those whose place the newcomer takes are in nobody's way, nor
 * are those that were asked to stop.
 */
export function overQuota(
  draft: Draft,
  { quotas = [], supersede }: Pick<Acquire, "quotas" | "supersede">,
  newcomer: Lease,
): Refusal | undefined {
  const full = quotas.filter(({ name, most }) => draft.against(name) >= most);
  if (full.length === 0) return undefined;
  const superseded = supersede === undefined ? [] : [...olderOf(draft.pool, newcomer, supersede === "HELD")];
  const leaving = (name: string) => superseded.filter((id) => quotasOf(leaseOf(draft.pool, id)).includes(name)).length;
  const over = full.find(({ name, most }) => draft.against(name) - leaving(name) >= most);
  if (over === undefined) return undefined;
  const { most, of = "this caller" } = over;
  return {
    ok: false,
    reason: "QUOTA_REACHED",
    message: `${of} may have ${most} ${most === 1 ? "lease" : "leases"} at once, waiting ones included, and has them; release or withdraw one first`,
    metadata: { limit: String(most) },
  };
}

/** What a newcomer counts against, as its row has it. */
export function quotasOfNewcomer({ quotas, by }: Pick<Acquire, "quotas" | "by">): Pick<Lease, "quotas"> {
  return quotas === undefined ? {} : { quotas: quotas.map(({ name }) => (name === by.principal ? "" : name)) };
}
