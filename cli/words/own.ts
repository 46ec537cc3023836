import type { Holder, Occupant } from "../../gen/ts/callme/v1/types_pb.ts";

/** Who we are, to know our lease again: the run's address, or without one the holder's name. */
export type Self = Pick<Holder, "runUrl" | "name">;

/** Whether a holder is our own run, or where no run is known bears our name. */
export function isSame(holder: Holder | undefined, { runUrl, name }: Self): boolean {
  return runUrl === "" ? holder?.runUrl === "" && holder.name === name : holder?.runUrl === runUrl;
}

/**
 * What to know of a wait for leases that look like our own, or nothing if none does. Jobs of one run share its address, and people a name: it
 * may be another's, which ends without us, or what this caller itself took before.
 */
export function ownAhead(holders: readonly Occupant[], self: Self): string {
  const own = holders.filter(({ holder, cleaning }) => !cleaning && isSame(holder, self));
  const [first] = own;
  if (first === undefined) return "";
  const ids = own.map(({ leaseId }) => leaseId).join(" and ");
  const whose = self.runUrl === "" ? `is in this caller's name, ${self.name}, too` : "is of this same run";
  const leases = own.length === 1 ? `lease ${ids} there ${whose}` : `leases ${ids} there: each ${whose}`;
  const remedy = `use it without asking again, or give it back: call-me release --lease ${first.leaseId}`;
  return `${leases}. If another took it, it ends without you; if you did, ${remedy}`;
}
