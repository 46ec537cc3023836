import type { CallOptions, Client } from "@connectrpc/connect";
import type { LockService } from "../../../gen/ts/callme/v1/lock_service_pb.ts";
import { persist } from "./retry.ts";

/** Calls of LockService. */
export type Locks = Client<typeof LockService>;

/** The header that takes keys and lease tokens. */
export const KEY_HEADER = "x-api-key";

/** How long an unanswered Release may take before it is sent again, in ms. */
export const TRY = 2_000;

/** Lets a lease's token open a call, whatever key the client has. */
export function withToken(leaseToken: string, options: CallOptions = {}): CallOptions {
  return { ...options, headers: { [KEY_HEADER]: leaseToken } };
}

/**
 * Ends a lease, again and again until the server has answered, or for 10 s at most, or until the signal aborts. By lease id that is safe to
 * repeat. Never throws: a lease whose Release gets no answer ends by itself.
 */
export async function giveBack(locks: Locks, leaseId: string, leaseToken: string, signal: AbortSignal) {
  await persist(() => locks.release({ leaseId }, withToken(leaseToken, { timeoutMs: TRY, signal })), signal).catch(() => {});
}
