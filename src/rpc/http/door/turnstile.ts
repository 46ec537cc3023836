/** How many requests are begun in one turn of the event loop. */

/** Requests from one address that are begun in one turn. */
const AT_ONCE = 16;
/** And that are looked at: what was given up while it waited costs little, but not nothing. */
const LOOKS = 512;

/** A request that is begun when its turn comes, unless its connection, or its caller, is gone by then. */
export interface Deed {
  readonly isVoid: () => boolean;
  readonly act: () => void;
}

/** The requests of one connection that wait. */
export interface Line {
  /** Whether its next one may have a turn. */
  readonly waits: boolean;
  /** Whether no more than one is begun in a turn. */
  readonly isSlow: boolean;
  /** Takes the next one out. */
  next(): Deed | undefined;
}

/**
 * Lets the requests of one address in: so many in a turn of the event loop, and the rest in the following ones, between which other addresses
 * are heard; its connections one after the other, so that a busy one keeps the others waiting for one request, and not for all. What was
 * given up by then is never begun: a packet of requests that are taken back at once costs little. It costs no throughput, since a turn
 * comes as soon as the last one's work is done.
 */
export class Turnstile {
  /** In this turn. */
  #begun = 0;
  #isAwaited = false;
  /** Those that wait, the next one first. */
  readonly #lines = new Set<Line>();

  /** Lets a request in that has not waited, if it need not; that counts. */
  enter(): boolean {
    if (this.#lines.size > 0 || this.#begun === AT_ONCE) return false;
    this.#begun++;
    this.#await();
    return true;
  }

  /** A line has somebody who waits. */
  join(line: Line): void {
    this.#lines.add(line);
    this.#await();
  }

  leave(line: Line): void {
    this.#lines.delete(line);
  }

  #await(): void {
    if (this.#isAwaited) return;
    this.#isAwaited = true;
    setImmediate(Turnstile.#turn, this);
  }

  static #turn(turnstile: Turnstile): void {
    turnstile.#isAwaited = false;
    turnstile.#begun = 0;
    turnstile.#goOn();
  }

  #goOn(): void {
    const served: Line[] = [];
    for (let looks = 0; this.#begun < AT_ONCE && looks < LOOKS; looks++) {
      const [line] = this.#lines;
      if (line === undefined) break;
      this.#lines.delete(line);
      const deed = line.next();
      if (line.isSlow) served.push(line);
      else if (line.waits) this.#lines.add(line);
      if (deed === undefined || deed.isVoid()) continue;
      this.#begun++;
      deed.act();
    }
    for (const line of served) if (line.waits) this.#lines.add(line);
    if (this.#lines.size > 0 || this.#begun > 0) this.#await();
  }
}
