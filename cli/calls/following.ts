import { ConnectError } from "@connectrpc/connect";
import { isTransient } from "../../clients/ts/src/errors.ts";
import { Backoff, listen } from "../../clients/ts/src/retry.ts";
import type { WatchEnvironmentResponse } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import type { Locks } from "../client.ts";
import type { Pace } from "../context.ts";

/** What it takes to follow an environment or a pool. */
export interface Following {
  readonly locks: Locks;
  readonly what: { environment: string } | { pool: string };
  /** Begin after this revision; 0 is the present state. */
  readonly since: bigint;
  readonly pace: Pace;
  readonly interruption: AbortSignal;
  /** Told once when contact is lost, and when it is back. */
  readonly tell: (news: string) => void;
}

/**
 * The messages of a watch, through lost connections, without a gap. Never ends by itself: it throws when interrupted, when the server
 * says no, or was not reached within the pace's patience.
 */
export async function* follow({ locks, what, since, pace, interruption, tell }: Following): AsyncGenerator<WatchEnvironmentResponse> {
  const backoff = new Backoff(interruption, pace);
  const patientUntil = performance.now() + pace.patience;
  let sinceRevision = since;
  let contact: "none yet" | "here" | "lost" = "none yet";
  for (;;) {
    const begun = performance.now();
    let why = "the server ended the stream";
    try {
      const open = (signal: AbortSignal) => locks.watchEnvironment({ ...what, sinceRevision }, { signal });
      for await (const message of listen(open, interruption, pace)) {
        if (contact === "lost") tell("contact regained");
        contact = "here";
        sinceRevision = message.revision;
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
