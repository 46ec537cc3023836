import { ConnectError } from "@connectrpc/connect";
import type { AcquireResponse } from "../../../gen/ts/callme/v1/lock_service_pb.ts";
import { type Lease, LeaseState } from "../../../gen/ts/callme/v1/types_pb.ts";
import { giveBack, type Locks } from "./calls.ts";
import { isTransient, NotAcquired } from "./errors.ts";
import { Limit } from "./limit.ts";
import { milliseconds, type Request } from "./options.ts";
import { PACE, type Pace } from "./pace.ts";
import { Backoff, listen } from "./retry.ts";

/** How long an Acquire may go unanswered, in ms. With the silence before it, it stays below the ticket_ttl of 60 s. */
export const ACQUIRE_TIMEOUT = 5_000;

/** Who wants to know how the waiting goes. */
export interface WaitObserver {
  /** The server has told of the lease as it is now, whatever its state. */
  seen?(lease: Lease): void;
  /** Out of contact, and trying again; told at each try. */
  lost?(why: string): void;
}

/** How to wait. */
export interface WaitOptions {
  /** Aborts when somebody wants us to give up. */
  readonly signal: AbortSignal;
  readonly pace?: Pace;
  readonly observer?: WaitObserver;
}

/** A place in line, from the first Acquire to the grant: rules 3 and 4 of clients/README.md. Disposed of when it is over. */
export class Waiting implements Disposable {
  readonly #locks: Locks;
  readonly #request: Request;
  readonly #signal: AbortSignal;
  readonly #pace: Pace;
  readonly #observer: WaitObserver;
  /** Aborts a moment after `signal`. */
  readonly #farewell: Limit;
  #last: AcquireResponse | undefined;
  /** When (of performance.now) it makes no sense any more to look for a server that is out of reach. */
  #givenUpAt: number;

  constructor(locks: Locks, request: Request, { signal, pace = PACE, observer = {} }: WaitOptions) {
    this.#locks = locks;
    this.#request = request;
    this.#signal = signal;
    this.#pace = pace;
    this.#observer = observer;
    this.#farewell = new Limit({ follows: signal, after: pace.farewell });
    this.#givenUpAt = performance.now() + pace.patience;
  }

  [Symbol.dispose](): void {
    this.#farewell[Symbol.dispose]();
  }

  /** Waits as `settled` does until the lease is HELD. Throws NotAcquired if it ends before that; whatever it throws, the place is given up. */
  async granted(): Promise<{ lease: Lease; leaseToken: string }> {
    try {
      const { lease, leaseToken } = await this.settled();
      if (lease?.state === LeaseState.HELD) return { lease, leaseToken };
      throw lease === undefined ? new Error("the server answered without a lease") : new NotAcquired(lease);
    } catch (error) {
      await this.#giveUp();
      throw error;
    }
  }

  /**
   * Waits through lost connections and restarts of the server until the lease is HELD or ENDED. Whatever happens to the stream, Acquire
   * is sent again: with the same request_id it is safe, a sign of life, and tells the truth. Throws the error of the call if the server
   * refuses it or was never reached, NotAcquired if it is out of reach when the queue_timeout has passed, and the signal's reason.
   */
  async settled(): Promise<AcquireResponse> {
    const backoff = new Backoff(this.#signal, this.#pace);
    for (;;) {
      let why = "the server ended the stream";
      try {
        await this.#ask();
        const begun = performance.now();
        await this.#follow().finally(() => backoff.lasted(begun));
        if (this.#last !== undefined && isSettled(this.#last.lease)) return this.#last;
      } catch (error) {
        this.#signal.throwIfAborted();
        if (!isTransient(error)) throw error;
        const { lease } = this.#last ?? {};
        if (performance.now() >= this.#givenUpAt) throw lease === undefined ? error : new NotAcquired(lease, { cause: error });
        why = ConnectError.from(error).rawMessage;
      }
      this.#observer.lost?.(why);
      await backoff.pause();
    }
  }

  /** An Acquire may still answer for a moment when we give up: only then is it known which lease to withdraw. */
  async #ask(): Promise<void> {
    const { farewell } = this.#pace;
    const timeoutMs = Math.ceil(Math.max(farewell, Math.min(ACQUIRE_TIMEOUT, this.#givenUpAt - performance.now())));
    const answer = await this.#locks.acquire(this.#request, { timeoutMs, signal: this.#farewell.signal });
    if (this.#last === undefined) {
      // The server's own timer comes first, and ours is for when it can't be heard.
      const { queueTimeout } = this.#request;
      const left = queueTimeout === undefined ? Number.POSITIVE_INFINITY : milliseconds(answer.lease?.queueTimeout) + farewell;
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
    for await (const { lease } of listen((signal) => this.#locks.watchLease({ leaseId }, { signal }), limit.signal, this.#pace)) {
      if (lease === undefined) continue;
      this.#see({ ...(answer as AcquireResponse), lease });
      if (isSettled(lease)) return;
    }
  }

  #see(answer: AcquireResponse): void {
    this.#last = answer;
    if (answer.lease !== undefined) this.#observer.seen?.(answer.lease);
  }

  async #giveUp(): Promise<void> {
    const { lease, leaseToken = "" } = this.#last ?? {};
    if (lease === undefined || lease.state === LeaseState.ENDED) return;
    using moment = new Limit({ within: this.#pace.farewell });
    const { signal } = this.#signal.aborted ? this.#farewell : moment;
    await giveBack(this.#locks, { leaseId: lease.id }, leaseToken, signal, this.#pace).catch(() => {});
  }
}

/** Whether there is nothing left to wait for. */
export function isSettled(lease: Lease | undefined): boolean {
  return lease?.state === LeaseState.HELD || lease?.state === LeaseState.ENDED;
}
