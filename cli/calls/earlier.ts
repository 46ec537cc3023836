import type { Timestamp } from "@bufbuild/protobuf/wkt";
import type { Lease } from "../../gen/ts/callme/v1/types_pb.ts";
import { milliseconds } from "../words/duration.ts";

/**
 * Whether a HELD lease, as it was just told, was granted, or at least asked for, before we asked: `asked` ms ago. Then somebody else may work
 * on it, who gave the same request_id. By the server's clock alone.
 */
export function earlier({ createdAt, grantedAt, expiresAt, ttlRemaining }: Lease, asked: number): "granted" | "asked for" | undefined {
  if (expiresAt === undefined || ttlRemaining === undefined) return undefined;
  const before = time(expiresAt) - milliseconds(ttlRemaining) - asked;
  if (grantedAt !== undefined && time(grantedAt) < before) return "granted";
  return createdAt !== undefined && time(createdAt) < before ? "asked for" : undefined;
}

function time({ seconds, nanos }: Timestamp): number {
  return Number(seconds) * 1_000 + nanos / 1e6;
}
