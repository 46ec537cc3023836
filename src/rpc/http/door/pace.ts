/** How fast the requests of one connection are let through. */
import { Bucket, type Rate } from "../../../access/rate.ts";
import type { Deed, Turnstile } from "./turnstile.ts";

/** Refusals because there were too many requests, on one connection: beyond it, it is held. */
const REFUSALS: Rate = { burst: 200, perSecond: 2 };
/**
 * For how long, in ms, at a time: more or less, so that many connections are not let go at once. What keeps a lease alive may come by the same
 * connection, and must not come too late.
 */
const HOLD = { min: 500, max: 1_500 };
/** Requests that wait on a connection that is held. */
const MOST = 100;

/** A request of a connection. */
export interface Request extends Deed {
  /** Too much waits already. */
  readonly refuse: () => void;
}

/**
 * Lets requests through as their address's turn comes, until the connection is held: then one after the other, and each may be the reason to
 * hold it again. Who asks for more than he may is slowed down like this: refusing him costs, too.
 */
export class Pace {
  readonly #turnstile: Turnstile;
  #refusals: Bucket | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #waiting: Request[] = [];

  constructor(turnstile: Turnstile) {
    this.#turnstile = turnstile;
  }

  /** Whether a request may begin now, which counts; if not, hand it to `later`. */
  begins(): boolean {
    return !this.#isHeld && this.#turnstile.begins();
  }

  /** Does it when its turn comes. */
  later(request: Request): void {
    if (!this.#isHeld) this.#turnstile.later({ isVoid: request.isVoid, act: () => (this.#isHeld ? this.later(request) : request.act()) });
    else if (this.#waiting.length >= MOST) request.refuse();
    else this.#waiting.push(request);
  }

  /** A request was refused because there are too many. */
  refused(): void {
    this.#refusals ??= new Bucket();
    if (this.#refusals.take(REFUSALS, performance.now()) > 0) this.hold();
  }

  /** Lets nothing through for about a second. */
  hold(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#goOn();
      },
      HOLD.min + Math.random() * (HOLD.max - HOLD.min),
    );
    this.#timer.unref();
  }

  get #isHeld(): boolean {
    return this.#timer !== undefined || this.#waiting.length > 0;
  }

  /** One at a time, as whether it is refused may be known a little later. */
  #goOn(): void {
    if (this.#timer !== undefined) return;
    const request = this.#waiting.shift();
    if (request === undefined) return;
    if (!request.isVoid()) request.act();
    if (this.#waiting.length > 0) setImmediate(() => this.#goOn());
  }
}
