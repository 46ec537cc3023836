import { type Timestamp, timestampMs } from "@bufbuild/protobuf/wkt";
import type { Lease } from "../../../gen/ts/callme/v1/types_pb.ts";
import { milliseconds } from "./duration.ts";

/**
 * How long a HELD lease can be relied on: the times of rules 6 and 7 of clients/README.md. In ms, of performance.now.
 *
 * The server counts from when it got a Renew, we from when we sent it, by our monotonic clock; so our deadline D comes before the
 * server's. At D − max(0.5 s, 5 % of ttl) what runs on the lease must have stopped, and min(3 s, 10 %) earlier it is told. Until then it
 * is left alone, whatever the network does. D follows what the server says is left, so it also holds where max_hold or not_after ends all renewing.
 */
export class Term {
  #ttl: number;
  #sentAt = Number.NEGATIVE_INFINITY;
  #deadline = Number.NEGATIVE_INFINITY;
  #cancelledAt = Number.POSITIVE_INFINITY;
  #cappedBy: "max_hold" | "not_after" | undefined;

  constructor(lease: Lease) {
    this.#ttl = milliseconds(lease.ttl);
  }

  /**
   * A Renew that was sent then is answered. Answers may overtake each other, but no Renew ever shortens a lease: the latest deadline is
   * right.
   */
  renewed(lease: Lease, sentAt: number): void {
    this.#ttl = milliseconds(lease.ttl);
    this.#cappedBy = renewableFor(lease) <= 0 ? "max_hold" : endsAtNotAfter(lease) ? "not_after" : undefined;
    this.#sentAt = Math.max(this.#sentAt, sentAt);
    this.#deadline = Math.max(this.#deadline, sentAt + milliseconds(lease.ttlRemaining));
    this.cancelled(lease, sentAt);
  }

  /** Notes by when the holder is asked to stop, if it is, from an answer to a Renew that was sent then. */
  cancelled({ cancelRequested, expiresAt, ttlRemaining }: Lease, sentAt: number): void {
    if (cancelRequested?.deadline === undefined || expiresAt === undefined) return;
    const left = milliseconds(ttlRemaining) + between(expiresAt, cancelRequested.deadline);
    this.#cancelledAt = Math.min(this.#cancelledAt, sentAt + left);
  }

  /** When the latest answered Renew was sent. */
  get renewedAt(): number {
    return this.#sentAt;
  }

  /** When to renew. */
  get renewAt(): number {
    return this.#sentAt + this.#ttl / 3;
  }

  /** How long to wait for the answer before the next Renew is sent; the one before may still be answered. */
  get again(): number {
    return Math.max(50, this.#ttl / 40);
  }

  /** How long a Renew may go unanswered; a whole number, the transport takes no other. */
  get timeout(): number {
    return Math.ceil(Math.min(5_000, Math.max(1_000, this.#ttl / 10)));
  }

  /** When nothing may run any more that relies on the lease; never, while no Renew has told of a ttl. */
  get stopBy(): number {
    if (this.#deadline === Number.NEGATIVE_INFINITY) return Number.POSITIVE_INFINITY;
    return this.#deadline - this.#margin;
  }

  /** When the work must have ended for who asks the holder to stop, so that the lease is given back by then; never, while nobody does. */
  get cancelBy(): number {
    return this.#cancelledAt - Math.min(3_000, this.#margin);
  }

  get #margin(): number {
    return Math.max(500, this.#ttl * 0.05);
  }

  /** How long what runs on the lease is left alone from now on. */
  get left(): number {
    return this.stopBy - Math.min(3_000, this.#ttl * 0.1) - performance.now();
  }

  /** Until D, in words. */
  get rest(): string {
    return `${Math.max(0, (this.#deadline - performance.now()) / 1_000).toFixed(1)} s`;
  }

  /** What lets no further Renew extend it; undefined: nothing does. */
  get cappedBy(): "max_hold" | "not_after" | undefined {
    return this.#cappedBy;
  }
}

/** How far beyond its present expiry renewing can bring a HELD lease before max_hold ends it, in ms. Infinity: there is no limit. */
export function renewableFor({ grantedAt, expiresAt, maxHold }: Lease): number {
  if (grantedAt === undefined || expiresAt === undefined || maxHold === undefined) return Number.POSITIVE_INFINITY;
  return milliseconds(maxHold) - between(grantedAt, expiresAt);
}

/** From one of the server's own times to another, in ms: how they relate to our clock doesn't matter. */
function between(from: Timestamp, to: Timestamp): number {
  return Number(to.seconds - from.seconds) * 1_000 + (to.nanos - from.nanos) / 1e6;
}

function endsAtNotAfter({ expiresAt, notAfter }: Lease): boolean {
  return expiresAt !== undefined && notAfter !== undefined && timestampMs(expiresAt) >= timestampMs(notAfter);
}
