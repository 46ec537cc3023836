import type { Http2Session } from "node:http2";

/** Bytes that are sent in one go on a connection whose window is smaller. Clients enlarge theirs by no less at a time. */
const BATCH = 8 * 1024;

const bySession = new WeakMap<Http2Session, Turns>();

/** What asks for turns. */
export interface Sender {
  /** Its turn has come: sends the bytes, and calls `Turns.left` when they are gone. */
  send(turn: Turn): void;
}

/** A piece that is sent in its turn. */
export class Turn {
  readonly bytes: Uint8Array;
  readonly sender: Sender;
  /** Its bytes were given to nghttp2 and wait for their own reader, who does not enlarge its window: what follows them would wait, too. */
  stuck = false;

  constructor(bytes: Uint8Array, sender: Sender) {
    this.bytes = bytes;
    this.sender = sender;
  }
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
  /** The window when it was last looked at, until something leaves: others send, too. And how much was given to nghttp2 since. */
  #windowThen = 0;
  #given = 0;
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

  /** Lets the sender send the bytes in their turn, at once if it is. */
  take(bytes: Uint8Array, sender: Sender): Turn {
    const turn = new Turn(bytes, sender);
    if (this.#queue.size === 0 && this.#hasRoom()) this.#send(turn);
    else {
      this.#queue.add(turn);
      this.#look();
    }
    return turn;
  }

  /** The bytes of a turn have left. */
  left(turn: Turn): void {
    turn.stuck = false;
    this.#windowThen = 0;
    this.#left++;
    if (this.#sent.delete(turn)) this.#waiting -= turn.bytes.length;
    this.#goOn();
  }

  giveUp(turn: Turn): void {
    this.#queue.delete(turn);
  }

  /** Must be called from time to time: a batch of which nothing has left since the last call is passed over, whatever holds it up. */
  forgive(): void {
    if (this.#left === this.#leftThen && this.#queue.size > 0) this.#passOver();
    this.#leftThen = this.#left;
  }

  get #window(): number {
    return this.#session.destroyed ? 0 : (this.#session.state.remoteWindowSize ?? 0);
  }

  /** Whether what waits is less than the window. Node makes an object of a session's state: it is looked at only when it may matter. */
  #fits(): boolean {
    if (this.#waiting < this.#windowThen - this.#given) return true;
    this.#windowThen = this.#window;
    this.#given = 0;
    return this.#waiting < this.#windowThen;
  }

  #hasRoom(): boolean {
    if (this.#waiting === 0) this.#open = true;
    else if (this.#waiting >= BATCH) this.#open = false;
    return this.#open || this.#fits();
  }

  #send(turn: Turn): void {
    this.#waiting += turn.bytes.length;
    this.#given += turn.bytes.length;
    this.#sent.add(turn);
    turn.sender.send(turn);
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
