import { Http2ServerResponse, type ServerHttp2Stream } from "node:http2";
import type { DoorLimits } from "./limits.ts";
import { Backlog, Stopwatch } from "./stopwatch.ts";

/** A response that knows how many bytes it was given: Node tells only how many of them have not gone out. */
export class CountedResponse extends Http2ServerResponse {
  taken = 0;

  override write(
    chunk: string | Uint8Array,
    encoding?: BufferEncoding | ((error: Error) => void),
    callback?: (error: Error) => void,
  ): boolean {
    this.taken += chunk.length;
    return typeof encoding === "string" ? super.write(chunk, encoding, callback) : super.write(chunk, encoding);
  }
}

/** What the sweep has seen of an open stream. */
export class OpenStream {
  /** What knows how many bytes its answer was given. */
  answer: { readonly taken: number } | undefined;
  /** The time that its request's body takes. */
  readonly body = new Stopwatch();
  readonly closing = new Stopwatch();
  readonly #backlog = new Backlog();
  #gone = 0;
  #sentThen: number | undefined;

  /** Looks how far the answer has come. Whether it seems to have stopped; only its connection tells whether it has. */
  look(stream: ServerHttp2Stream, sending: Sending, now: number, limits: DoorLimits): boolean {
    const waiting = stream.writableLength;
    const gone = (this.answer?.taken ?? 0) - waiting;
    sending.add(waiting, gone - this.#gone);
    if (waiting === 0 || gone !== this.#gone || this.#sentThen === undefined) this.#sentThen = sending.sent;
    this.#gone = gone;
    return this.#backlog.stuck(waiting, gone, now, limits);
  }

  /** Whether, of an answer that seems to have stopped, it is the reader that has. */
  hasStopped(stream: ServerHttp2Stream, sending: Sending, now: number, limits: DoorLimits): boolean {
    return (
      stream.writableLength > limits.maxBacklog ||
      sending.still(now) >= limits.stallTimeout ||
      sending.hasPassedOver(this.#sentThen ?? sending.sent)
    );
  }
}

/** What a connection has sent for all of its streams, as the sweeps have seen it. */
export class Sending {
  readonly #still = new Stopwatch();
  #waiting = 0;
  sent = 0;

  /** A sweep begins. */
  restart(): void {
    this.#waiting = 0;
  }

  add(waiting: number, gone: number): void {
    this.#waiting += waiting;
    if (gone === 0) return;
    this.sent += Math.max(gone, 0);
    this.#still.restart();
  }

  /** Milliseconds since something went out. */
  still(now: number): number {
    return this.#still.elapsed(now);
  }

  /**
   * Whether more has gone out since so much was sent than can have been ahead in the line: then only its own window, which its reader does
   * not enlarge, holds an answer up.
   */
  hasPassedOver(sentThen: number): boolean {
    return this.sent - sentThen > this.#waiting;
  }
}
