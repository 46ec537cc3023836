/** JSON over HTTP/1.1 as Connect has it, uncompressed and with its length told. */
import { codeToHttpStatus, errorToJsonBytes } from "@connectrpc/connect/protocol-connect";
import { messageOf } from "../connect/json.ts";
import { jsonOf } from "../encoding/json.ts";
import type { Exchange } from "../http/exchange.ts";
import type { Wire } from "./wire.ts";

/** Header fields that make a request one for the long way. */
const UNUSUAL = ["content-encoding", "transfer-encoding", "expect"] as const;

export const JSON1: Wire<Exchange> = {
  isUsual: (exchange, size) => {
    const { headers, method, httpVersionMajor } = exchange.req;
    const timeout = headers["connect-timeout-ms"];
    return (
      method === "POST" &&
      httpVersionMajor === 1 &&
      exchange.query === "" &&
      headers["content-type"] === "application/json" &&
      UNUSUAL.every((name) => headers[name] === undefined) &&
      (timeout === undefined || /^\d{1,10}$/.test(String(timeout))) &&
      Number(headers["content-length"] ?? Number.NaN) <= size
    );
  },
  timeout: (exchange) => {
    const text = exchange.header("connect-timeout-ms");
    return text === undefined ? undefined : Number(text);
  },
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
