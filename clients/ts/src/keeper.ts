import { Code, ConnectError } from "@connectrpc/connect";
import { type CancelRequest, EndReason, type Lease, LeaseState } from "../../../gen/ts/callme/v1/types_pb.ts";
import { type Locks, withToken } from "./calls.ts";
import { type End, endOf, fencingTokenOf, LeaseLost, verdictOf } from "./errors.ts";
import { follow, type Grant } from "./following.ts";
import { LONGEST } from "./limit.ts";
import { PACE, type Pace } from "./pace.ts";
import { persist } from "./retry.ts";
import { Term } from "./term.ts";

/** Who wants to know how the renewing goes. */
export interface KeepObserver {
  /** A Renew was answered: the lease as it is now. */
  renewed?(lease: Lease): void;
  /** A Renew failed. Unless a later one is answered, the lease is lost in `left` ms. */
  failed?(why: string, left: number): void;
}

/** What a Renew was answered, and when (of performance.now) it was sent. */
interface Renewed {
  readonly lease: Lease;
  readonly sentAt: number;
}

/** How to keep a lease. */
export interface KeepOptions {
  /** Opens the calls, if they have no such key anyway: identities of a CI job die with the job, the token does not. */
  readonly leaseToken?: string;
  readonly pace?: Pace;
  readonly observer?: KeepObserver;
  /** Somebody else may work on the same lease, by the same request_id: then that it was given back is a loss, too. */
  readonly shared?: boolean;
}

/** Renews a HELD lease, and tells when it is lost, ended by somebody else or not renewed in time: rules 5 to 7 of clients/README.md; see Term. */
export class Keeper {
  /** Settles once at most, when somebody asks the holder to stop. The lease is kept on as long as that lets it, so that the work can end well. */
  readonly cancelled: Promise<CancelRequest>;
  #cancel: (request: CancelRequest) => void = () => {};
  #cancelRequested: CancelRequest | undefined;
  /** Settles once at most, when nothing is left to keep: with the loss, or with nothing if it was given back with its own token. */
  readonly over: Promise<LeaseLost | undefined>;
  #declare: (loss: LeaseLost | undefined) => void = () => {};
  #loss: LeaseLost | undefined;
  readonly #locks: Locks;
  #grant: Grant;
  readonly #pace: Pace;
  readonly #observer: KeepObserver;
  readonly #shared: boolean;
  readonly #term: Term;
  readonly #stopped = new AbortController();
  #trouble: string | undefined;
  /** Settles when all facts so far have been told: a later one must not come first. */
  #telling: Promise<unknown> = Promise.resolve();
  #next: NodeJS.Timeout | undefined;
  #alarm: NodeJS.Timeout | undefined;

  constructor(locks: Locks, lease: Lease, { leaseToken = "", pace = PACE, observer = {}, shared = false }: KeepOptions) {
    this.#locks = locks;
    this.#grant = { leaseId: lease.id, leaseToken, fencingToken: fencingTokenOf(lease) };
    this.#pace = pace;
    this.#observer = observer;
    this.#shared = shared;
    this.#term = new Term(lease);
    this.over = new Promise((resolve) => {
      this.#declare = resolve;
    });
    this.cancelled = new Promise((resolve) => {
      this.#cancel = resolve;
    });
  }

  /** Why it was lost, if it was: by the clock as well, since whoever blocks the event loop lets no alarm go off. */
  get loss(): LeaseLost | undefined {
    if (this.#loss === undefined && !this.#stopped.signal.aborted && this.#term.left <= 0) this.#expire();
    return this.#loss;
  }

  /** When (of performance.now) nothing may run any more that relies on the lease. */
  get stopBy(): number {
    return this.#term.stopBy;
  }

  /** Who asks the holder to stop, if somebody does. */
  get cancelRequested(): CancelRequest | undefined {
    return this.#cancelRequested;
  }

  /** When (of performance.now) the work must have ended for who asks the holder to stop. */
  get cancelBy(): number {
    return this.#term.cancelBy;
  }

  /**
   * Renews once, before anything relies on the lease: a grant may have been long on its way to us, only a Renew of our own tells
   * when the time began, and which grant it is now. Then goes on by itself, until `stop` or the lease's end. Gives the lease as it is; undefined
   * if the server took it back before we were heard, so that it stands in line again. Throws LeaseLost if it has ended already or its time
   * is as good as over, the signal's reason, or what keeps it from the server.
   */
  async begin(signal: AbortSignal): Promise<Lease | undefined> {
    const told = await persist(() => this.#renew(signal), signal, this.#pace).catch((error: unknown) => {
      signal.throwIfAborted();
      const end = verdictOf(error, this.#grant.leaseId);
      throw end === undefined ? error : new LeaseLost(this.#grant.leaseId, end.why, end.endReason);
    });
    signal.throwIfAborted();
    if (told.lease.state !== LeaseState.HELD) return undefined;
    this.#grant = { ...this.#grant, fencingToken: fencingTokenOf(told.lease) };
    this.#take(told);
    if (this.#term.left <= 0)
      throw new LeaseLost(this.#grant.leaseId, "its time was as good as over before it began", EndReason.UNSPECIFIED);
    void follow(this.#locks, this.#grant, this.#stopped.signal, this.#pace, (lease) => this.#see(lease)).then(
      (end) => end && this.#ended(end),
    );
    return told.lease;
  }

  /** Ends all renewing, and any judging of what was lost. */
  stop(): void {
    this.#stopped.abort();
    clearTimeout(this.#next);
    clearTimeout(this.#alarm);
  }

  /**
   * Tells facts by a Renew of their own, which is sent again until it is answered; the others tell none. Throws the LeaseLost, an Error if
   * nothing is kept any more, or the ConnectError of a call that the server refused, or never answered.
   */
  async tell(facts: Readonly<Record<string, string>>): Promise<void> {
    const told = this.#telling.then(async () => await this.#tell(facts));
    this.#telling = told.catch(() => {});
    await told;
  }

  async #tell(facts: Readonly<Record<string, string>>): Promise<void> {
    const { signal } = this.#stopped;
    let sentAt = Number.NEGATIVE_INFINITY;
    const send = async () => {
      sentAt = performance.now();
      return await this.#renew(signal, facts);
    };
    const told = signal.aborted
      ? undefined
      : await persist(send, signal, this.#pace).catch((error: unknown) => this.#untold(error, sentAt));
    if (told !== undefined) this.#take(told);
    if (this.loss !== undefined) throw this.loss;
    if (told === undefined) throw new Error("the lease was given back before the facts could be told");
  }

  /** Undefined where the lease has ended; throws what else went wrong. */
  #untold(error: unknown, sentAt: number): undefined {
    if (this.#stopped.signal.aborted) return;
    this.#failed(error, sentAt);
    if (!this.#stopped.signal.aborted) throw error;
  }

  async #renew(signal: AbortSignal, facts: Readonly<Record<string, string>> = {}): Promise<Renewed> {
    const sentAt = performance.now();
    const timeoutMs = this.#term.timeout;
    const { leaseId, leaseToken } = this.#grant;
    const { lease } = await this.#locks.renew({ leaseId, facts }, withToken(leaseToken, { timeoutMs, signal }));
    if (lease === undefined) throw new ConnectError("the server answered without a lease", Code.Internal);
    return { lease, sentAt };
  }

  #take({ lease, sentAt }: Renewed): void {
    if (this.#stopped.signal.aborted) return;
    const end = endOf(lease, this.#grant.fencingToken);
    if (end !== undefined) this.#ended(end);
    else {
      if (lease.ttl !== undefined) this.#extend(lease, sentAt);
      else this.#term.cancelled(lease, sentAt);
      this.#asked(lease.cancelRequested);
    }
  }

  #asked(request: CancelRequest | undefined): void {
    if (request === undefined || this.#cancelRequested !== undefined) return;
    this.#cancelRequested = request;
    this.#cancel(request);
  }

  /** By when to stop is counted from when a Renew of our own was sent: the stream's message may have been long on its way. */
  #see({ cancelRequested }: Lease): void {
    if (cancelRequested !== undefined && this.#cancelRequested === undefined && !this.#stopped.signal.aborted) this.#try();
  }

  #extend(lease: Lease, sentAt: number): void {
    this.#trouble = undefined;
    this.#term.renewed(lease, sentAt);
    this.#schedule(this.#term.renewAt);
    this.#arm();
    this.#observer.renewed?.(lease);
  }

  #schedule(at: number): void {
    clearTimeout(this.#next);
    this.#next = setTimeout(() => this.#try(), Math.min(LONGEST, Math.max(0, at - performance.now())));
  }

  /** Does not wait for the answer to send the next: where a connection is dead without a word, none ever comes. */
  #try(): void {
    const sentAt = performance.now();
    this.#schedule(sentAt + this.#term.again);
    this.#renew(this.#stopped.signal).then(
      (told) => this.#take(told),
      (error: unknown) => this.#failed(error, sentAt),
    );
  }

  #failed(error: unknown, sentAt: number): void {
    if (this.#stopped.signal.aborted) return;
    const end = verdictOf(error, this.#grant.leaseId);
    if (end !== undefined) this.#ended(end);
    if (end !== undefined || sentAt <= this.#term.renewedAt) return;
    this.#trouble = ConnectError.from(error).rawMessage;
    this.#observer.failed?.(this.#trouble, this.#term.left);
  }

  #arm(): void {
    clearTimeout(this.#alarm);
    const { left } = this.#term;
    this.#alarm = setTimeout(() => (left > LONGEST ? this.#arm() : this.#expire()), Math.min(LONGEST, Math.max(0, left)));
  }

  /** It is renewed still, if that can be, as long as something may run on it: so nobody else is served meanwhile. */
  #expire(): void {
    const asked = this.#cancelRequested === undefined ? undefined : "time to stop, as it was asked to,";
    const cut = this.#trouble === undefined ? (asked ?? this.#term.cappedBy) : undefined;
    const why = cut !== undefined ? `its ${cut} is reached` : `no contact with the server (${this.#trouble ?? "no answer"})`;
    this.#lose({ why: `${why}, and it ends in ${this.#term.rest}`, endReason: EndReason.UNSPECIFIED });
  }

  /** Whoever gave it back with its token works on it, and knows: no reason to stop the body. Unless the work of others has the same token. */
  #ended(end: End): void {
    if (this.#stopped.signal.aborted) return;
    this.stop();
    if (end.givenBack && !this.#shared) this.#declare(undefined);
    else this.#lose(end.givenBack ? { ...end, why: `${end.why}, by somebody with the same request_id` } : end);
  }

  #lose({ why, endReason }: Omit<End, "givenBack">): void {
    this.#loss ??= new LeaseLost(this.#grant.leaseId, why, endReason);
    this.#declare(this.#loss);
  }
}
