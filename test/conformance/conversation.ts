// One call of the suite as our methods see it, whichever way it came: what was received, and what goes into the head and trailers of its
// answer.

import type { OutgoingHttpHeaders } from "node:http";
import type { IncomingHttpHeaders } from "node:http2";
import type { HandlerContext } from "@connectrpc/connect";
import { encodeEnvelope } from "@connectrpc/connect/protocol";
import { endStreamFlag } from "@connectrpc/connect/protocol-connect";
import { HEAD } from "../../src/rpc/encoding/binary.ts";
import { Exchange } from "../../src/rpc/http/exchange.ts";
import type { StreamExchange } from "../../src/rpc/http/stream-exchange.ts";
import type { Call } from "../../src/rpc/methods/call.ts";

/** Header fields. */
export type Fields = Iterable<readonly [name: string, value: string]>;

export interface Conversation {
  readonly headers: Fields;
  /** Of a call with GET; undefined for any other. */
  readonly query: URLSearchParams | undefined;
  readonly signal: AbortSignal;
  /** Until the deadline, in ms; undefined without one. */
  timeLeft(): number | undefined;
  /** Adds to the answer's head. Once. */
  head(fields: Fields): void;
  /** Adds to the answer's trailers. Once. */
  tail(fields: Fields): void;
}

/** A call that connect-es serves. */
export function longWay(context: HandlerContext): Conversation {
  const add = (target: Headers) => (fields: Fields) => {
    for (const [name, value] of fields) target.append(name, value);
  };
  return {
    headers: context.requestHeader,
    query: context.requestMethod === "GET" ? new URL(context.url).searchParams : undefined,
    signal: context.signal,
    timeLeft: () => context.timeoutMs(),
    head: add(context.responseHeader),
    tail: add(context.responseTrailer),
  };
}

/** A call of the direct way. Methods of the product have no headers and trailers of their own, so these get into the answer beside it. */
export function direct(exchange: Exchange | StreamExchange, headers: IncomingHttpHeaders, call: Call): Conversation {
  const { head, tail } = exchange instanceof Exchange ? additionsTo(exchange) : unaryGrpc(exchange);
  return {
    headers: Object.entries(headers).flatMap(([name, value = []]) =>
      name.startsWith(":") ? [] : [value].flat().map((one): [string, string] => [name, one]),
    ),
    query: undefined,
    signal: signalOf(call),
    timeLeft: () => call.timeLeft(),
    head,
    tail,
  };
}

function additionsTo(exchange: Exchange): Additions {
  return exchange.header("content-type")?.startsWith("application/connect+") ? connectStream(exchange) : unaryJson(exchange.raw);
}

/** Aborts when the caller is gone, or its deadline has passed. */
function signalOf(call: Call): AbortSignal {
  const gone = new AbortController();
  call.onGone(() => gone.abort());
  const left = call.timeLeft();
  return left === undefined ? gone.signal : AbortSignal.any([gone.signal, AbortSignal.timeout(Math.max(0, Math.ceil(left)))]);
}

type Additions = Pick<Conversation, "head" | "tail">;

/** Connect has trailers of a stream in the envelope that ends it. */
function connectStream({ raw, res }: Exchange): Additions {
  return {
    ...unaryJson(raw),
    tail: (fields) => {
      const end = res.end.bind(res);
      const metadata = Object.fromEntries(grouped(fields));
      res.end = ((last: Uint8Array) =>
        end(encodeEnvelope(endStreamFlag, Buffer.from(JSON.stringify({ ...lastOf(last), metadata }))))) as typeof res.end;
    },
  };
}

function lastOf(envelope: Uint8Array): object {
  return JSON.parse(Buffer.from(envelope).subarray(HEAD).toString());
}

/** Connect has trailers of unary answers in the head, with a prefix. */
function unaryJson(raw: Exchange["raw"]): Additions {
  const set = (prefix: string) => (fields: Fields) => {
    for (const [name, values] of grouped(fields)) raw.setHeader(`${prefix}${name}`, values);
  };
  return { head: set(""), tail: set("trailer-") };
}

function unaryGrpc({ stream }: StreamExchange): Additions {
  return {
    head: (fields) => {
      const respond = stream.respond.bind(stream);
      stream.respond = (given, options) => respond({ ...(given as OutgoingHttpHeaders), ...Object.fromEntries(grouped(fields)) }, options);
    },
    tail: (fields) => {
      const send = stream.sendTrailers.bind(stream);
      stream.sendTrailers = (given) => send({ ...given, ...Object.fromEntries(grouped(fields)) });
    },
  };
}

function grouped(fields: Fields): Map<string, string[]> {
  const values = Map.groupBy(fields, ([name]) => name);
  return new Map([...values].map(([name, pairs]) => [name, pairs.map(([, value]) => value)]));
}
