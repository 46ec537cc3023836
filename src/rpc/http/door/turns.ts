import type { Http2Session } from "node:http2";

/** Bytes that are sent in one go on a connection whose window is smaller. Clients enlarge theirs by no less at a time. */
const BATCH = 8 * 1024;

const bySession = new WeakMap<Http2Session, Turns>();

interface Turn {
  readonly length: number;
  send(left: () => void): void;
}

/**
 * Lets the endless answers of one HTTP/2 connection send in turn. nghttp2 sends all that waits of an older stream ahead of a younger one's
 * first byte: on a connection that cannot take everything the younger ones would starve, and so would the answer of a new call. So no
 * more is given to it than the peer's window takes at once, or a small batch, which all has to leave before there is another.
 */
export class Turns {
  readonly #session: Http2Session;
  readonly #queue = new Set<Turn>();
  #waiting = 0;
  /** Whether the present batch has room. */
  #open = true;
  #moved = false;
  #epoch = 0;

  constructor(session: Http2Session) {
    this.#session = session;
    bySession.set(session, this);
  }

  /** The turns of a connection of this server; undefined for any other. */
  static of(session: Http2Session | undefined): Turns | undefined {
    return session && bySession.get(session);
  }

  /** Calls `send` in its turn, at once if it is: it has sent `length` bytes, and calls `left` when they are gone. The returned function gives up a turn. */
  take(length: number, send: (left: () => void) => void): () => void {
    const turn: Turn = { length, send };
    if (this.#queue.size === 0 && this.#hasRoom()) this.#send(turn);
    else this.#queue.add(turn);
    return () => this.#queue.delete(turn);
  }

  /**
   * Must be called from time to time: an answer whose bytes have not left since the last call is stuck, and the others no longer wait for
   * it.
   */
  forgive(): void {
    if (!this.#moved && this.#queue.size > 0) {
      this.#epoch++;
      this.#waiting = 0;
      this.#goOn();
    }
    this.#moved = false;
  }

  #hasRoom(): boolean {
    if (this.#waiting === 0) this.#open = true;
    else if (this.#waiting >= BATCH) this.#open = false;
    return this.#open || (!this.#session.destroyed && this.#waiting < (this.#session.state.remoteWindowSize ?? 0));
  }

  #send(turn: Turn): void {
    const epoch = this.#epoch;
    this.#waiting += turn.length;
    turn.send(() => {
      this.#moved = true;
      if (epoch === this.#epoch) this.#waiting -= turn.length;
      this.#goOn();
    });
  }

  #goOn(): void {
    for (const turn of this.#queue) {
      if (!this.#hasRoom()) break;
      this.#queue.delete(turn);
      this.#send(turn);
    }
  }
}
