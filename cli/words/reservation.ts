import {
  type EnvironmentStatus,
  HolderKind,
  type Lease,
  LeaseState,
  type Occupant,
  type Reservation,
} from "../../gen/ts/callme/v1/types_pb.ts";
import { clockTime, localTime } from "./clock.ts";
import { spell } from "./duration.ts";
import { fullTime, timeZone } from "./moment.ts";

/** Whether a person has it until a fixed time, and need not renew it. */
export function isReserved({ state, holder, until, latestEnd }: Pick<Occupant, "state" | "holder" | "until" | "latestEnd">): boolean {
  const fixed = until !== undefined && until.seconds === latestEnd?.seconds && until.nanos === latestEnd.nanos;
  return state === LeaseState.HELD && holder?.kind === HolderKind.HUMAN && fixed;
}

/** Whether a lease stands in no line yet, as its not_before has not come. */
export function isForLater({ state, position, notBefore }: Lease): boolean {
  return state === LeaseState.QUEUED && position === 0 && notBefore !== undefined;
}

/** "reserved from 14:00 until 16:00 by Anna (demo)", or nothing. */
export function reservedNext({ nextReservation }: Pick<EnvironmentStatus | Lease, "nextReservation">): string {
  return nextReservation === undefined ? "" : reservation(nextReservation);
}

/** What somebody should know who has just been granted something: "uat is reserved from 14:00 until 16:00 by Anna (demo)". */
export function reservedAfter(lease: Lease): string[] {
  const names = lease.environments.map(({ name }) => name).join(", ");
  return lease.nextReservation === undefined ? [] : [`${names} is ${reservation(lease.nextReservation)}, who waits until you give it back`];
}

function reservation({ at, until, holder, leaseId, reason }: Reservation): string {
  const from = at === undefined ? "" : ` from ${clockTime(at)}`;
  const end = until === undefined ? "" : ` until ${clockTime(until)}`;
  return `reserved${from}${end} by ${holder?.name || `lease ${leaseId}`}${reason === "" ? "" : ` (${reason})`}`;
}

/** From when to when a lease is reserved, in full: "from Tue 2026-12-01 14:00 +01:00 until Tue 2026-12-01 16:00 +01:00 (Europe/Berlin), for 2 h". */
export function termInFull(lease: Lease): string {
  const [from, end] = [isForLater(lease) ? lease.notBefore : undefined, lease.expiresAt ?? lease.latestEnd];
  if (end === undefined) return "until it is released";
  const begin = from === undefined ? Date.now() : localTime(from);
  const length = Math.round((localTime(end) - begin) / 1_000) * 1_000;
  return `${from === undefined ? "" : `from ${fullTime(begin)} `}until ${fullTime(localTime(end))} (${timeZone()}), for ${spell(length)}`;
}
