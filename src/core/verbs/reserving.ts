/** What is particular to leases that begin, or end, at a fixed time; model/reservation.ts says what they are. */

import type { Acquire, Refusal } from "../command.ts";
import type { Draft } from "../draft.ts";
import { limits } from "../limits.ts";
import type { Lease } from "../model/lease.ts";
import { timesOutAt } from "../model/reservation.ts";
import { about } from "../model/text.ts";
import type { Micros } from "../model/units.ts";

/** The time of a reservation has come: it enters the line. What else has come meanwhile, such as its not_after, is due then. */
export function enter(draft: Draft, lease: Lease): void {
  const { early: _, deadline: __, ...rest } = lease;
  const deadline = timesOutAt(lease);
  draft.putLease({ ...rest, ...(deadline !== undefined && { deadline }) });
}

/** Why the times of a request cannot be meant, if they can't: a misread date is told, and not stored. */
export function misplaced({ at }: Draft, { notBefore, notAfter }: Pick<Acquire, "notBefore" | "notAfter">): Refusal | undefined {
  const begin = Math.max(at, notBefore ?? at);
  if (begin > at + limits.ahead + limits.clockLag)
    return outOfRange("not_before", `lies ${about(begin - at)} ahead; give a time within ${about(limits.ahead)}`);
  if (notAfter === undefined) return undefined;
  if (notAfter <= at) return outOfRange("not_after", `lies ${about(at - notAfter)} in the past; give a time ahead`);
  if (notAfter <= begin) return outOfRange("not_after", `lies ${about(begin - notAfter)} before not_before; give a later time`);
  if (notAfter <= begin + limits.maxTtl + limits.clockLag) return undefined;
  return outOfRange(
    "not_after",
    `lies ${about(notAfter - begin)} after the beginning; nothing is held for longer than ${about(limits.maxTtl)}`,
  );
}

/** A waiter with its not_after anew; what is granted is renewed besides (rule 5). The same one without a time. */
export function withEnd(lease: Lease, notAfter: Micros | undefined): Lease {
  if (notAfter === undefined || notAfter === lease.notAfter) return lease;
  const { deadline, ...after } = { ...lease, notAfter };
  if (lease.state !== "QUEUED" || lease.early === true) return deadline === undefined ? after : { ...after, deadline };
  const timeout = timesOutAt(after);
  return timeout === undefined ? after : { ...after, deadline: timeout };
}

function outOfRange(field: string, what: string): Refusal {
  return { ok: false, reason: "TIME_OUT_OF_RANGE", field, message: `${field}: ${what}` };
}
