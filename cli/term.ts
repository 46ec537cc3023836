import type { Lease } from "../gen/ts/callme/v1/types_pb.ts";
import { milliseconds } from "./duration.ts";

/** How far beyond its present expiry renewing can bring a HELD lease before max_hold ends it, in ms. Infinity: there is no limit. */
export function renewableFor({ grantedAt, expiresAt, maxHold }: Lease): number {
  if (grantedAt === undefined || expiresAt === undefined || maxHold === undefined) return Number.POSITIVE_INFINITY;
  // The server's own times: how they relate to our clock doesn't matter.
  const ran = Number(expiresAt.seconds - grantedAt.seconds) * 1_000 + (expiresAt.nanos - grantedAt.nanos) / 1e6;
  return milliseconds(maxHold) - ran;
}
