/**
 * The direct way: the calls that CI jobs make most, gRPC over HTTP/2 and JSON over HTTP/1.1, without connect-es around them. It has no rule
 * of its own: methods, gate, errors and codecs are those of the long way (connect/), which is given whatever is unusual. Both answer alike:
 * test/outside/direct.test.ts compares them.
 */
import { create, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { createMethodSerializationLookup } from "@connectrpc/connect/protocol";
import { LockService } from "../../../gen/ts/callme/v1/lock_service_pb.ts";
import { type Report, translated } from "../connect/foreign.ts";
import { RequestDecoder } from "../connect/json.ts";
import { failure } from "../errors.ts";
import { admit, perform } from "../gate.ts";
import type { Exchange } from "../http/exchange.ts";
import type { Service } from "../methods/call.ts";
import { METHODS, type Method } from "../methods/table.ts";
import { DirectCall } from "./call.ts";
import { GRPC, JSON1, type Wire } from "./wires.ts";

type Unary = Extract<Method, { desc: { methodKind: "unary" } }>;

/** Fields that make a request one for the long way. */
const UNUSUAL = ["content-encoding", "grpc-encoding", "connect-content-encoding", "transfer-encoding", "expect"] as const;

/** Takes what is usual and answers it; otherwise calls `long`, before anything of the request is used up. False if it is no call of these. */
export function directWay(service: Service, report: Report): (exchange: Exchange, long: () => void) => boolean {
  const calls = new Map([...METHODS.values()].filter(isDirect).map((method) => [method.path, directly(service, method, report)]));
  return (exchange, long) => {
    const call = calls.get(exchange.path);
    const wire = call === undefined ? undefined : wireOf(exchange);
    if (call === undefined || wire === undefined) return false;
    return call(exchange, wire, long);
  };
}

function isDirect(method: Method): method is Unary {
  return method.desc.methodKind === "unary" && method.desc.parent === LockService;
}

function wireOf({ req, query }: Exchange): Wire | undefined {
  const { headers, httpVersionMajor, method } = req;
  if (method !== "POST" || query !== "" || UNUSUAL.some((name) => headers[name] !== undefined)) return undefined;
  const type = headers["content-type"];
  if (httpVersionMajor === 2) return type === "application/grpc" || type === "application/grpc+proto" ? GRPC : undefined;
  return type === "application/json" ? JSON1 : undefined;
}

/** One method, as both protocols call it. */
function directly(service: Service, method: Unary, report: Report) {
  const limits = { readMaxBytes: method.size, writeMaxBytes: 0xffffffff };
  const jsonOptions = { ignoreUnknownFields: false, textDecoder: new RequestDecoder(method.desc.input) };
  const codecs = createMethodSerializationLookup(method.desc, undefined, jsonOptions, limits);

  const run = async (exchange: Exchange, wire: Wire, bytes: Uint8Array | undefined, call: DirectCall): Promise<void> => {
    let answer: Uint8Array;
    try {
      if (bytes === undefined) throw failure("MALFORMED", "protocol error: missing input message for unary method");
      const message = codecs.getI(wire.binary).parse(bytes) as MessageShape<DescMessage>;
      answer = codecs.getO(wire.binary).serialize(create(method.desc.output, await perform(service, method, message, call)));
    } catch (error) {
      if (!exchange.closed) wire.refuse(exchange, translated(error, method.desc, report));
      return;
    }
    if (!exchange.closed) wire.answer(exchange, answer);
  };

  return (exchange: Exchange, wire: Wire, long: () => void): boolean => {
    const timeout = wire.timeout(exchange);
    if (timeout === "unusual") return false;
    let call: DirectCall;
    try {
      call = new DirectCall(
        admit(service, method, (name) => exchange.header(name)),
        exchange,
        timeout,
      );
    } catch (error) {
      wire.refuse(exchange, translated(error, method.desc, report));
      return true;
    }
    wire.read(exchange, method.size, (bytes) => void run(exchange, wire, bytes, call), long);
    return true;
  };
}
