import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { Delivery } from "./door/delivery.ts";
import type { Neighbour, Peer } from "./door/peer.ts";

const FORGOTTEN: IncomingHttpHeaders = {};

/** One request over HTTP/2 on its stream itself, without the objects of Node's compatibility layer. */
export class StreamExchange {
  readonly stream: ServerHttp2Stream;
  headers: IncomingHttpHeaders;
  readonly path: string;
  /** Bytes that the answer was given: Node tells only how many of them have not gone out. */
  taken = 0;
  readonly #delivery: Delivery;
  readonly #neighbour: Neighbour;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, delivery: Delivery, neighbour: Neighbour) {
    this.stream = stream;
    this.headers = headers;
    this.path = headers[":path"] ?? "";
    this.#delivery = delivery;
    this.#neighbour = neighbour;
  }

  /** Who it comes from; not after `forgetHeaders`. */
  get peer(): Peer {
    return this.#neighbour.caller(this);
  }

  /** Whether the stream, or its connection, is gone. */
  get closed(): boolean {
    return this.#delivery.closed;
  }

  header(name: string): string | undefined {
    const value = this.headers[name];
    return Array.isArray(value) ? value[0] : value;
  }

  /** Nobody asks for a header any more: it has been let in, and may wait for long. */
  forgetHeaders(): void {
    this.headers = FORGOTTEN;
  }

  /** See Call.handOver. */
  handOver(lost: (written: boolean) => void): () => void {
    return this.#delivery.handOver(lost);
  }

  onClose(listener: () => void): void {
    // It comes once; `once` would keep two objects more.
    this.stream.on("close", listener);
  }

  /** Reads a body to its end without using it; see Exchange.discard. */
  discard(): void {
    this.stream.resume();
  }

  /** Sends bytes of the body; `left` is called when they have left. */
  write(bytes: Uint8Array, left: () => void): boolean {
    this.taken += bytes.byteLength;
    return this.stream.write(bytes, left);
  }

  /** Sends bytes of the body, all that are left of it. */
  end(bytes?: Uint8Array): void {
    this.taken += bytes?.byteLength ?? 0;
    this.stream.end(bytes);
  }
}
