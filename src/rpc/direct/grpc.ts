/** gRPC over HTTP/2, uncompressed. */
import type { OutgoingHttpHeaders } from "node:http2";
import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { createAsyncIterable, pipe, transformDecompressEnvelope, transformSplitEnvelope } from "@connectrpc/connect/protocol";
import { HEAD, statusTrailer } from "../connect/foreign.ts";
import { enveloped } from "../encoding/binary.ts";
import type { StreamExchange } from "../http/stream-exchange.ts";
import type { DirectMethod, Wire } from "./wire.ts";

const TYPES: ReadonlySet<string | undefined> = new Set(["application/grpc", "application/grpc+proto"]);
const MILLISECONDS: Readonly<Record<string, number>> = { S: 1_000, m: 1, u: 1e-3, n: 1e-6, M: 60_000, H: 3_600_000 };
const TIMEOUT = /^(\d{1,8})([HMSmun])$/;
const WITH_TRAILER = { waitForTrailers: true };
const OK = { "grpc-status": "0" };

/** gRPC's answers, also those of several messages. */
export interface Grpc extends Wire<StreamExchange> {
  /** Sends the head of an answer of several messages. */
  begin(exchange: StreamExchange): void;
  /** Ends such an answer well, whether or not it has begun. */
  end(exchange: StreamExchange): void;
}

/** `fixed`: header fields of every answer. */
export function grpc(fixed: OutgoingHttpHeaders): Grpc {
  const head = { ":status": 200, ...fixed, "content-type": "application/grpc+proto" };
  const begin = ({ stream }: StreamExchange) => stream.respond(head, WITH_TRAILER);
  const end = (exchange: StreamExchange, trailer: OutgoingHttpHeaders, body?: Uint8Array) => {
    const { stream } = exchange;
    if (!stream.headersSent) begin(exchange);
    stream.once("wantTrailers", () => stream.sendTrailers(trailer));
    exchange.end(body);
  };
  return {
    begin,
    end: (exchange) => end(exchange, OK),
    isUsual: (exchange) => {
      const timeout = exchange.header("grpc-timeout");
      const encoding = exchange.header("grpc-encoding") ?? exchange.header("content-encoding");
      return (
        exchange.header(":method") === "POST" &&
        TYPES.has(exchange.header("content-type")) &&
        encoding === undefined &&
        (timeout === undefined || TIMEOUT.test(timeout))
      );
    },
    timeout: (exchange) => {
      const text = exchange.header("grpc-timeout");
      const [, amount, unit = ""] = (text === undefined ? undefined : TIMEOUT.exec(text)) ?? [];
      return amount === undefined ? undefined : Number(amount) * (MILLISECONDS[unit] ?? 1);
    },
    read: ({ stream }, method, done) => {
      const { size } = method;
      let body: Buffer | undefined;
      const take = (chunk: Buffer) => {
        body = body === undefined ? chunk : Buffer.concat([body, chunk]);
        if (body.byteLength > size + HEAD) finish();
      };
      const finish = () => {
        stream.off("data", take).off("end", finish);
        done(isWhole(body, size) ? body.subarray(HEAD) : messageIn(body, method));
      };
      stream.on("data", take).once("end", finish);
    },
    parse: ({ desc }, bytes) => parse(desc, bytes),
    encode: ({ desc }, message) => enveloped(desc.output, message),
    answer: (exchange, message) => end(exchange, OK, message),
    refuse: (exchange, error) => {
      exchange.discard();
      end(exchange, Object.fromEntries(statusTrailer(error)));
    },
  };
}

function isWhole(body: Buffer | undefined, size: number): body is Buffer {
  if (body === undefined || body.byteLength < HEAD || body[0] !== 0) return false;
  const length = body.byteLength - HEAD;
  return length <= size && body.readUInt32BE(1) === length;
}

/**
 * What is not one whole message is judged by connect-es, so that it is refused alike on both ways; of several faults, for the first one.
 */
async function messageIn(body: Buffer | undefined, { desc, size }: DirectMethod): Promise<Uint8Array> {
  const envelopes = pipe(
    createAsyncIterable(body === undefined ? [] : [body]),
    transformSplitEnvelope(size),
    transformDecompressEnvelope(null, size),
  );
  const fault = (words: string) =>
    new ConnectError(`protocol error: ${words} for ${desc.methodKind.replace("_", "-")} method`, Code.Unimplemented);
  let message: Uint8Array | undefined;
  for await (const { data } of envelopes) {
    parse(desc, data);
    if (message !== undefined) throw fault("received extra input message");
    message = data;
  }
  if (message === undefined) throw fault("missing input message");
  return message;
}

function parse({ input }: DirectMethod["desc"], bytes: Uint8Array): MessageShape<DescMessage> {
  try {
    return fromBinary(input, bytes);
  } catch (error) {
    throw new ConnectError(`parse binary: ${error instanceof Error ? error.message : String(error)}`, Code.Internal);
  }
}
