import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import { withoutSecrets } from "../../access/secrets.ts";
import type { Delivery } from "./door/delivery.ts";
import type { Neighbour, Peer } from "./door/peer.ts";

export type Request = IncomingMessage | Http2ServerRequest;
export type Response = ServerResponse | Http2ServerResponse;

/** What both kinds of response can do; Node types their methods too differently to be called on the union. */
type Writable = Pick<ServerResponse, "writeHead" | "write" | "end" | "addTrailers" | "once" | "destroy" | "headersSent" | "statusCode">;

/** One request and its response, over either version of HTTP. */
export class Exchange {
  readonly req: Request;
  /** The response itself, for libraries that take either kind. */
  readonly raw: Response;
  readonly res: Writable;
  readonly path: string;
  /** As it was sent; see query.ts. */
  readonly query: string;
  readonly #delivery: Delivery;
  readonly #neighbour: Neighbour;

  constructor(req: Request, res: Response, delivery: Delivery, neighbour: Neighbour) {
    this.req = req;
    this.raw = res;
    this.res = res as Writable;
    this.#delivery = delivery;
    this.#neighbour = neighbour;
    // A proxy may send the whole address (RFC 9112, 3.2.2).
    const [, path = "/", query = ""] = /^(?:https?:\/\/[^/?]*)?([^?]*)\??(.*)$/is.exec(req.url ?? "/") ?? [];
    this.path = path;
    this.query = query;
  }

  /** Who it comes from. */
  get peer(): Peer {
    return this.#neighbour.caller(this);
  }

  /** Whether the connection, or the stream, is gone. */
  get closed(): boolean {
    return this.#delivery.closed;
  }

  onClose(listener: () => void): void {
    this.raw.once("close", listener);
  }

  /** See Call.handOver. */
  handOver(lost: (written: boolean) => void): () => void {
    return this.#delivery.handOver(lost);
  }

  header(name: string): string | undefined {
    const value = this.req.headers[name];
    return Array.isArray(value) ? value[0] : value;
  }

  /** Whether it uses one of these methods; if not, it has been answered with 405. */
  admits(...methods: readonly string[]): boolean {
    const method = this.req.method ?? "";
    if (methods.includes(method)) return true;
    const message = `method ${method} is not allowed, but [${methods.join(",")}] are`;
    this.answer(405, { code: 405, message }, { allow: methods.join(",") });
    return false;
  }

  /**
   * Reads a body to its end without using it. Otherwise Node resets an HTTP/2 stream right after the answer, and curl takes that for an
   * error and shows no answer.
   */
  discard(): void {
    this.req.resume();
  }

  /** Answers with a JSON body, or none. An error may quote the request, and with it a key in the wrong place. */
  answer(status: number, body?: object, headers: Readonly<Record<string, string>> = {}): void {
    const json = body === undefined ? "" : JSON.stringify(body);
    const text = status < 400 ? json : withoutSecrets(json);
    const type = body === undefined ? {} : { "content-type": "application/json" };
    this.send(status, { ...type, ...headers }, Buffer.from(text));
  }

  /** Answers with these bytes. */
  send(status: number, headers: Readonly<Record<string, string>>, bytes: Buffer = Buffer.alloc(0)): void {
    this.discard();
    const length = status === 204 || status === 304 ? {} : { "content-length": String(bytes.length) };
    this.res.writeHead(status, { ...length, ...headers });
    this.res.end(bytes.length === 0 ? undefined : bytes);
  }
}
