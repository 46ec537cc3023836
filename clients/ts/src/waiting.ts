import type { AcquireResponse } from "../../../gen/ts/callme/v1/lock_service_pb.ts";
import { type Lease, LeaseState } from "../../../gen/ts/callme/v1/types_pb.ts";
import { giveBack, type Locks } from "./calls.ts";
import { isTransient, NotAcquired } from "./errors.ts";
import { Limit } from "./limit.ts";
import { milliseconds, type Request } from "./options.ts";
import { Backoff, listen, PACE } from "./retry.ts";

/** How long an Acquire may go unanswered, in ms. With the silence before it, it stays below the ticket_ttl of 60 s. */
const ACQUIRE_TIMEOUT = 5_000;

/** A place in line, from the first Acquire to the grant. */
export class Waiting implements Disposable {
  readonly #locks: Locks;
  readonly #request: Request;
  readonly #onWaiting: (lease: Lease) => void;
  /** Somebody wants us to give up. */
  readonly #signal: AbortSignal;
  /** A moment after that. */
  readonly #farewell: Limit;
  #last: AcquireResponse | undefined;
  /** When (of performance.now) it makes no sense any more to look for a server that is out of reach. */
  #givenUpAt = performance.now() + PACE.patience;

  constructor(locks: Locks, request: Request, signal: AbortSignal, onWaiting: (lease: Lease) => void = () => {}) {
    this.#locks = locks;
    this.#request = request;
    this.#signal = signal;
    this.#onWaiting = onWaiting;
    this.#farewell = new Limit({ follows: signal, after: PACE.farewell });
  }

  [Symbol.dispose](): void {
    this.#farewell[Symbol.dispose]();
  }

  /**
   * Waits through lost connections and restarts of the server until the lease is HELD. Throws NotAcquired if it ends before that, the
   * error of the call if the server refuses it or was never reached, and the signal's reason; then the place in line is given up.
   */
  async granted(): Promise<{ lease: Lease; leaseToken: string }> {
    try {
      const { lease, leaseToken } = await this.#settled();
      if (lease?.state === LeaseState.HELD) return { lease, leaseToken };
      throw lease === undefined ? new Error("the server answered without a lease") : new NotAcquired(lease);
    } catch (error) {
      const { lease, leaseToken = "" } = this.#last ?? {};
      const over = lease === undefined || lease.state === LeaseState.ENDED;
      if (!over)
        await giveBack(
          this.#locks,
          lease.id,
          leaseToken,
          this.#signal.aborted ? this.#farewell.signal : AbortSignal.timeout(PACE.farewell),
        );
      throw error;
    }
  }

  /**
   * Whatever happens to the stream, Acquire is sent again: with the same request_id it is safe, a sign of life, and tells the truth.
   */
  async #settled(): Promise<AcquireResponse> {
    const backoff = new Backoff(this.#signal, PACE);
    for (;;) {
      try {
        await this.#ask();
        const begun = performance.now();
        await this.#follow().finally(() => backoff.lasted(begun));
        if (this.#last !== undefined && isSettled(this.#last.lease)) return this.#last;
      } catch (error) {
        this.#signal.throwIfAborted();
        if (!isTransient(error)) throw error;
        if (performance.now() >= this.#givenUpAt) throw this.#last?.lease === undefined ? error : new NotAcquired(this.#last.lease);
      }
      await backoff.pause();
    }
  }

  /** An Acquire may still answer for a moment when we give up: only then is it known which lease to withdraw. */
  async #ask(): Promise<void> {
    const timeoutMs = Math.ceil(Math.max(PACE.farewell, Math.min(ACQUIRE_TIMEOUT, this.#givenUpAt - performance.now())));
    const answer = await this.#locks.acquire(this.#request, { timeoutMs, signal: this.#farewell.signal });
    if (this.#last === undefined) {
      // The server's own timer comes first, and ours is for when it can't be heard.
      const { queueTimeout } = this.#request;
      const left = queueTimeout === undefined ? Number.POSITIVE_INFINITY : milliseconds(answer.lease?.queueTimeout) + PACE.farewell;
      this.#givenUpAt = performance.now() + left;
    }
    this.#see(answer);
    this.#signal.throwIfAborted();
  }

  /** Returns when the lease is settled, or the stream has ended. */
  async #follow(): Promise<void> {
    const { lease: { id: leaseId } = { id: "" }, ...answer } = this.#last ?? {};
    if (isSettled(this.#last?.lease)) return;
    using limit = new Limit({ follows: this.#signal, within: this.#givenUpAt - performance.now() });
    for await (const { lease } of listen((signal) => this.#locks.watchLease({ leaseId }, { signal }), limit.signal)) {
      if (lease === undefined) continue;
      this.#see({ ...(answer as AcquireResponse), lease });
      if (isSettled(lease)) return;
    }
  }

  #see(answer: AcquireResponse): void {
    const before = this.#last?.lease;
    this.#last = answer;
    const { lease } = answer;
    if (lease?.state !== LeaseState.QUEUED) return;
    if (before?.position !== lease.position || before.queueLength !== lease.queueLength) this.#onWaiting(lease);
  }
}

function isSettled(lease: Lease | undefined): boolean {
  return lease?.state === LeaseState.HELD || lease?.state === LeaseState.ENDED;
}
