import { ConnectError } from "@connectrpc/connect";
import { EndReason, type Lease, LeaseState } from "../../../gen/ts/callme/v1/types_pb.ts";
import { type Locks, withToken } from "./calls.ts";
import { ending, isTransient, LeaseLost, verdictOf } from "./errors.ts";
import { LONGEST } from "./limit.ts";
import { milliseconds } from "./options.ts";
import { Backoff, listen, PACE, persist } from "./retry.ts";

/**
 * Renews a HELD lease every third of its ttl, and tells when it is lost: ended by somebody else, or not renewed in time.
 *
 * The server counts from when it got a Renew, we from when we sent it, by our monotonic clock; so our deadline D comes before the
 * server's. At D − max(0.5 s, 5 % of ttl) the body must have stopped, and min(3 s, 10 %) earlier it is told. D follows what the
 * server says is left, so it also holds where max_hold ends all renewing.
 */
export class Keeper {
  /** Aborts with a LeaseLost. */
  readonly lost: AbortSignal;
  readonly #lost = new AbortController();
  readonly #locks: Locks;
  readonly #leaseId: string;
  readonly #leaseToken: string;
  readonly #stopped = new AbortController();
  #ttl: number;
  #sentAt = Number.NEGATIVE_INFINITY;
  #deadline = Number.NEGATIVE_INFINITY;
  #trouble: string | undefined;
  #next: NodeJS.Timeout | undefined;
  #alarm: NodeJS.Timeout | undefined;

  constructor(locks: Locks, lease: Lease, leaseToken: string) {
    this.#locks = locks;
    this.#leaseId = lease.id;
    this.#leaseToken = leaseToken;
    this.#ttl = milliseconds(lease.ttl);
    this.lost = this.#lost.signal;
  }

  /**
   * Renews once, before anything relies on the lease: a grant may have been long on its way to us, only a Renew of our own tells
   * when the time began. Then goes on by itself. Throws LeaseLost if it has ended already or its time is as good as over, or what keeps
   * it from the server.
   */
  async begin(signal: AbortSignal): Promise<void> {
    try {
      await persist(() => this.#renew(signal), signal);
    } catch (error) {
      signal.throwIfAborted();
      const endReason = verdictOf(error);
      throw endReason === undefined ? error : new LeaseLost(this.#leaseId, ConnectError.from(error).rawMessage, endReason);
    }
    if (this.#left <= 0) throw new LeaseLost(this.#leaseId, "its time was as good as over before it began", EndReason.UNSPECIFIED);
    void this.#follow();
  }

  /** Ends all renewing. */
  stop(): void {
    this.#stopped.abort();
    clearTimeout(this.#next);
    clearTimeout(this.#alarm);
  }

  async #renew(signal: AbortSignal): Promise<void> {
    const sentAt = performance.now();
    const timeoutMs = Math.ceil(Math.max(1_000, this.#ttl / 10));
    const { lease } = await this.#locks.renew({ leaseId: this.#leaseId }, withToken(this.#leaseToken, { timeoutMs, signal }));
    if (lease?.ttl !== undefined && !this.#stopped.signal.aborted) this.#renewed(lease, sentAt);
  }

  /** Answers may overtake each other, but no Renew ever shortens a lease: the latest deadline is right. */
  #renewed(lease: Lease, sentAt: number): void {
    this.#trouble = undefined;
    this.#ttl = milliseconds(lease.ttl);
    this.#sentAt = Math.max(this.#sentAt, sentAt);
    this.#deadline = Math.max(this.#deadline, sentAt + milliseconds(lease.ttlRemaining));
    this.#schedule(this.#sentAt + this.#ttl / 3);
    this.#arm();
  }

  #schedule(at: number): void {
    clearTimeout(this.#next);
    this.#next = setTimeout(() => this.#try(), Math.min(LONGEST, Math.max(0, at - performance.now())));
  }

  /** Does not wait for the answer to send the next: where a connection is dead without a word, none ever comes. */
  #try(): void {
    const sentAt = performance.now();
    this.#schedule(sentAt + Math.max(50, this.#ttl / 40));
    this.#renew(this.#stopped.signal).catch((error: unknown) => {
      if (this.#stopped.signal.aborted) return;
      const why = ConnectError.from(error).rawMessage;
      const endReason = verdictOf(error);
      if (endReason !== undefined) this.#ended(endReason, why);
      else if (sentAt > this.#sentAt) this.#trouble = why;
    });
  }

  /** How long the body may still run, in ms; for ever where the lease has no ttl. */
  get #left(): number {
    if (this.#deadline === Number.NEGATIVE_INFINITY) return Number.POSITIVE_INFINITY;
    const margin = Math.max(500, this.#ttl * 0.05) + Math.min(3_000, this.#ttl * 0.1);
    return this.#deadline - margin - performance.now();
  }

  #arm(): void {
    clearTimeout(this.#alarm);
    const left = this.#left;
    this.#alarm = setTimeout(() => (left > LONGEST ? this.#arm() : this.#expire()), Math.min(LONGEST, Math.max(0, left)));
  }

  #expire(): void {
    const why = this.#trouble === undefined ? "it cannot be renewed any further" : `no contact with the server (${this.#trouble})`;
    this.stop();
    this.#lost.abort(new LeaseLost(this.#leaseId, why, EndReason.UNSPECIFIED));
  }

  /** Hears of an end at once, and not only when the next Renew is due: after ForceRelease others may be served within seconds. */
  async #follow(): Promise<void> {
    const stopped = this.#stopped.signal;
    const backoff = new Backoff(stopped, PACE);
    while (!stopped.aborted) {
      const begun = performance.now();
      try {
        const open = (signal: AbortSignal) => this.#locks.watchLease({ leaseId: this.#leaseId }, withToken(this.#leaseToken, { signal }));
        for await (const { lease } of listen(open, stopped)) {
          if (lease?.state === LeaseState.ENDED) return this.#ended(lease.endReason, ending(lease));
        }
      } catch (error) {
        if (stopped.aborted) return;
        const endReason = verdictOf(error);
        if (endReason !== undefined) return this.#ended(endReason, ConnectError.from(error).rawMessage);
        // Renewals tell what is wrong.
        if (!isTransient(error)) return;
      }
      backoff.lasted(begun);
      await backoff.pause().catch(() => {});
    }
  }

  /** Whoever gave it back had our token or key, for example the body itself before its last steps: no reason to stop it. */
  #ended(endReason: EndReason, why: string): void {
    if (this.#stopped.signal.aborted) return;
    this.stop();
    if (endReason !== EndReason.RELEASED) this.#lost.abort(new LeaseLost(this.#leaseId, why, endReason));
  }
}
