// A server for the suite, which starts one for each combination of protocol and HTTP: our door and both ways, with the suite's methods
// behind them. Reads a ServerCompatRequest from stdin, writes a ServerCompatResponse to stdout, and serves until it is killed, or the suite
// has gone.
import type { IncomingHttpHeaders } from "node:http2";
import process from "node:process";
import { buffer } from "node:stream/consumers";
import { create, type DescMethod, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import type { Identity } from "../../src/access/identity.ts";
import { ALL_RIGHTS } from "../../src/core/access/rights.ts";
import { rpcHandler, type Telling } from "../../src/rpc/connect/adapter.ts";
import { open } from "../../src/rpc/connect/router.ts";
import { directWay, type Gate } from "../../src/rpc/direct/direct.ts";
import type { DirectMethod } from "../../src/rpc/direct/protocol.ts";
import { directStreams, type StreamGate } from "../../src/rpc/direct/streams.ts";
import { NO_PAGE } from "../../src/rpc/http/door/http1.ts";
import { Exchange } from "../../src/rpc/http/exchange.ts";
import { type Handle, type ListenOptions, listen } from "../../src/rpc/http/listen.ts";
import type { StreamExchange } from "../../src/rpc/http/stream-exchange.ts";
import type { Call } from "../../src/rpc/methods/call.ts";
import { direct } from "./conversation.ts";
import {
  type ServerCompatRequest,
  ServerCompatRequestSchema,
  ServerCompatResponseSchema,
} from "./gen/connectrpc/conformance/v1/server_compat_pb.ts";
import { IdempotentUnaryRequestSchema, type ServerStreamRequest, UnaryRequestSchema } from "./gen/connectrpc/conformance/v1/service_pb.ts";
import { answer, follow, methods, REGISTRY, SERVICE } from "./service.ts";

/** Bytes of a message, where the suite sets no limit. */
const SIZE = 16 * 1024 * 1024;
/** Bytes before each message on stdin and stdout: its length. */
const HEAD = 4;

/** A caller whom the gate lets in with the exchange that the call came by. */
interface Guest extends Identity {
  readonly exchange: Exchange | StreamExchange;
  /** Those of its request, which the exchange may forget. */
  readonly headers: IncomingHttpHeaders;
}

function report(error: unknown, method: string): void {
  console.error("nobody foresaw, in", method, error);
}

/** The direct way to those of the suite's methods whose like it serves in the product. */
function directTo(size: number) {
  // The direct way asks the gate about a call before it returns.
  let current: Exchange | StreamExchange | undefined;
  const talk = (call: Call) => {
    const { exchange, headers } = call.caller as Guest;
    return direct(exchange, headers, call);
  };
  const headersOf = (exchange: typeof current) => (exchange instanceof Exchange ? exchange.req.headers : (exchange?.headers ?? {}));
  const gate: Gate<DirectMethod> & StreamGate<DirectMethod> = {
    admit: (): Identity =>
      ({ principal: "the suite", kind: "ANONYMOUS", rights: ALL_RIGHTS, exchange: current, headers: headersOf(current) }) as Guest,
    unreached: () => {},
    perform: (_method, message, call) => {
      const request = message as MessageShape<typeof UnaryRequestSchema | typeof IdempotentUnaryRequestSchema>;
      const schema = request.$typeName === UnaryRequestSchema.typeName ? UnaryRequestSchema : IdempotentUnaryRequestSchema;
      return answer(request.responseDefinition, [anyPack(schema, request)], talk(call));
    },
    follow: (_method, message, call, tell) => follow(message as ServerStreamRequest, talk(call), tell),
  };
  const row = <M extends DescMethod>(desc: M) => ({ path: `/${SERVICE.typeName}/${desc.name}`, desc, size, registry: REGISTRY });
  const { unary, idempotentUnary, serverStream } = SERVICE.method;
  const once = directWay([row(unary), row(idempotentUnary)], gate, report, NO_PAGE);
  const streams = directStreams([row(serverStream)], gate, report, NO_PAGE);
  return {
    handle: (exchange: Exchange) => {
      current = exchange;
      return once.http1(exchange) || streams.http1(exchange);
    },
    handleStream: (exchange: StreamExchange) => {
      current = exchange;
      return once.http2(exchange) || streams.http2(exchange);
    },
  };
}

const UNTOLD: Telling = { unreached: () => {}, unknown: () => {} };

function handlers(size: number): Pick<ListenOptions, "handle" | "handleStream"> {
  const way = process.env["CALL_ME_DIRECT"] === "off" ? undefined : directTo(size);
  const options = { readMaxBytes: size, registry: REGISTRY };
  const rpc = rpcHandler((router) => open(router, SERVICE, methods, report, options), report, UNTOLD, way?.handle);
  const handle: Handle = (req, res, delivery, neighbour) => {
    const exchange = new Exchange(req, res, delivery, neighbour);
    if (!rpc(exchange)) exchange.answer(404);
  };
  return { handle, handleStream: way?.handleStream };
}

/** Starts it, and gives what the suite is to be told. */
async function serve({ useTls, serverCreds, messageReceiveLimit }: ServerCompatRequest): Promise<Uint8Array> {
  const tls = useTls && serverCreds ? { cert: Buffer.from(serverCreds.cert), key: Buffer.from(serverCreds.key) } : undefined;
  const { host, port } = await listen({
    host: "127.0.0.1",
    port: 0,
    ...(tls && { tls }),
    ...handlers(messageReceiveLimit || SIZE),
    log: { warn: (facts, message) => console.error(message, facts), debug: () => undefined },
  });
  return toBinary(ServerCompatResponseSchema, create(ServerCompatResponseSchema, { host, port, ...(tls && { pemCert: tls.cert }) }));
}

// Killed, the suite ends none of its servers.
const suite = process.ppid;
setInterval(() => process.ppid === suite || process.exit(), 1_000).unref();

const input = await buffer(process.stdin);
const output = await serve(fromBinary(ServerCompatRequestSchema, input.subarray(HEAD)));
const head = Buffer.alloc(HEAD);
head.writeUInt32BE(output.byteLength);
process.stdout.write(Buffer.concat([head, output]));
