import { ConnectError } from "@connectrpc/connect";
import { reasonOf } from "../../clients/ts/src/errors.ts";
import type { Lease } from "../../gen/ts/callme/v1/types_pb.ts";
import { ErrorInfoSchema } from "../../gen/ts/google/rpc/error_details_pb.ts";
import { nanoseconds, parseDuration } from "../words/duration.ts";
import type { AcquireInit } from "./request.ts";

/** By this tag a lease is known for which no process waits: another job may pick it up by its request_id. */
const TAG = "detached";

const TICKET_TTL = parseDuration("--ticket-ttl", "1h");
const CLAIM_TIMEOUT = parseDuration("--claim-timeout", "10m");

/** The request of a wait without a process: it keeps its place, and is offered its turn, for long. */
export function detach(request: AcquireInit): AcquireInit {
  const { ticketTtl = TICKET_TTL, maxHold, tags = [] } = request;
  // A claim_timeout is at most max_hold.
  const longest = maxHold !== undefined && nanoseconds(maxHold) < nanoseconds(CLAIM_TIMEOUT) ? maxHold : CLAIM_TIMEOUT;
  const { claimTimeout = longest } = request;
  return { ...request, ticketTtl, claimTimeout, tags: [...tags, TAG] };
}

/**
 * Asks for something. Where the request_id stands for a wait that another job has detached, it is asked for as that job did: from here its
 * holder, say, would be another, and so the request. A request_id that is used twice for anything else stays an error: two jobs would hold the
 * same lease. `look` reads a lease.
 */
export async function askOrPickUp<Answer>(
  request: AcquireInit,
  ask: (request: AcquireInit) => Promise<Answer>,
  look: (leaseId: string) => Promise<Lease | undefined>,
): Promise<Answer> {
  try {
    return await ask(request);
  } catch (error) {
    const id = isOther(error) ? idIn(error) : "";
    const lease = id === "" ? undefined : await look(id).catch(() => undefined);
    if (lease === undefined || !lease.tags.includes(TAG)) throw error;
    for (const again of asBefore(request, lease)) {
      const answer = await ask(again).catch((next: unknown) => {
        if (!isOther(next)) throw next;
      });
      if (answer !== undefined) return answer;
    }
    throw error;
  }
}

function isOther(error: unknown): boolean {
  return reasonOf(error) === "IDEMPOTENCY_MISMATCH";
}

function idIn(error: unknown): string {
  return ConnectError.from(error).findDetails(ErrorInfoSchema)[0]?.metadata["lease_id"] ?? "";
}

/**
 * The request as the lease tells it. What the server may have set itself is tried in each way in which it can have been sent: as here, not at
 * all, and as the lease has it. Of what it has cut nobody knows what was sent but who gives it here, too.
 */
function asBefore(request: AcquireInit, lease: Lease): AcquireInit[] {
  const { ttl: _, maxHold: __, queueTimeout: ___, ...rest } = request;
  const { holder, reason, tags, priority, queueTimeout, ticketTtl, claimTimeout } = lease;
  const told = {
    reason,
    tags,
    priority,
    ...(holder && { holder }),
    ...(queueTimeout && { queueTimeout }),
    ...(ticketTtl && { ticketTtl }),
  };
  const claims = [claimTimeout, CLAIM_TIMEOUT];
  return distinct([request.ttl, undefined, lease.ttl]).flatMap((ttl) =>
    distinct([request.maxHold, undefined, lease.maxHold]).flatMap((maxHold) =>
      distinct(claims).map((claim) => ({
        ...{ ...rest, ...told },
        ...(ttl && { ttl }),
        ...(maxHold && { maxHold }),
        ...(claim && { claimTimeout: claim }),
      })),
    ),
  );
}

type Length = AcquireInit["ttl"];

/** Of lengths that are the same the first; none is one of its own. */
function distinct(lengths: readonly Length[]): Length[] {
  return lengths.filter((one, index) => lengths.findIndex((other) => nanoseconds(other) === nanoseconds(one)) === index);
}
