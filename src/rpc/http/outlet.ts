import { type Sender, type Turn, Turns } from "./door/turns.ts";
import type { Response } from "./exchange.ts";
import type { StreamExchange } from "./stream-exchange.ts";

/** What all kinds of answer can do; Node types their methods too differently to be called on the union. */
interface Answer {
  write(bytes: Uint8Array, left: () => void): boolean;
}

/** What carries an answer: the stream itself over HTTP/2. */
interface Sink {
  readonly closed?: boolean;
  readonly destroyed: boolean;
  readonly writableCorked: number;
  cork(): void;
  uncork(): void;
  once(event: "close", listener: () => void): void;
}

/**
 * Bytes of one stream that may wait before its source is asked for more. Little, because what waits cannot be merged into a newer state any
 * more.
 */
const ROOM = 4 * 1024;

/** Those that were written to in this turn of the event loop. */
let corked: Sink[] = [];

function uncork(): void {
  const sinks = corked;
  corked = [];
  for (const sink of sinks) sink.uncork();
}

function cork(sink: Sink): void {
  if (corked.length === 0) process.nextTick(uncork);
  corked.push(sink);
  sink.cork();
}

/** Writes a stream's pieces into a response that has begun. Those of one turn of the event loop go out together. */
export class Outlet implements Sender {
  readonly #answer: Answer;
  readonly #sink: Sink;
  readonly #turns: Turns | undefined;
  #waiting = 0;
  /** The turn of the latest piece, and whether the piece waits for it. */
  #turn: Turn | undefined;
  #queued = false;
  #resume: (() => void) | undefined;

  constructor(answer: Response | StreamExchange) {
    this.#answer = answer as Answer;
    this.#sink = "stream" in answer ? answer.stream : answer;
    this.#turns = "stream" in answer ? Turns.of(answer.stream.session) : undefined;
    this.#sink.once("close", () => {
      if (this.#turn !== undefined) this.#turns?.giveUp(this.#turn);
      this.#goOn();
    });
  }

  /**
   * Resolves when there is room again; undefined if there is room now. After the connection has closed, writes are dropped. One call at a
   * time.
   */
  write(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#sink.closed === true || this.#sink.destroyed) return undefined;
    this.#waiting += bytes.length;
    if (this.#turns === undefined) this.#send(bytes);
    else {
      this.#queued = true;
      this.#turn = this.#turns.take(bytes, this);
    }
    if (this.#hasRoom) return undefined;
    return new Promise((resolve) => {
      this.#resume = resolve;
    });
  }

  send(turn: Turn): void {
    this.#queued = false;
    this.#send(turn.bytes, turn);
    if (this.#hasRoom) this.#goOn();
  }

  /** A piece that has not been sent yet, or cannot leave, must not be followed by another, however few bytes wait. */
  get #hasRoom(): boolean {
    return !this.#queued && this.#turn?.stuck !== true && this.#waiting < ROOM;
  }

  #goOn(): void {
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }

  #send(bytes: Uint8Array, turn?: Turn): void {
    if (this.#sink.writableCorked === 0) cork(this.#sink);
    this.#answer.write(bytes, () => {
      this.#waiting -= bytes.length;
      if (turn !== undefined) this.#turns?.left(turn);
      if (this.#hasRoom) this.#goOn();
    });
  }
}
