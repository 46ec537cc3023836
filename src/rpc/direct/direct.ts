/**
 * The direct way: the calls that CI jobs make most, gRPC over HTTP/2 and JSON over HTTP/1.1, without connect-es around them. It has no rule
 * of its own: methods, gate, errors and codecs are those of the long way (connect/), which is given whatever is unusual. Both answer alike:
 * test/outside/direct.test.ts compares them.
 */
import {
  create,
  type DescMessage,
  type DescMethodUnary,
  type MessageInitShape,
  type MessageShape,
  type Registry,
} from "@bufbuild/protobuf";
import { createMethodSerializationLookup } from "@connectrpc/connect/protocol";
import type { Caller } from "../../core/command.ts";
import { type Report, translated } from "../connect/foreign.ts";
import { jsonOptions } from "../connect/json.ts";
import { failure } from "../errors.ts";
import type { Exchange } from "../http/exchange.ts";
import type { Call } from "../methods/call.ts";
import { DirectCall } from "./call.ts";
import { GRPC, JSON1, type Wire } from "./wires.ts";

/** What the direct way has to know of a method. */
export interface DirectMethod {
  /** The path of its requests. */
  readonly path: string;
  readonly desc: DescMethodUnary;
  /** Largest request, in bytes. */
  readonly size: number;
  /** The messages that an Any of its requests and answers may hold. */
  readonly registry?: Registry;
}

/** Who may call, and what answers: see `admit` and `perform` in gate.ts. */
export interface Gate<M> {
  admit(method: M, exchange: Exchange): Caller;
  perform(method: M, message: MessageShape<DescMessage>, call: Call): Promise<MessageInitShape<DescMessage>>;
}

/** Fields that make a request one for the long way. */
const UNUSUAL = ["content-encoding", "grpc-encoding", "connect-content-encoding", "transfer-encoding", "expect"] as const;

/** Takes what is usual and answers it; otherwise calls `long`, before anything of the request is used up. False if it is no call of these. */
export function directWay<M extends DirectMethod>(
  methods: readonly M[],
  gate: Gate<M>,
  report: Report,
): (exchange: Exchange, long: () => void) => boolean {
  const calls = new Map(methods.map((method) => [method.path, directly(method, gate, report)]));
  return (exchange, long) => {
    const call = calls.get(exchange.path);
    const wire = call === undefined ? undefined : wireOf(exchange);
    if (call === undefined || wire === undefined) return false;
    return call(exchange, wire, long);
  };
}

function wireOf({ req, query }: Exchange): Wire | undefined {
  const { headers, httpVersionMajor, method } = req;
  if (method !== "POST" || query !== "" || UNUSUAL.some((name) => headers[name] !== undefined)) return undefined;
  const type = headers["content-type"];
  if (httpVersionMajor === 2) return type === "application/grpc" || type === "application/grpc+proto" ? GRPC : undefined;
  return type === "application/json" ? JSON1 : undefined;
}

/** One method, as both protocols call it. */
function directly<M extends DirectMethod>(method: M, gate: Gate<M>, report: Report) {
  const limits = { readMaxBytes: method.size, writeMaxBytes: 0xffffffff };
  const codecs = createMethodSerializationLookup(method.desc, undefined, jsonOptions(method.desc.input, method.registry), limits);

  const run = async (exchange: Exchange, wire: Wire, bytes: Uint8Array | undefined, call: DirectCall): Promise<void> => {
    let answer: Uint8Array;
    try {
      if (bytes === undefined) throw failure("MALFORMED", "protocol error: missing input message for unary method");
      const message = codecs.getI(wire.binary).parse(bytes) as MessageShape<DescMessage>;
      answer = codecs.getO(wire.binary).serialize(create(method.desc.output, await gate.perform(method, message, call)));
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
      call = new DirectCall(gate.admit(method, exchange), exchange, timeout);
    } catch (error) {
      wire.refuse(exchange, translated(error, method.desc, report));
      return true;
    }
    wire.read(exchange, method.size, (bytes) => void run(exchange, wire, bytes, call), long);
    return true;
  };
}
