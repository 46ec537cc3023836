/** gRPC over HTTP/2, uncompressed. */
import type { OutgoingHttpHeaders } from "node:http2";
import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { envelopeOf } from "../encoding/binary.ts";
import { Outlet } from "../http/outlet.ts";
import type { StreamExchange } from "../http/stream-exchange.ts";
import { statusTrailer } from "../thrown.ts";
import { readEnvelope } from "./envelope.ts";
import type { DirectMethod, StreamProtocol, UnaryProtocol } from "./protocol.ts";

const TYPES: ReadonlySet<string | undefined> = new Set(["application/grpc", "application/grpc+proto"]);
const MILLISECONDS: Readonly<Record<string, number>> = { S: 1_000, m: 1, u: 1e-3, n: 1e-6, M: 60_000, H: 3_600_000 };
const TIMEOUT = /^(\d{1,8})([HMSmun])$/;
const WITH_TRAILER = { waitForTrailers: true };
const OK = { "grpc-status": "0" };

/** `fixed`: header fields of every answer. */
export function grpc(fixed: OutgoingHttpHeaders): UnaryProtocol<StreamExchange> & StreamProtocol<StreamExchange> {
  const head = { ":status": 200, ...fixed, "content-type": "application/grpc+proto" };
  const begin = ({ stream }: StreamExchange) => stream.respond(head, WITH_TRAILER);
  const end = (exchange: StreamExchange, trailer: OutgoingHttpHeaders, body?: Uint8Array) => {
    const { stream } = exchange;
    if (!stream.headersSent) begin(exchange);
    stream.once("wantTrailers", () => stream.sendTrailers(trailer));
    exchange.end(body);
  };
  return {
    system: "grpc",
    form: "binary",
    begin: (exchange) => {
      begin(exchange);
      return new Outlet(exchange);
    },
    end: (exchange) => end(exchange, OK),
    isUsual: (exchange) => {
      const timeout = exchange.header("grpc-timeout");
      const encoding = exchange.header("grpc-encoding") ?? exchange.header("content-encoding");
      return (
        exchange.header(":method") === "POST" &&
        TYPES.has(exchange.header("content-type")) &&
        encoding === undefined &&
        exchange.header("expect") === undefined &&
        (timeout === undefined || TIMEOUT.test(timeout))
      );
    },
    timeout: (exchange) => {
      const text = exchange.header("grpc-timeout");
      const [, amount, unit = ""] = (text === undefined ? undefined : TIMEOUT.exec(text)) ?? [];
      return amount === undefined ? undefined : Number(amount) * (MILLISECONDS[unit] ?? 1);
    },
    read: ({ stream }, method, done) => {
      const judge = (_flags: number, data: Uint8Array) => parse(method.desc, data) !== undefined;
      readEnvelope(stream, method, judge, done);
    },
    parse: ({ desc }, bytes) => parse(desc, bytes),
    encode: ({ desc }, message) => envelopeOf(desc.output, message),
    answer: (exchange, message) => end(exchange, OK, message),
    refuse: (exchange, error) => {
      exchange.discard();
      end(exchange, Object.fromEntries(statusTrailer(error)));
    },
  };
}

function parse({ input }: DirectMethod["desc"], bytes: Uint8Array): MessageShape<DescMessage> {
  try {
    return fromBinary(input, bytes);
  } catch (error) {
    throw new ConnectError(`parse binary: ${error instanceof Error ? error.message : String(error)}`, Code.Internal);
  }
}
