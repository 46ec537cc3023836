import http2 from "node:http2";
import { create, type DescMethod, fromBinary, type MessageInitShape, type MessageShape, toBinary } from "@bufbuild/protobuf";
import type { Server } from "../test/outside/server.ts";

/** Calls under way at once. */
export const AT_ONCE = 200;

/** How gRPC frames a message: a flag, and its length. */
const HEAD = 5;

/** Unary gRPC calls over one HTTP/2 connection: as little work for us as can be. */
export class Caller implements Disposable {
  readonly #session: http2.ClientHttp2Session;
  readonly #key: string;

  constructor(server: Pick<Server, "url" | "key">) {
    this.#session = http2.connect(server.url);
    // A server that is killed on purpose takes its connections along.
    this.#session.on("error", () => {});
    this.#key = server.key;
  }

  call<M extends DescMethod>(method: M, message: MessageInitShape<M["input"]>): Promise<MessageShape<M["output"]>> {
    return new Promise((resolve, reject) => {
      const path = `/${method.parent.typeName}/${method.name}`;
      const stream = this.#session.request({
        ":method": "POST",
        ":path": path,
        "content-type": "application/grpc",
        te: "trailers",
        "x-api-key": this.#key,
      });
      const chunks: Buffer[] = [];
      let end: http2.IncomingHttpHeaders = {};
      const note = (headers: http2.IncomingHttpHeaders) => {
        end = headers;
      };
      stream.on("response", note).on("trailers", note);
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("error", reject);
      stream.on("close", () => {
        if (end["grpc-status"] === "0")
          resolve(fromBinary(method.output, Buffer.concat(chunks).subarray(HEAD)) as MessageShape<M["output"]>);
        else reject(new Error(`${path}: ${end["grpc-status"]} ${end["grpc-message"]}`));
      });
      stream.end(framed(toBinary(method.input, create(method.input, message))));
    });
  }

  /** `count` calls, AT_ONCE of them at a time. */
  async many(count: number, one: (index: number) => Promise<unknown>): Promise<void> {
    let next = 0;
    const worker = async () => {
      while (next < count) await one(next++);
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, worker));
  }

  [Symbol.dispose](): void {
    this.#session.destroy();
  }
}

function framed(message: Uint8Array): Buffer {
  const head = Buffer.alloc(HEAD);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}
