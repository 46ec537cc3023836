/** How fast the requests of one connection are let through. */
import { Bucket, type Rate } from "../../../access/rate.ts";
import { Queue } from "./queue.ts";
import type { Deed, Line, Turnstile } from "./turnstile.ts";

/** Refusals because there were too many requests, on one connection: beyond it, it is held. */
const REFUSALS: Rate = { burst: 200, perSecond: 2 };
/**
 * For how long, in ms, at a time: more or less, so that many connections are not let go at once. What keeps a lease alive may come by the same
 * connection, and must not come too late.
 */
const HOLD = { min: 500, max: 1_500 };
/** Requests that wait on a connection that is held. On any other as many wait as HTTP allows it to have open. */
const MOST = 100;

/** A request that waits. */
export interface Waiting extends Deed {
  /** Too much waits already. */
  readonly refuse: () => void;
}

/**
 * Lets requests through in their order as their address's turns come, until the connection is held; after that one in a turn, as each may be
 * the reason to hold it again. Who asks for more than he may is slowed down like this: refusing him costs, too.
 */
export class Pace implements Line {
  readonly #turnstile: Turnstile;
  readonly #waiting = new Queue<Waiting>();
  #refusals: Bucket | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** It was held, and what came by then has not all been heard. */
  isSlow = false;

  constructor(turnstile: Turnstile) {
    this.#turnstile = turnstile;
  }

  /** Lets a request in at once, if it need not wait; hand it to `wait` if it must. */
  enter(): boolean {
    return this.#timer === undefined && this.#waiting.size === 0 && this.#turnstile.enter();
  }

  /** Lets a request in when its turn comes. */
  wait(request: Waiting): void {
    if (this.isSlow && this.#waiting.size >= MOST) {
      request.refuse();
      return;
    }
    this.#waiting.push(request);
    if (this.waits) this.#turnstile.join(this);
  }

  get waits(): boolean {
    return this.#timer === undefined && this.#waiting.size > 0;
  }

  next(): Deed | undefined {
    const request = this.#waiting.shift();
    if (this.#waiting.size === 0) this.isSlow = this.#timer !== undefined;
    return request;
  }

  /** A request was refused because there are too many. */
  refused(): void {
    this.#refusals ??= new Bucket();
    if (this.#refusals.take(REFUSALS, performance.now()) > 0) this.hold();
  }

  /** Lets nothing through for about a second. */
  hold(): void {
    clearTimeout(this.#timer);
    this.isSlow = true;
    this.#turnstile.leave(this);
    this.#timer = setTimeout(() => this.#letGo(), HOLD.min + Math.random() * (HOLD.max - HOLD.min));
    this.#timer.unref();
  }

  #letGo(): void {
    this.#timer = undefined;
    if (this.waits) this.#turnstile.join(this);
    else this.isSlow = false;
  }
}
