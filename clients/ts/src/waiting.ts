import { timestampMs } from "@bufbuild/protobuf/wkt";
import { ConnectError } from "@connectrpc/connect";
import type { AcquireResponse } from "../../../gen/ts/callme/v1/lock_service_pb.ts";
import { type Lease, LeaseState } from "../../../gen/ts/callme/v1/types_pb.ts";
import { type Asking, askingFor } from "./asking.ts";
import { giveBack, type Locks, withToken } from "./calls.ts";
import { durationIn, milliseconds } from "./duration.ts";
import { delayOf, isTransient, NotAcquired } from "./errors.ts";
import { Limit } from "./limit.ts";
import type { Request } from "./options.ts";
import { PACE, type Pace } from "./pace.ts";
import { Backoff, listen } from "./retry.ts";
import type { Ticket } from "./ticket.ts";

/** How long an Acquire may go unanswered, in ms. With the silence before it, it stays below the ticket_ttl of 60 s. */
export const ACQUIRE_TIMEOUT = 5_000;

/** Who wants to know how the waiting goes. */
export interface WaitObserver {
  /** The server has answered the Acquire for the first time. */
  answered?(answer: Settled): void;
  /** The server has told of the lease as it is now, whatever its state. */
  seen?(lease: Lease): void;
  /** Out of contact, and trying again; told at each try. */
  lost?(why: string): void;
  /** The place in line, or a grant that came too late, is given up; unless that was `heard`, it ends by itself. */
  gaveUp?(lease: Lease, heard: boolean): void;
}

/** How to wait. */
export interface WaitOptions {
  /** Aborts when somebody wants us to give up. */
  readonly signal: AbortSignal;
  readonly pace?: Pace;
  readonly observer?: WaitObserver;
}

/** An answer to Acquire, with its lease as it was seen last. */
export type Settled = AcquireResponse & { readonly lease: Lease };

/** A place in line, from the first Acquire to the grant: rules 3 and 4 of clients/README.md. Disposed of when it is over. */
export class Waiting implements Disposable {
  readonly #locks: Locks;
  readonly #asking: Asking;
  readonly #signal: AbortSignal;
  readonly #pace: Pace;
  readonly #observer: WaitObserver;
  /** Aborts a moment after `signal`. */
  readonly #farewell: Limit;
  #last: Settled | undefined;
  /** When (of performance.now) the wait of a request with IF_BUSY_FAIL is over. */
  readonly #standsUntil: number;
  /** When (of performance.now) it makes no sense any more to look for a server that is out of reach. */
  #givenUpAt: number;

  constructor(locks: Locks, asked: Request | Ticket, { signal, pace = PACE, observer = {} }: WaitOptions) {
    this.#locks = locks;
    this.#asking = askingFor(locks, asked);
    this.#signal = signal;
    this.#pace = pace;
    this.#observer = observer;
    this.#farewell = new Limit({ follows: signal, after: pace.farewell });
    this.#standsUntil = performance.now() + milliseconds(this.#asking.wait);
    this.#givenUpAt = this.#standsUntil + pace.patience;
  }

  [Symbol.dispose](): void {
    this.#farewell[Symbol.dispose]();
  }

  /** Waits as `settled` does until the lease is HELD. Throws NotAcquired if it ends before that. */
  async granted(): Promise<{ lease: Lease; leaseToken: string }> {
    const { lease, leaseToken } = await this.settled();
    if (lease.state === LeaseState.HELD) return { lease, leaseToken };
    throw NotAcquired.ended(lease);
  }

  /**
   * Waits through lost connections and restarts of the server until the lease is HELD or ENDED. Throws the error of the call if the server
   * refuses it or was never reached, NotAcquired if nothing was to be had with IF_BUSY_FAIL or the server is out of reach when the
   * queue_timeout has passed, and the signal's reason; whatever it throws, the place is given up.
   */
  async settled(): Promise<Settled> {
    return await this.#orGiveUp(this.#wait((place) => this.#follow(place)));
  }

  /** Asks, and leaves the place in line to whoever picks it up. Throws as `granted`, but not since it waits. */
  async left(): Promise<Settled> {
    const place = await this.#orGiveUp(this.#wait(async (place) => place));
    if (place.lease.state !== LeaseState.ENDED) return place;
    throw NotAcquired.ended(place.lease);
  }

  async #orGiveUp(settling: Promise<Settled>): Promise<Settled> {
    try {
      return await settling;
    } catch (error) {
      await this.#giveUp();
      throw error;
    }
  }

  /** Whatever happens to the stream, Acquire is sent again: with the same request_id it is safe, a sign of life, and tells the truth. */
  async #wait(settle: (place: Settled) => Promise<Settled | undefined>): Promise<Settled> {
    const backoff = new Backoff(this.#signal, this.#pace);
    for (;;) {
      let [why, delay] = ["the server ended the stream", 0];
      try {
        const place = await this.#ask();
        const begun = performance.now();
        const settled = await settle(place).finally(() => backoff.lasted(begun));
        this.#signal.throwIfAborted();
        if (settled !== undefined) return settled;
      } catch (error) {
        this.#signal.throwIfAborted();
        if (!isTransient(error)) throw NotAcquired.refused(error) ?? error;
        if (performance.now() >= this.#givenUpAt) throw this.#last === undefined ? error : NotAcquired.ended(this.#last.lease, error);
        [why, delay] = [ConnectError.from(error).rawMessage, delayOf(error)];
      }
      this.#observer.lost?.(why);
      await backoff.pause(delay);
    }
  }

  /**
   * An Acquire may still answer for a moment when we give up: only then is it known which lease to withdraw. One that stands in line itself
   * (IF_BUSY_FAIL with a wait) gives its place up when it ends.
   */
  async #ask(): Promise<Settled> {
    const { farewell } = this.#pace;
    const now = performance.now();
    const stands = Math.max(0, this.#standsUntil - now);
    const timeoutMs = Math.ceil(stands + Math.max(farewell, Math.min(ACQUIRE_TIMEOUT, this.#givenUpAt - now)));
    const { signal } = stands === 0 ? this.#farewell : { signal: this.#signal };
    const answer = await this.#asking.send(stands > 0 ? durationIn(stands) : undefined, { timeoutMs, signal });
    const { lease } = answer;
    // The server's own timer comes first, and ours is for when it can't be heard.
    if (this.#last === undefined) this.#givenUpAt = performance.now() + longestIn(lease) + farewell;
    if (lease === undefined) throw new Error("the server answered without a lease");
    const place = { ...answer, lease };
    if (this.#last === undefined) this.#observer.answered?.(place);
    this.#see(place);
    this.#signal.throwIfAborted();
    return place;
  }

  /** The answer with the lease as it is once it is settled; undefined if the stream has ended before. */
  async #follow(place: Settled): Promise<Settled | undefined> {
    if (isSettled(place.lease)) return place;
    const leaseId = place.lease.id;
    // By its token: with a key alone nobody is kept in line, nor claims an offer.
    const open = (signal: AbortSignal) => this.#locks.watchLease({ leaseId }, withToken(place.leaseToken, { signal }));
    using limit = new Limit({ follows: this.#signal, within: this.#givenUpAt - performance.now() });
    for await (const { lease } of listen(open, limit.signal, this.#pace)) {
      if (lease === undefined) continue;
      const now = { ...place, lease };
      this.#see(now);
      if (isSettled(lease)) return now;
    }
    return undefined;
  }

  #see(place: Settled): void {
    this.#last = place;
    this.#observer.seen?.(place.lease);
  }

  async #giveUp(): Promise<void> {
    if (this.#last === undefined || this.#last.lease.state === LeaseState.ENDED) return;
    const { lease, leaseToken } = this.#last;
    using moment = new Limit({ within: this.#pace.farewell });
    const { signal } = this.#signal.aborted ? this.#farewell : moment;
    const released = giveBack(this.#locks, { leaseId: lease.id }, leaseToken, signal, this.#pace);
    const heard = await released.then(
      () => true,
      () => false,
    );
    this.#observer.gaveUp?.(lease, heard);
  }
}

/** Whether there is nothing left to wait for. */
export function isSettled(lease: Lease | undefined): boolean {
  return lease?.state === LeaseState.HELD || lease?.state === LeaseState.ENDED;
}

/** How long a lease waits in line at most from when it was asked for, in ms: its queue_timeout runs from its not_before. */
function longestIn({ queueTimeout, createdAt, notBefore }: Partial<Lease> = {}): number {
  if (queueTimeout === undefined) return Number.POSITIVE_INFINITY;
  const later = createdAt === undefined || notBefore === undefined ? 0 : timestampMs(notBefore) - timestampMs(createdAt);
  return milliseconds(queueTimeout) + Math.max(0, later);
}
