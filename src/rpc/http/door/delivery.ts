import type { ServerResponse } from "node:http";
import { constants, type Http2ServerResponse, type ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import { Stopwatch } from "./stopwatch.ts";

/** Told once of an answer that did not arrive; `written`: it had been handed to the system by then. */
export type Lost = (written: boolean) => void;

type Answer = ServerResponse | Http2ServerResponse | ServerHttp2Stream;

interface Handed {
  readonly lost: Lost;
  /** The answer's content is known to have arrived by another way: it need not be watched. */
  known: boolean;
}

/** No closure of handOver: what that returns lives until the answer has arrived, and would keep the answer itself with it. */
function look(delivery: Delivery): void {
  delivery.look();
}

/** Follows the answer to one request until it was handed to the system, if it gives a lease; from there on its connection does. */
export class Delivery {
  readonly #res: Answer;
  /** Set if it is one of HTTP/2. */
  readonly #stream: ServerHttp2Stream | undefined;
  readonly #underWay: UnderWay;
  readonly #expect: (delivery: Delivery) => void;
  #handed: Handed[] = [];
  #following = false;
  #lost = false;
  /** Whether the connection will tell of the arrival of what is handed to the system. */
  watched = false;

  /** `expect` is called at each hand-over. */
  constructor(res: Answer, underWay: UnderWay, expect: (delivery: Delivery) => void) {
    this.#res = res;
    this.#stream = "rstCode" in res ? res : "stream" in res ? res.stream : undefined;
    this.#underWay = underWay;
    this.#expect = expect;
  }

  /** Whether the connection, or the stream, is gone. */
  get closed(): boolean {
    return this.#lost || (this.#stream === undefined ? this.#res.destroyed : this.#stream.closed || this.#stream.destroyed);
  }

  /** Whether the answer gives a lease and was not handed to the system yet. */
  get gives(): boolean {
    return this.#handed.some(({ known }) => !known);
  }

  /** Implements Call.handOver. */
  handOver(lost: Lost): () => void {
    const handed: Handed = { lost, known: false };
    this.#follow();
    if (this.#lost) lost(false);
    else {
      this.#handed.push(handed);
      this.#expect(this);
      // In an answer of several messages the one that was about to be sent has left by then, unless its reader is slow.
      if (!this.#res.writableEnded) setImmediate(look, this);
    }
    return () => {
      handed.known = true;
    };
  }

  /** Looks whether a message of several has left. One answer alone has left when its stream closes. */
  look(): void {
    if (this.#handed.length === 0 || !this.#res.headersSent || this.#res.writableEnded) return;
    if (this.#res.writableLength === 0) this.#written();
    else this.#underWay.late(this);
  }

  #follow(): void {
    if (this.#following) return;
    this.#following = true;
    this.#lost = this.closed;
    const res = this.#res as ServerResponse;
    let finished = false;
    // These events come once; `once` would keep two objects more for each as long as the call waits.
    res.on("finish", () => {
      finished = true;
    });
    // Of an HTTP/2 stream that its caller has reset, Node says "finish" as well, whether or not we had come to the end of our answer.
    res.on("close", () => {
      const reset = this.#stream !== undefined && this.#stream.rstCode !== constants.NGHTTP2_NO_ERROR;
      if (finished && res.writableEnded && !reset) return this.#written();
      this.#lost = true;
      for (const { lost } of this.#handed.splice(0)) lost(false);
    });
  }

  #written(): void {
    for (const handed of this.#handed.splice(0)) if (this.watched && !handed.known) this.#underWay.add(handed);
  }
}

/** The answers on one connection that were handed to the system, and are not known to have arrived or to be lost. */
export class UnderWay {
  readonly #socket: Socket;
  readonly #added: () => void;
  /** Each with the number of bytes that had been received when it was handed over. */
  readonly #handed = new Map<Handed, number>();
  readonly #late = new Set<Delivery>();
  readonly #silence = new Stopwatch();
  #heard = 0;

  /** `added` is called when there is something to ask the peer about. */
  constructor(socket: Socket, added: () => void) {
    this.#socket = socket;
    this.#added = added;
    socket.once("close", (failed: boolean) => {
      this.sift();
      const closed = !failed && socket.readableEnded;
      for (const { lost, known } of this.#handed.keys()) if (!closed && !known) lost(true);
      this.#handed.clear();
    });
  }

  add(handed: Handed): void {
    if (this.#socket.destroyed) {
      handed.lost(true);
      return;
    }
    if (this.#handed.size === 0) this.#silence.restart();
    this.#handed.set(handed, this.#socket.bytesRead);
    this.#added();
  }

  /** Adds an answer whose reader has not taken all of it yet. */
  late(answer: Delivery): void {
    this.#late.add(answer);
  }

  /** Removes what has arrived, as any byte received since then shows. Tells whether nothing is left. */
  sift(): boolean {
    const { bytesRead } = this.#socket;
    if (bytesRead !== this.#heard) this.#silence.restart();
    this.#heard = bytesRead;
    for (const [handed, heard] of this.#handed) if (handed.known || bytesRead > heard) this.#handed.delete(handed);
    return this.#handed.size === 0;
  }

  /** Whether nothing was heard for so many ms of the sweep's clock, since something was handed to the system. */
  overdue(now: number, timeout: number): boolean {
    for (const answer of [...this.#late]) {
      this.#late.delete(answer);
      answer.look();
    }
    return this.#handed.size > 0 && !this.sift() && this.#silence.elapsed(now) >= timeout;
  }
}
