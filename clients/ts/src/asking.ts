import { create } from "@bufbuild/protobuf";
import type { Duration } from "@bufbuild/protobuf/wkt";
import type { CallOptions } from "@connectrpc/connect";
import { AcquireRequestSchema, type AcquireResponse, AcquireResponseSchema } from "../../../gen/ts/callme/v1/lock_service_pb.ts";
import { type Locks, withToken } from "./calls.ts";
import type { Request } from "./options.ts";
import type { Ticket } from "./ticket.ts";

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
    return { wait, send: async (wait, options) => await locks.acquire({ ...request, ...(wait && { wait }) }, options) };
  }
  const { leaseId, leaseToken } = asked;
  return {
    wait: undefined,
    send: async (_, options) => {
      const { lease } = await locks.getLease({ leaseId }, withToken(leaseToken, options));
      return create(AcquireResponseSchema, { lease, leaseToken });
    },
  };
}
