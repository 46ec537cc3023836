/** How fast the requests of one connection are let through. */
import { Bucket, type Rate } from "../../../access/rate.ts";

/** Refusals because there were too many requests, on one connection: beyond it, it is held. */
const REFUSALS: Rate = { burst: 200, perSecond: 2 };
/**
 * For how long, in ms, at a time: more or less, so that many connections are not let go at once. What keeps a lease alive may come by the same
 * connection, and must not come too late.
 */
const HOLD = { min: 500, max: 1_500 };
/** Requests that wait on a connection that is held. */
const MOST = 100;

/** Something that can be done later, unless its connection is gone. */
export interface Deed {
  readonly isVoid: () => boolean;
  readonly act: () => void;
}

/**
 * Lets requests through at once, until the connection is held: then one after the other, and each may be the reason to hold it again. Who asks
 * for more than he may is slowed down like this: refusing him costs, too.
 */
export class Pace {
  #refusals: Bucket | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #waiting: Deed[] = [];

  /** Whether requests must wait; hand them to `later` then. */
  get isHeld(): boolean {
    return this.#timer !== undefined || this.#waiting.length > 0;
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

  /** Does it when its turn comes. False: too much waits already, and it is not done. */
  later(deed: Deed): boolean {
    if (this.#waiting.length >= MOST) return false;
    this.#waiting.push(deed);
    return true;
  }

  /** One at a time, as whether it is refused may be known a little later. */
  #goOn(): void {
    if (this.#timer !== undefined) return;
    const deed = this.#waiting.shift();
    if (deed === undefined) return;
    if (!deed.isVoid()) deed.act();
    if (this.#waiting.length > 0) setImmediate(() => this.#goOn());
  }
}
