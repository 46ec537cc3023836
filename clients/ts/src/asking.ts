import { create } from "@bufbuild/protobuf";
import type { Duration } from "@bufbuild/protobuf/wkt";
import { type CallOptions, Code, ConnectError } from "@connectrpc/connect";
import { AcquireRequestSchema, type AcquireResponse, AcquireResponseSchema } from "../../../gen/ts/callme/v1/lock_service_pb.ts";
import { type Locks, withToken } from "./calls.ts";
import type { Request } from "./options.ts";
import type { Ticket } from "./ticket.ts";
import { TokenError } from "./token/error.ts";

type Place = Pick<Ticket, "leaseId" | "leaseToken">;

/** How to ask for environments, again and again. */
export interface Asking {
  /** Asks how it stands, which is a sign of life and can be repeated; with a wait, the call itself stands in line for so long. */
  send(wait: Duration | undefined, options: CallOptions): Promise<AcquireResponse>;
  /** How long the first call is to stand in line. */
  readonly wait: Duration | undefined;
}

/** Asks by what is wanted, or for the place in line that somebody has left. */
export function askingFor(locks: Locks, asked: Request | Ticket): Asking {
  if (!("leaseToken" in asked)) {
    const { wait, ...request } = create(AcquireRequestSchema, asked);
    let place: Place | undefined;
    const send = async (wait: Duration | undefined, options: CallOptions) => {
      try {
        const answer = await locks.acquire({ ...request, ...(wait && { wait }) }, options);
        if (answer.lease !== undefined && answer.leaseToken !== "") place = { leaseId: answer.lease.id, leaseToken: answer.leaseToken };
        return answer;
      } catch (error) {
        // Who we are may be known no longer, as a CI job's token ends before its waiting does; the place is ours by its own token.
        if (place === undefined || !isUnidentified(error)) throw error;
        return await look(locks, place, options);
      }
    };
    return { wait, send };
  }
  return { wait: undefined, send: async (_, options) => await look(locks, asked, options) };
}

/** A sign of life, which claims an offer. */
async function look(locks: Locks, { leaseId, leaseToken }: Place, options: CallOptions): Promise<AcquireResponse> {
  const { lease } = await locks.getLease({ leaseId }, withToken(leaseToken, options));
  return create(AcquireResponseSchema, { lease, leaseToken });
}

function isUnidentified(error: unknown): boolean {
  return error instanceof TokenError || (error instanceof ConnectError && error.code === Code.Unauthenticated);
}
