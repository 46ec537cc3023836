import { randomUUID } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { type CallOptions, ConnectError } from "@connectrpc/connect";
import { durationIn } from "../../clients/ts/src/duration.ts";
import { isTransient, reasonOf } from "../../clients/ts/src/errors.ts";
import type { Pace } from "../../clients/ts/src/pace.ts";
import { Backoff } from "../../clients/ts/src/retry.ts";
import type { AcquireForCleaningRequestSchema, AcquireForCleaningResponse } from "../../gen/ts/callme/v1/environment_service_pb.ts";
import type { Lease } from "../../gen/ts/callme/v1/types_pb.ts";
import type { Environments } from "../client.ts";

/** The longest that one call waits, and how much longer its answer may take, in ms. */
const WAIT = 60_000;
const SLACK = 5_000;

export type CleanInit = MessageInitShape<typeof AcquireForCleaningRequestSchema>;

/** An environment to clean. */
export type Given = AcquireForCleaningResponse & { readonly lease: Lease };

/** Who wants to know how the waiting goes. */
export interface DirtyObserver {
  /** Nothing is dirty; told once. */
  idle(): void;
  /** Out of contact, and trying again; told at each try. */
  lost(why: string): void;
}

/** How to wait. */
interface DirtyOptions {
  readonly signal: AbortSignal;
  readonly pace: Pace;
  readonly observer: DirtyObserver;
  /** For so many ms; absent: as long as it takes. */
  readonly within?: number;
}

/**
 * Waits for something to clean, through lost connections and restarts of the server: the same request_id gives what a lost answer had given.
 * Undefined: nothing was dirty in time. Throws what the server refuses for good, and the signal's reason.
 */
export async function nextDirty(
  environments: Environments,
  request: CleanInit,
  { signal, pace, observer, within = Number.POSITIVE_INFINITY }: DirtyOptions,
): Promise<Given | undefined> {
  const until = performance.now() + within;
  const backoff = new Backoff(signal, pace);
  let requestId = randomUUID();
  let told = false;
  for (;;) {
    const wait = Math.min(WAIT, Math.max(0, until - performance.now()));
    const options: CallOptions = { timeoutMs: Math.ceil(wait + SLACK), signal };
    // The first call does not wait, so that it can be told that we do.
    const asked = { ...request, requestId, ...(told && { wait: durationIn(wait) }) };
    const begun = performance.now();
    try {
      const answer = await environments.acquireForCleaning(asked, options);
      if (answer.lease === undefined) throw new Error("the server answered without a lease");
      return { ...answer, lease: answer.lease };
    } catch (error) {
      signal.throwIfAborted();
      const reason = reasonOf(error);
      if (reason === "NOTHING_DIRTY") {
        if (performance.now() >= until) return undefined;
        if (!told) observer.idle();
        told = true;
      } else if (reason === "LEASE_ENDED") {
        // Its answer was lost, and it was taken back: it is no more ours than another.
        requestId = randomUUID();
      } else if (isTransient(error)) {
        observer.lost(ConnectError.from(error).rawMessage);
        backoff.lasted(begun);
        await backoff.pause();
      } else throw error;
    }
  }
}
