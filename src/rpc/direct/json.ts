/** JSON over HTTP/1.1 as Connect has it, uncompressed and with its length told. */
import { codeToHttpStatus, errorToJsonBytes } from "@connectrpc/connect/protocol-connect";
import { messageOf } from "../connect/json.ts";
import { jsonOf } from "../encoding/json.ts";
import type { Exchange } from "../http/exchange.ts";
import { isConnect, timeout } from "./connect.ts";
import type { UnaryWire } from "./wire.ts";

export const JSON1: UnaryWire<Exchange> = {
  isUsual: (exchange, size) => {
    const { headers } = exchange.req;
    return (
      isConnect(exchange, "application/json") &&
      headers["transfer-encoding"] === undefined &&
      Number(headers["content-length"] ?? Number.NaN) <= size
    );
  },
  timeout,
  read: ({ req }, _method, done) => {
    let body: Buffer | undefined;
    req.on("data", (chunk: Buffer) => {
      body = body === undefined ? chunk : Buffer.concat([body, chunk]);
    });
    req.once("end", () => done(body ?? Buffer.alloc(0)));
  },
  parse: ({ desc, registry }, bytes) => messageOf(desc.input, bytes, registry),
  encode: ({ desc, registry }, message) => Buffer.from(jsonOf(desc.output, message, registry)),
  answer: (exchange, message) => send(exchange, 200, message),
  refuse: (exchange, error) => {
    exchange.discard();
    send(exchange, codeToHttpStatus(error.code), errorToJsonBytes(error, undefined));
  },
};

function send({ res }: Exchange, status: number, body: Uint8Array): void {
  res.writeHead(status, { "content-type": "application/json", "content-length": body.byteLength });
  res.end(body);
}
