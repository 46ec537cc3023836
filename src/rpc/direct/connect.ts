/** Connect over HTTP/1.1, uncompressed: unary calls in JSON, with their length told, and streams in both codecs. */
import type { ConnectError } from "@connectrpc/connect";
import { createMethodSerializationLookup, encodeEnvelope } from "@connectrpc/connect/protocol";
import { codeToHttpStatus, endStreamFlag, endStreamToJson, errorToJsonBytes } from "@connectrpc/connect/protocol-connect";
import { jsonOf } from "../encoding/json.ts";
import type { Exchange } from "../http/exchange.ts";
import { Outlet } from "../http/outlet.ts";
import { jsonOptions, messageOf } from "../request-json.ts";
import { readEnvelope } from "./envelope.ts";
import type { DirectMethod, StreamProtocol, UnaryProtocol } from "./protocol.ts";

/** Header fields that make a request one for the long way. */
const UNUSUAL = ["content-encoding", "connect-content-encoding", "expect"] as const;

/** Whether the headers are those of a usual request of this type. */
function isConnect({ req, query }: Exchange, type: string): boolean {
  const { headers, method, httpVersionMajor } = req;
  const timeout = headers["connect-timeout-ms"];
  return (
    method === "POST" &&
    httpVersionMajor === 1 &&
    query === "" &&
    headers["content-type"] === type &&
    UNUSUAL.every((name) => headers[name] === undefined) &&
    (timeout === undefined || /^\d{1,10}$/.test(String(timeout)))
  );
}

function timeout(exchange: Exchange): number | undefined {
  const text = exchange.header("connect-timeout-ms");
  return text === undefined ? undefined : Number(text);
}

/** Unary calls. */
export const connectUnary: UnaryProtocol<Exchange> = {
  system: "connectrpc",
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
    send(exchange, codeToHttpStatus(error.code), errorToJsonBytes(error, undefined), Object.fromEntries(error.metadata));
  },
};

function send({ res }: Exchange, status: number, body: Uint8Array, head: Readonly<Record<string, string>> = {}): void {
  res.writeHead(status, { "content-type": "application/json", "content-length": body.byteLength, ...head });
  res.end(body);
}

/** Streams in one of the codecs. */
export function connectStream(form: "binary" | "json"): StreamProtocol<Exchange> {
  const type = form === "json" ? "application/connect+json" : "application/connect+proto";
  const parse = ({ desc, size, registry }: DirectMethod, bytes: Uint8Array) => {
    const limits = { readMaxBytes: size, writeMaxBytes: 0xffffffff };
    const codecs = createMethodSerializationLookup(desc, undefined, jsonOptions(desc.input, registry), limits);
    return codecs.getI(form === "binary").parse(bytes);
  };
  const begin = ({ res }: Exchange) => res.writeHead(200, { "content-type": type });
  const end = ({ res }: Exchange, error?: ConnectError) =>
    res.end(encodeEnvelope(endStreamFlag, Buffer.from(JSON.stringify(endStreamToJson(new Headers(), error, undefined)))));
  return {
    system: "connectrpc",
    form,
    isUsual: (exchange) => isConnect(exchange, type),
    timeout,
    read: ({ req }, method, done) => {
      const judge = (flags: number, data: Uint8Array) => (flags & endStreamFlag) === 0 && parse(method, data) !== undefined;
      readEnvelope(req, method, judge, done);
    },
    parse,
    begin: (exchange) => {
      begin(exchange);
      return new Outlet(exchange.raw);
    },
    end: (exchange) => {
      if (!exchange.res.headersSent) begin(exchange);
      end(exchange);
    },
    refuse: (exchange, error) => {
      exchange.discard();
      if (!exchange.res.headersSent) begin(exchange);
      end(exchange, error);
    },
  };
}
