/**
 * A newer request takes the place of older ones: the contract, "Superseding". Those that wait, or are offered, end at once; a holder is asked to
 * stop, once, and then has until a deadline that nothing moves. The newer one takes its own place in line, so it keeps nobody waiting.
 */
import type { Acquire } from "../command.ts";
import type { Draft } from "../draft.ts";
import { latestEnd, leaseOf } from "../ledger.ts";
import { limits } from "../limits.ts";
import type { EndedBy, Lease } from "../model/lease.ts";
import { olderOf } from "../model/superseding.ts";
import { clipped } from "../model/text.ts";
import { end } from "./moves.ts";

/** What a lease that has just been granted, or come into the line, does to the older ones of its key. */
export function supersede(draft: Draft, { supersede: which }: Pick<Acquire, "supersede">, newer: Lease): void {
  if (which === undefined) return;
  const { principal, principalLabel: label, id, holder } = newer;
  const by: EndedBy = { principal, ...(label !== undefined && { principalLabel: label }), lease: id, holder };
  const reason = reasonOf(newer);
  for (const id of olderOf(draft.pool, newer, which === "HELD")) {
    const older = leaseOf(draft.pool, id);
    if (older.state === "HELD") askToStop(draft, older, by, reason);
    else giveWay(draft, older, by, reason, false);
  }
}

/** Ends a lease whose holder was asked to stop: its time is over, or nobody has it. */
export function stop(draft: Draft, lease: Lease): Lease {
  const { cancelRequested } = lease;
  if (cancelRequested === undefined) throw new Error(`invariant: nobody has asked the holder of ${lease.id} to stop`);
  return giveWay(draft, lease, cancelRequested.by, cancelRequested.reason, true);
}

/** What it was promised it keeps: no expires_at comes nearer. It is told no time at which it has ended anyway. */
function askToStop(draft: Draft, lease: Lease, by: EndedBy, reason: string): void {
  const promised = lease.deadline ?? 0;
  const deadline = Math.min(draft.at + limits.cancelGrace, Math.max(promised, latestEnd(lease) ?? Number.POSITIVE_INFINITY));
  const until = Math.max(deadline, promised);
  draft.putLease({ ...lease, cancelRequested: { by, reason, deadline, until } });
}

/** `unaware`: somebody may work on it who does not know. One that waits as long as its calls is kept as any other: they are told by whom. */
function giveWay(draft: Draft, lease: Lease, by: EndedBy, note: string, unaware: boolean): Lease {
  const { transient: _, calls: __, ...kept } = lease;
  return end(draft, kept, { reason: "SUPERSEDED", note, by, unaware, ...(by.lease !== undefined && { supersededBy: by.lease }) });
}

function reasonOf({ supersedeKey, reason }: Lease): string {
  return clipped(`a newer request with supersede_key ${JSON.stringify(supersedeKey)}${reason === "" ? "" : `: ${reason}`}`);
}
