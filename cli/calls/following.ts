import { ConnectError } from "@connectrpc/connect";
import { withToken } from "../../clients/ts/src/calls.ts";
import { isTransient } from "../../clients/ts/src/errors.ts";
import { Backoff, listen } from "../../clients/ts/src/retry.ts";
import type { WatchEnvironmentResponse, WatchLeaseResponse } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import type { Locks } from "../client.ts";
import type { Pace } from "../context.ts";
import type { Target } from "./target.ts";

/** How to follow. */
export interface Following {
  readonly pace: Pace;
  readonly interruption: AbortSignal;
  /** Told once when contact is lost, and when it is back. */
  readonly tell: (news: string) => void;
}

/** Which environments, or nothing for all that the caller sees, and after which revision; 0 is the present state. */
interface Topic {
  readonly what: Target | Readonly<Record<string, never>>;
  readonly since: bigint;
}

/** The messages of a watch of environments, through lost connections, without a gap; ends as `through` does. */
export async function* followEnvironments(
  locks: Locks,
  { what, since }: Topic,
  following: Following,
): AsyncGenerator<WatchEnvironmentResponse> {
  let sinceRevision = since;
  const open = (signal: AbortSignal) => locks.watchEnvironment({ ...what, sinceRevision }, { signal });
  for await (const message of through(open, following)) {
    // What is followed without a name is told from the beginning again.
    if ("environment" in what || "pool" in what) sinceRevision = message.revision;
    yield message;
  }
}

/** The messages of a watch of a lease; by its token that keeps it in line. An empty token: by the key, which only looks. */
export function followLease(locks: Locks, leaseId: string, leaseToken: string, following: Following): AsyncGenerator<WatchLeaseResponse> {
  return through((signal) => locks.watchLease({ leaseId }, withToken(leaseToken, { signal })), following);
}

/**
 * The messages of a stream, which is opened again whenever it breaks. Never ends by itself: it throws when interrupted, when the server
 * says no, or was not reached within the pace's patience.
 */
async function* through<T>(open: (signal: AbortSignal) => AsyncIterable<T>, { pace, interruption, tell }: Following): AsyncGenerator<T> {
  const backoff = new Backoff(interruption, pace);
  const patientUntil = performance.now() + pace.patience;
  let contact: "none yet" | "here" | "lost" = "none yet";
  for (;;) {
    const begun = performance.now();
    let why = "the server ended the stream";
    try {
      for await (const message of listen(open, interruption, pace)) {
        if (contact === "lost") tell("contact regained");
        contact = "here";
        yield message;
      }
    } catch (error) {
      interruption.throwIfAborted();
      if (!isTransient(error) || (contact === "none yet" && performance.now() >= patientUntil)) throw error;
      why = ConnectError.from(error).rawMessage;
    }
    if (contact === "here") {
      contact = "lost";
      tell(`lost contact with the server (${why}); trying again`);
    }
    backoff.lasted(begun);
    await backoff.pause();
  }
}
