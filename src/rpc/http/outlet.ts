import { Turns } from "./door/turns.ts";
import type { Response } from "./exchange.ts";

/** What both kinds of response can do; Node types their methods too differently to be called on the union. */
interface Sink {
  write(bytes: Uint8Array | string, left: () => void): boolean;
  readonly writableCorked: number;
  cork(): void;
  uncork(): void;
  once(event: "close", listener: () => void): void;
}

/** Bytes of one stream that may wait before it is asked for more: what waits can no more be merged. */
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
export class Outlet {
  readonly #sink: Sink;
  readonly #gone: () => boolean;
  readonly #turns: Turns | undefined;
  #waiting = 0;
  /** Ends the wait for room. */
  #goOn = () => {};

  constructor(response: Response) {
    this.#sink = response as Sink;
    this.#gone = () => ("stream" in response ? response.stream.destroyed : response.destroyed);
    this.#turns = "stream" in response ? Turns.of(response.stream.session) : undefined;
    this.#sink.once("close", () => this.#goOn());
  }

  /**
   * Resolves when there is room again; undefined if there is room now. After the connection has closed, writes are dropped. One call at a
   * time.
   */
  write(bytes: Uint8Array | string): Promise<void> | undefined {
    if (this.#gone()) return undefined;
    let sent = false;
    let giveUp = () => {};
    const send = (left: () => void) => {
      sent = true;
      this.#send(bytes, left);
      if (this.#waiting < ROOM) this.#goOn();
    };
    this.#waiting += bytes.length;
    if (this.#turns === undefined) send(() => {});
    else giveUp = this.#turns.take(bytes.length, send);
    if (sent && this.#waiting < ROOM) return undefined;
    return new Promise((resolve) => {
      this.#goOn = () => {
        this.#goOn = () => {};
        giveUp();
        resolve();
      };
    });
  }

  #send(bytes: Uint8Array | string, left: () => void): void {
    if (this.#sink.writableCorked === 0) cork(this.#sink);
    this.#sink.write(bytes, () => {
      this.#waiting -= bytes.length;
      left();
      if (this.#waiting < ROOM) this.#goOn();
    });
  }
}
