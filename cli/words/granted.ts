import type { Duration } from "@bufbuild/protobuf/wkt";
import type { Lease } from "../../gen/ts/callme/v1/types_pb.ts";
import { clockTime } from "./clock.ts";
import { milliseconds, spell } from "./duration.ts";

/** Until when a lease of ours is held: "until 13:49 (for 1 h) unless it is renewed or released, until 16:49 at the latest". */
export function heldUntil({ expiresAt, ttlRemaining, latestEnd }: Lease): string {
  if (expiresAt === undefined) return "until it is released";
  const left = ttlRemaining === undefined ? "" : ` (for ${spell(milliseconds(ttlRemaining))})`;
  if (latestEnd === undefined) return `until ${clockTime(expiresAt)}${left} unless it is renewed or released`;
  if (latestEnd.seconds <= expiresAt.seconds) return `until ${clockTime(expiresAt)} at the latest${left}`;
  return `until ${clockTime(expiresAt)}${left} unless it is renewed or released, until ${clockTime(latestEnd)} at the latest`;
}

/** What a grant gives less of than was asked for, and what cut it: a sentence each. */
export function cuts(asked: { readonly ttl?: Duration; readonly maxHold?: Duration }, { ttl, maxHold }: Lease): string[] {
  const less = (wanted?: Duration, given?: Duration) => given !== undefined && milliseconds(given) < milliseconds(wanted);
  const told = (option: string, wanted: Duration | undefined, given: Duration | undefined, why: string) =>
    less(wanted, given) ? [`${option} ${spell(milliseconds(wanted))} was cut to ${spell(milliseconds(given))}, ${why}`] : [];
  const ended = maxHold !== undefined && milliseconds(maxHold) <= milliseconds(ttl);
  const allowed = (limit: string) => `since the environment's ${limit} allows no more`;
  return [
    ...told("--max-hold", asked.maxHold, maxHold, allowed("max_hold")),
    ...told("--ttl", asked.ttl, ttl, ended ? "since max_hold ends the lease then" : allowed("max_ttl")),
  ];
}
