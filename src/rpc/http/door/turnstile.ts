/** How many requests are begun in one turn of the event loop. */

/** Requests from one address that are begun in one turn. */
const AT_ONCE = 16;

/** A request that is begun when its turn comes, unless its connection, or its caller, is gone by then. */
export interface Deed {
  readonly isVoid: () => boolean;
  readonly act: () => void;
}

/**
 * Lets the requests of one address in: so many in a turn of the event loop, and the rest in the following ones, between which others are
 * heard. What was given up by then is never begun, so a packet of requests that are taken back at once costs little. It costs no
 * throughput: a turn comes as soon as the last one's work is done.
 */
export class Turnstile {
  /** In this turn. */
  #begun = 0;
  readonly #waiting: Deed[] = [];

  /** Whether a request may begin now, which counts; if not, hand it to `later`. */
  begins(): boolean {
    if (this.#waiting.length > 0 || this.#begun === AT_ONCE) return false;
    this.#count();
    return true;
  }

  later(deed: Deed): void {
    this.#waiting.push(deed);
  }

  #count(): void {
    if (this.#begun++ === 0) setImmediate(Turnstile.#turn, this);
  }

  static #turn(turnstile: Turnstile): void {
    turnstile.#begun = 0;
    turnstile.#goOn();
  }

  #goOn(): void {
    while (this.#begun < AT_ONCE) {
      const deed = this.#waiting.shift();
      if (deed === undefined) return;
      if (deed.isVoid()) continue;
      this.#count();
      deed.act();
    }
  }
}
