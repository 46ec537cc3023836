import type { Http2Session } from "node:http2";

/** Bytes that are sent in one go on a connection whose window is smaller. Clients enlarge theirs by no less at a time. */
const BATCH = 8 * 1024;

const bySession = new WeakMap<Http2Session, Turns>();

interface Turn {
  readonly length: number;
  /** Its bytes were given to nghttp2, which cannot send them: its reader does not enlarge its window. */
  stuck: boolean;
  send(left: () => void): void;
}

/** A turn that was asked for. */
export interface Taken {
  /** Its bytes wait for their own reader, not for others: what follows them would too. */
  readonly stuck: boolean;
  giveUp(): void;
}

/**
 * Lets the endless answers of one HTTP/2 connection send in turn. nghttp2 sends all that waits of an older stream ahead of a younger one's
 * first byte: on a connection that cannot take everything the younger ones would starve, and so would the answer of a new call. So no
 * more is given to it than the peer's window takes at once, or a small batch, which all has to leave before there is another.
 *
 * What does not leave although the connection's window is open waits for a reader that has stopped. Node does not show the window of a
 * stream, so this is how it is known. It no longer counts, and its answer is given no further turn before it has left.
 */
export class Turns {
  readonly #session: Http2Session;
  readonly #queue = new Set<Turn>();
  /** Those of the present batch. */
  readonly #sent = new Set<Turn>();
  #waiting = 0;
  /** Whether the present batch has room. */
  #open = true;
  /** How many have left so far, and by the last call of `forgive`. */
  #left = 0;
  #leftThen = 0;
  #looking = false;

  constructor(session: Http2Session) {
    this.#session = session;
    bySession.set(session, this);
  }

  /** The turns of a connection of this server; undefined for any other. */
  static of(session: Http2Session | undefined): Turns | undefined {
    return session && bySession.get(session);
  }

  /** Calls `send` in its turn, at once if it is: it has sent `length` bytes, and calls `left` when they are gone. */
  take(length: number, send: (left: () => void) => void): Taken {
    const turn: Turn = { length, send, stuck: false };
    if (this.#queue.size === 0 && this.#hasRoom()) this.#send(turn);
    else {
      this.#queue.add(turn);
      this.#look();
    }
    return {
      get stuck() {
        return turn.stuck;
      },
      giveUp: () => this.#queue.delete(turn),
    };
  }

  /** Must be called from time to time: a batch of which nothing has left since the last call is passed over, whatever holds it up. */
  forgive(): void {
    if (this.#left === this.#leftThen && this.#queue.size > 0) this.#passOver();
    this.#leftThen = this.#left;
  }

  get #window(): number {
    return this.#session.destroyed ? 0 : (this.#session.state.remoteWindowSize ?? 0);
  }

  #hasRoom(): boolean {
    if (this.#waiting === 0) this.#open = true;
    else if (this.#waiting >= BATCH) this.#open = false;
    return this.#open || this.#waiting < this.#window;
  }

  #send(turn: Turn): void {
    this.#waiting += turn.length;
    this.#sent.add(turn);
    turn.send(() => {
      turn.stuck = false;
      this.#left++;
      if (this.#sent.delete(turn)) this.#waiting -= turn.length;
      this.#goOn();
    });
  }

  #goOn(): void {
    for (const turn of this.#queue) {
      if (!this.#hasRoom()) break;
      this.#queue.delete(turn);
      this.#send(turn);
    }
    if (this.#queue.size > 0) this.#look();
  }

  /** What was written goes out in the same turn of the event loop, and is told of in the next, unless something holds it up. */
  #look(): void {
    if (this.#looking) return;
    this.#looking = true;
    const then = this.#left;
    setImmediate(() =>
      setImmediate(() => {
        this.#looking = false;
        if (this.#queue.size === 0) return;
        if (this.#left !== then) this.#look();
        else if (this.#window >= BATCH) this.#passOver();
      }),
    );
  }

  #passOver(): void {
    for (const turn of this.#sent) turn.stuck = true;
    this.#sent.clear();
    this.#waiting = 0;
    this.#goOn();
  }
}
