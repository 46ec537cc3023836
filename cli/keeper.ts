import { ConnectError } from "@connectrpc/connect";
import { isTransient, reasonOf } from "../clients/ts/src/errors.ts";
import { Backoff, listen, persist } from "../clients/ts/src/retry.ts";
import { EndReason, type Lease, LeaseState } from "../gen/ts/callme/v1/types_pb.ts";
import { ErrorInfoSchema } from "../gen/ts/google/rpc/error_details_pb.ts";
import { CALL_TIMEOUT, type Locks } from "./client.ts";
import type { Pace } from "./context.ts";
import { milliseconds, roughly } from "./duration.ts";
import { EXIT, Failure } from "./failure.ts";
import { GRACE } from "./stopper.ts";
import { renewableFor } from "./term.ts";
import { ending } from "./words.ts";

/** That the lease is over, or cannot be trusted any longer. */
export interface Loss {
  readonly why: string;
  /** When (of performance.now) nothing may run any more that relies on it. */
  readonly killAt: number;
}

/** What it takes to keep a lease. */
export interface Keeping {
  /** Opened with the lease_token: identities of a CI job die with the job, the token does not. */
  readonly locks: Locks;
  readonly lease: Lease;
  readonly pace: Pace;
  readonly say: (line: string) => void;
}

/** No timer can wait longer. */
const LONGEST = 2 ** 31 - 1;

/**
 * Renews a HELD lease every third of its ttl, and tells when it is lost: ended by somebody else, or not renewed in time.
 *
 * The server counts from when it got a Renew, we from when we sent it, by our monotonic clock; so our deadline D comes before the
 * server's. At D − max(0.5 s, 5 % of ttl) the command must be dead, and min(3 s, 10 %) earlier it is told. Until then it is left
 * alone, whatever the network does. D follows what the server says is left, so it also holds where max_hold ends all renewing.
 */
export class Keeper {
  /** Settles once at most, when there is nothing left to keep: with the loss, or with nothing if whoever has our token or key gave the lease back. */
  readonly over: Promise<Loss | undefined>;
  #declare: (loss: Loss | undefined) => void = () => {};
  readonly #keeping: Keeping;
  readonly #stopped = new AbortController();
  #ttl: number;
  #sentAt = Number.NEGATIVE_INFINITY;
  #deadline = Number.NEGATIVE_INFINITY;
  #trouble: string | undefined;
  /** max_hold lets no further Renew extend it. */
  #capped = false;
  #warned = false;
  #next: NodeJS.Timeout | undefined;
  #alarm: NodeJS.Timeout | undefined;

  constructor(keeping: Keeping) {
    this.#keeping = keeping;
    this.#ttl = milliseconds(keeping.lease.ttl);
    this.over = new Promise((resolve) => {
      this.#declare = resolve;
    });
  }

  /**
   * Renews once, before anything relies on the lease: a grant may have been long on its way to us, only a Renew of our own tells
   * when the time began. Then goes on by itself. Throws if the server is out of reach or the lease has ended already.
   */
  async begin(interruption: AbortSignal): Promise<void> {
    try {
      await persist(() => this.#renew(interruption), interruption, this.#keeping.pace);
    } catch (error) {
      if (!isVerdict(error)) throw error;
      throw new Failure(EXIT.lost, `lost before anything relied on it: ${ConnectError.from(error).rawMessage}`);
    }
    void this.#follow();
  }

  /** Ends all renewing. */
  stop(): void {
    this.#stopped.abort();
    clearTimeout(this.#next);
    clearTimeout(this.#alarm);
  }

  async #renew(signal: AbortSignal): Promise<void> {
    const { locks, lease } = this.#keeping;
    const sentAt = performance.now();
    // A whole number: the transport takes no other.
    const timeoutMs = Math.ceil(Math.min(CALL_TIMEOUT, Math.max(1_000, this.#ttl / 10)));
    const answer = await locks.renew({ leaseId: lease.id }, { timeoutMs, signal });
    if (answer.lease !== undefined && !this.#stopped.signal.aborted) this.#renewed(answer.lease, sentAt);
  }

  /** Answers may overtake each other, but no Renew ever shortens a lease: the latest deadline is right. */
  #renewed(lease: Lease, sentAt: number): void {
    if (this.#trouble !== undefined) this.#keeping.say("contact regained: the lease is renewed");
    this.#trouble = undefined;
    if (lease.ttl === undefined) return;
    this.#ttl = milliseconds(lease.ttl);
    this.#capped = renewableFor(lease) <= 0;
    this.#sentAt = Math.max(this.#sentAt, sentAt);
    this.#deadline = Math.max(this.#deadline, sentAt + milliseconds(lease.ttlRemaining));
    this.#schedule(this.#sentAt + this.#ttl / 3);
    this.#arm();
    this.#announceEnd(lease);
  }

  #schedule(at: number): void {
    clearTimeout(this.#next);
    this.#next = setTimeout(() => this.#try(), Math.min(LONGEST, Math.max(0, at - performance.now())));
  }

  /** Does not wait for the answer to send the next: where a connection is dead without a word, none ever comes. */
  #try(): void {
    const sentAt = performance.now();
    this.#schedule(sentAt + this.#ttl / 40);
    this.#renew(this.#stopped.signal).catch((error: unknown) => {
      if (this.#stopped.signal.aborted) return;
      if (isVerdict(error)) this.#ended(isRelease(error), ConnectError.from(error).rawMessage);
      else if (sentAt > this.#sentAt) this.#failed(ConnectError.from(error).rawMessage);
    });
  }

  #failed(why: string): void {
    if (this.#trouble === undefined) {
      const left = roughly(this.#terminateAt() - performance.now());
      this.#keeping.say(`the lease could not be renewed (${why}); trying again, for ${left}`);
    }
    this.#trouble = why;
  }

  #killAt(): number {
    return this.#deadline - Math.max(500, this.#ttl * 0.05);
  }

  #terminateAt(): number {
    return this.#killAt() - Math.min(3_000, this.#ttl * 0.1);
  }

  #arm(): void {
    clearTimeout(this.#alarm);
    const left = this.#terminateAt() - performance.now();
    this.#alarm = setTimeout(() => (left > LONGEST ? this.#arm() : this.#expire()), Math.min(LONGEST, Math.max(0, left)));
  }

  #expire(): void {
    const why =
      this.#capped && this.#trouble === undefined
        ? "its max_hold is reached"
        : `no contact with the server (${this.#trouble ?? "no answer"})`;
    this.#declare({ why: `${why}, and it ends in ${roughly(this.#deadline - performance.now())}`, killAt: this.#killAt() });
  }

  /** Well before max_hold ends all renewing. */
  #announceEnd(lease: Lease): void {
    const left = renewableFor(lease) + milliseconds(lease.ttlRemaining);
    const whole = milliseconds(lease.maxHold);
    if (this.#warned || left > Math.max(this.#ttl, Math.min(600_000, whole / 10))) return;
    this.#warned = true;
    this.#keeping.say(
      `max_hold ${roughly(whole)} is reached in ${roughly(left)}, and ends the lease; next time ask for more with --max-hold`,
    );
  }

  /** Hears of an end at once, and not only when the next Renew is due: after ForceRelease others may be served within seconds. */
  async #follow(): Promise<void> {
    const { locks, lease, pace } = this.#keeping;
    const { signal: stopped } = this.#stopped;
    const backoff = new Backoff(stopped, pace);
    while (!stopped.aborted) {
      const begun = performance.now();
      try {
        const open = (signal: AbortSignal) => locks.watchLease({ leaseId: lease.id }, { signal });
        for await (const { lease: now } of listen(open, stopped, pace)) {
          if (now?.state === LeaseState.ENDED) return this.#ended(now.endReason === EndReason.RELEASED, ending(now));
        }
      } catch (error) {
        // Renewals tell what is wrong.
        if (!isTransient(error)) return;
      }
      backoff.lasted(begun);
      await backoff.pause().catch(() => {});
    }
  }

  #ended(released: boolean, why: string): void {
    if (this.#stopped.signal.aborted) return;
    this.stop();
    this.#declare(released ? undefined : { why, killAt: performance.now() + GRACE });
  }
}

/** Whether the server says that the lease is over, or that it knows of none. */
function isVerdict(error: unknown): boolean {
  return ["LEASE_ENDED", "LEASE_NOT_FOUND"].includes(reasonOf(error) ?? "");
}

function isRelease(error: unknown): boolean {
  return ConnectError.from(error).findDetails(ErrorInfoSchema)[0]?.metadata["end_reason"] === "RELEASED";
}
