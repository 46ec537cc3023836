import type { MessageInitShape } from "@bufbuild/protobuf";
import type { CallOptions, Client } from "@connectrpc/connect";
import type { LockService, ReleaseRequestSchema, ReleaseResponse } from "../../../gen/ts/callme/v1/lock_service_pb.ts";
import { PACE, type Pace } from "./pace.ts";
import { persist } from "./retry.ts";

/** Calls of LockService. */
export type Locks = Client<typeof LockService>;

/** The header that takes keys and lease tokens. */
export const KEY_HEADER = "x-api-key";

/** How long an unanswered Release may take before it is sent again, in ms. */
const TRY = 2_000;

/** Lets a lease's token open a call, whatever key the client has. Empty, as from a server that knows no tokens: the client's key does. */
export function withToken(leaseToken: string, options: CallOptions): CallOptions {
  return leaseToken === "" ? options : { ...options, headers: { [KEY_HEADER]: leaseToken } };
}

/**
 * Ends a lease, again and again until the server has answered, for the pace's patience at most, or until the signal aborts: rule 8 of
 * clients/README.md. By lease id that is safe to repeat. Throws what the last try threw; the lease then ends by itself.
 */
export async function giveBack(
  locks: Locks,
  release: MessageInitShape<typeof ReleaseRequestSchema> & { readonly leaseId: string },
  leaseToken: string,
  signal: AbortSignal,
  pace: Pace = PACE,
): Promise<ReleaseResponse> {
  return await persist(() => locks.release(release, withToken(leaseToken, { timeoutMs: TRY, signal })), signal, pace);
}
