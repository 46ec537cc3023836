// A process full of watches, for watchers.ts: gRPC on raw HTTP/2, so that it costs the machine little beside the server.
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import { create, toBinary } from "@bufbuild/protobuf";
import { WatchEnvironmentRequestSchema } from "../gen/ts/callme/v1/lock_service_pb.ts";

/** What the parent asks for, message by message. */
export type Order =
  | { readonly do: "open"; readonly port: number; readonly key: string; readonly watch: WatchOrder }
  /** Reports when every reader has come to this revision. */
  | { readonly do: "reach"; readonly revision: number }
  | { readonly do: "close" };

export interface WatchOrder {
  readonly environment?: string;
  readonly pool?: string;
  readonly since?: number;
  readonly streams: number;
  readonly connections: number;
  /** Opens them and never reads. */
  readonly deaf: boolean;
}

/** `messages`: told since the order before this one. `ended`: streams that are over. */
export type Report = { readonly done: Order["do"]; readonly messages: number; readonly ended: number };

let sessions: ClientHttp2Session[] = [];
let readers: Reader[] = [];
let messages = 0;
let ended = 0;
let check = () => {};

/** Counts messages and knows the revision of the last one; keeps nothing else. */
class Reader {
  revision = 0;
  #rest: Buffer = Buffer.alloc(0);

  constructor(stream: ClientHttp2Stream) {
    stream.on("data", (chunk: Buffer) => this.#take(chunk));
    stream.on("error", () => {});
    stream.on("close", () => {
      ended++;
    });
  }

  #take(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (; bytes.length >= 5; messages++) {
      const length = bytes.readUInt32BE(1);
      if (bytes.length < 5 + length) break;
      this.revision = revisionOf(bytes.subarray(5, 5 + length));
      bytes = bytes.subarray(5 + length);
    }
    this.#rest = bytes;
    check();
  }
}

/** WatchEnvironmentResponse.revision, its first field. */
function revisionOf(message: Buffer): number {
  let value = 0;
  let scale = 1;
  for (let at = 1; at < message.length; at++, scale *= 128) {
    const byte = message[at] ?? 0;
    value += (byte & 127) * scale;
    if (byte < 128) break;
  }
  return value;
}

async function open({ port, key, watch }: Extract<Order, { do: "open" }>): Promise<void> {
  const request = create(WatchEnvironmentRequestSchema, {
    environment: watch.environment ?? "",
    pool: watch.pool ?? "",
    sinceRevision: BigInt(watch.since ?? 0),
  });
  const bytes = toBinary(WatchEnvironmentRequestSchema, request);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  const body = Buffer.concat([head, bytes]);
  const each = Math.ceil(watch.streams / watch.connections);
  for (let number = 0; number < watch.connections; number++) {
    const session = connect(`http://127.0.0.1:${port}`);
    session.on("error", () => {});
    sessions.push(session);
    const answered = Array.from({ length: each }, () => {
      const stream = session.request({
        ":method": "POST",
        ":path": "/callme.v1.LockService/WatchEnvironment",
        "content-type": "application/grpc",
        te: "trailers",
        "x-api-key": key,
      });
      stream.end(body);
      if (watch.deaf) stream.on("error", () => {});
      else readers.push(new Reader(stream));
      return new Promise((resolve) => stream.once("response", resolve).once("close", resolve));
    });
    await Promise.all(answered);
  }
}

function reach(revision: number): Promise<void> {
  return new Promise((resolve) => {
    let next = 0;
    check = () => {
      while (next < readers.length && (readers[next]?.revision ?? 0) >= revision) next++;
      if (next < readers.length && ended < readers.length) return;
      check = () => {};
      resolve();
    };
    check();
  });
}

async function obey(order: Order): Promise<void> {
  if (order.do === "open") await open(order);
  else if (order.do === "reach") await reach(order.revision);
  else {
    for (const session of sessions) session.destroy();
    sessions = [];
    readers = [];
  }
  process.send?.({ done: order.do, messages, ended } satisfies Report);
  messages = 0;
}

process.on("message", (order: Order) => void obey(order));
