// Requests down to the byte, over every protocol, and the error that they are answered with.
import { once } from "node:events";
import { connect, type IncomingHttpHeaders } from "node:http2";
import { buffer } from "node:stream/consumers";
import { Code, ConnectError } from "@connectrpc/connect";
import { encodeEnvelope } from "@connectrpc/connect/protocol";
import { codeToString, endStreamFromJson, errorFromJsonBytes } from "@connectrpc/connect/protocol-connect";
import { findTrailerError } from "@connectrpc/connect/protocol-grpc";
import { trailerParse } from "@connectrpc/connect/protocol-grpc-web";
import { BadRequestSchema, ErrorInfoSchema } from "../../gen/ts/google/rpc/error_details_pb.ts";
import type { Address } from "./clients.ts";

/** What is sent: `body` is all of it, envelopes too. */
export interface Wire {
  readonly method: string;
  readonly type: string;
  readonly body: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An error, in the contract's words. */
export interface Verdict {
  readonly status: number;
  /** Empty if it was no error. */
  readonly code: string;
  readonly reason: string;
  /** Of each field that is to blame. */
  readonly fields: readonly string[];
  readonly message: string;
}

/** A message in its envelope; `flags` 1: compressed. */
export function envelope(data: Uint8Array | string, flags = 0): Uint8Array {
  return encodeEnvelope(flags, Buffer.from(data));
}

/** Sends it over HTTP/2 and reads all of the answer, or its first envelope if it does not end. */
export async function send({ url, key }: Address, { method, type, body, headers = {} }: Wire): Promise<Verdict> {
  const session = connect(url);
  try {
    const stream = session.request({
      ":method": "POST",
      ":path": `/callme.v1.${method}`,
      "x-api-key": key,
      ...(type === "" ? {} : { "content-type": type }),
      ...headers,
    });
    let trailer: IncomingHttpHeaders = {};
    stream.on("trailers", (fields: IncomingHttpHeaders) => {
      trailer = fields;
    });
    stream.end(body);
    const [head] = (await once(stream, "response")) as [IncomingHttpHeaders & { ":status": number }];
    const streams = /connect\+|grpc/.test(type) && /Watch/.test(method);
    const bytes = streams ? await first(stream) : await buffer(stream);
    return verdict(head[":status"], errorIn(type, head, trailer, bytes));
  } finally {
    session.destroy();
  }
}

/** A Connect GET with this query. */
export async function get({ url, key }: Address, method: string, query: string): Promise<Verdict> {
  const answer = await fetch(`${url}/callme.v1.${method}?${query}`, { headers: { "x-api-key": key } });
  return verdict(answer.status, answer.ok ? undefined : unary(new Uint8Array(await answer.arrayBuffer())));
}

async function first(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  for await (const chunk of stream) return chunk;
  return Buffer.alloc(0);
}

function errorIn(type: string, head: IncomingHttpHeaders, trailer: IncomingHttpHeaders, bytes: Uint8Array): ConnectError | undefined {
  if (head[":status"] !== (200 as unknown)) return unary(bytes);
  if (/grpc-web/i.test(type)) return bytes[0] === 0x80 ? findTrailerError(trailerParse(bytes.subarray(5))) : undefined;
  if (/application\/grpc/i.test(type)) return findTrailerError(fields({ ...head, ...trailer }));
  if (/connect\+/i.test(type) && bytes[0] === 2) return endStreamFromJson(bytes.subarray(5)).error;
  return undefined;
}

function unary(bytes: Uint8Array): ConnectError {
  return errorFromJsonBytes(bytes, undefined, new ConnectError("the answer is no error in JSON", Code.Unknown));
}

function fields(headers: IncomingHttpHeaders): Headers {
  return new Headers(Object.entries(headers).flatMap(([name, value]) => (name.startsWith("grpc-") ? [[name, String(value)]] : [])));
}

function verdict(status: number, error: ConnectError | undefined): Verdict {
  return {
    status,
    code: error === undefined ? "" : codeToString(error.code),
    reason: error?.findDetails(ErrorInfoSchema)[0]?.reason ?? "",
    fields: error?.findDetails(BadRequestSchema).flatMap(({ fieldViolations }) => fieldViolations.map(({ field }) => field)) ?? [],
    message: error?.rawMessage ?? "",
  };
}
