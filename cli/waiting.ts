import type { MessageInitShape } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { isTransient } from "../clients/ts/src/errors.ts";
import { Backoff, listen } from "../clients/ts/src/retry.ts";
import type { AcquireRequestSchema, AcquireResponse } from "../gen/ts/callme/v1/lock_service_pb.ts";
import { type Lease, LeaseState } from "../gen/ts/callme/v1/types_pb.ts";
import { CALL_TIMEOUT, type Locks } from "./client.ts";
import type { Pace } from "./context.ts";
import { EXIT, Failure } from "./failure.ts";

/** Who wants to know how the waiting goes. */
export interface Watcher {
  /** The server answered: the lease as it is now, whatever its state. */
  seen(lease: Lease): void;
  /** The server can't be reached; told once until it is seen again. */
  lost(why: string): void;
}

/** What it takes to wait. */
export interface Waiting {
  readonly locks: Locks;
  /** With a request_id: each try is the same request, so the place in line stays ours. */
  readonly request: MessageInitShape<typeof AcquireRequestSchema> & { readonly requestId: string };
  readonly pace: Pace;
  readonly interruption: AbortSignal;
  readonly watcher: Watcher;
  /** How long the place in line lasts at most, in ms; Infinity if there is no limit. */
  readonly queueTimeout: number;
}

/**
 * Takes a place in line and keeps it, through lost connections and restarts of the server, until the lease is HELD or ENDED.
 * Whatever happens to the stream, only Acquire's own answer decides: repeated with the same request_id it is safe, a sign of
 * life, and tells the truth. Throws if the server refuses the call, if it is out of reach when `queueTimeout` has passed (before
 * the first answer: `pace.patience`), and on interruption.
 */
export async function waitForGrant(waiting: Waiting): Promise<AcquireResponse> {
  const { locks, pace, interruption, watcher, queueTimeout } = waiting;
  const backoff = new Backoff(interruption, pace);
  const start = performance.now();
  let patience = pace.patience;
  let inLine = false;
  for (;;) {
    try {
      const answer = await askOnce(waiting);
      inLine = true;
      patience = queueTimeout;
      const begun = performance.now();
      const end = await followToEnd(locks, answer, waiting).finally(() => backoff.lasted(begun));
      if (end !== undefined) return end;
      watcher.lost("the server ended the stream");
    } catch (error) {
      interruption.throwIfAborted();
      if (!isTransient(error)) throw error;
      if (performance.now() >= start + patience) throw inLine ? outOfTime(error) : error;
      watcher.lost(ConnectError.from(error).rawMessage);
    }
    await backoff.pause();
  }
}

function outOfTime(error: unknown): Failure {
  const why = ConnectError.from(error).rawMessage;
  return new Failure(EXIT.notAcquired, `not acquired: the server was out of reach (${why}) when the queue timeout had passed`);
}

/** Whether there is nothing left to wait for. */
export function isSettled(lease: Lease | undefined): boolean {
  return lease?.state === LeaseState.HELD || lease?.state === LeaseState.ENDED;
}

/** An interrupted Acquire may still answer for a moment: only then is it known which lease to withdraw. */
async function askOnce({ locks, request, pace, interruption, watcher }: Waiting): Promise<AcquireResponse> {
  const farewell = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const interrupted = () => {
    timer = setTimeout(() => farewell.abort(), pace.farewell / 2);
  };
  interruption.addEventListener("abort", interrupted, { once: true });
  try {
    const answer = await locks.acquire(request, { timeoutMs: CALL_TIMEOUT, signal: farewell.signal });
    if (answer.lease !== undefined) watcher.seen(answer.lease);
    interruption.throwIfAborted();
    return answer;
  } finally {
    clearTimeout(timer);
    interruption.removeEventListener("abort", interrupted);
  }
}

/** Follows the lease; undefined if the stream ended or broke before the lease was settled. */
async function followToEnd(
  locks: Locks,
  answer: AcquireResponse,
  { pace, interruption, watcher }: Waiting,
): Promise<AcquireResponse | undefined> {
  if (answer.lease === undefined || isSettled(answer.lease)) return answer;
  const leaseId = answer.lease.id;
  for await (const { lease } of listen((signal) => locks.watchLease({ leaseId }, { signal }), interruption, pace)) {
    if (lease === undefined) continue;
    watcher.seen(lease);
    if (isSettled(lease)) return { ...answer, lease };
  }
  return undefined;
}
