import http2 from "node:http2";
import { create, type DescMethod, fromBinary, type MessageInitShape, type MessageShape, toBinary } from "@bufbuild/protobuf";
import type { Server } from "../test/outside/server.ts";

/** Calls under way at once. */
export const AT_ONCE = 200;

/** Unary Connect calls with binary messages over one HTTP/2 connection: as little work for us as can be. */
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
        "content-type": "application/proto",
        "x-api-key": this.#key,
      });
      const chunks: Buffer[] = [];
      let status = 0;
      stream.on("response", (headers) => {
        status = Number(headers[":status"]);
      });
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("error", reject);
      stream.on("end", () => {
        const body = Buffer.concat(chunks);
        if (status === 200) resolve(fromBinary(method.output, body) as MessageShape<M["output"]>);
        else reject(new Error(`${path}: ${status} ${body.toString()}`));
      });
      stream.end(toBinary(method.input, create(method.input, message)));
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
