/**
 * The direct way: the calls that CI jobs make most, gRPC over HTTP/2 and JSON over HTTP/1.1, without connect-es around them. It has no rule
 * of its own: methods, gate and errors are those of the long way (connect/), which is given whatever is unusual. Both answer alike:
 * test/outside/direct.test.ts compares them.
 */
import type { OutgoingHttpHeaders } from "node:http2";
import { create, type DescMessage, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import type { Caller } from "../../core/command.ts";
import { type Report, translated } from "../connect/foreign.ts";
import { ExchangeCall } from "../http/call.ts";
import type { Exchange } from "../http/exchange.ts";
import type { StreamExchange } from "../http/stream-exchange.ts";
import type { Call } from "../methods/call.ts";
import { grpc } from "./grpc.ts";
import { JSON1 } from "./json.ts";
import type { DirectMethod, Wire } from "./wire.ts";

/** Who may call, and what answers: see `admit` and `perform` in gate.ts. */
export interface Gate<M> {
  admit(method: M, header: (name: string) => string | undefined): Caller;
  perform(method: M, message: MessageShape<DescMessage>, call: Call): Promise<MessageInitShape<DescMessage>>;
}

/** Takes what is usual and answers it; false, with nothing of the request used up, if it is anything else. */
export interface DirectWay {
  stream(exchange: StreamExchange): boolean;
  exchange(exchange: Exchange): boolean;
}

/** `fixed`: header fields of every answer over HTTP/2; over HTTP/1.1 they are set before. */
export function directWay<M extends DirectMethod>(
  methods: readonly M[],
  gate: Gate<M>,
  report: Report,
  fixed: OutgoingHttpHeaders,
): DirectWay {
  const byPath = new Map(methods.map((method) => [method.path, method]));
  const GRPC = grpc(fixed);
  const take = <E extends Exchange | StreamExchange>(exchange: E, wire: Wire<E>): boolean => {
    const method = byPath.get(exchange.path);
    if (method === undefined || !wire.isUsual(exchange, method.size)) return false;
    answer(method, gate, report, exchange, wire);
    return true;
  };
  return {
    stream: (exchange) => exchange.header(":method") === "POST" && take(exchange, GRPC),
    exchange: (exchange) => {
      const { method, httpVersionMajor } = exchange.req;
      return method === "POST" && httpVersionMajor === 1 && exchange.query === "" && take(exchange, JSON1);
    },
  };
}

function answer<M extends DirectMethod, E extends Exchange | StreamExchange>(
  method: M,
  gate: Gate<M>,
  report: Report,
  exchange: E,
  wire: Wire<E>,
): void {
  const refuse = (error: unknown) => {
    if (!exchange.closed) wire.refuse(exchange, translated(error, method.desc, report));
  };
  let call: ExchangeCall;
  try {
    const caller = gate.admit(method, (name) => exchange.header(name));
    call = new ExchangeCall(caller, exchange, wire.timeout(exchange));
  } catch (error) {
    refuse(error);
    return;
  }
  const run = async (received: Uint8Array | Promise<Uint8Array>): Promise<void> => {
    let message: Uint8Array;
    try {
      const request = wire.parse(method, received instanceof Promise ? await received : received);
      message = wire.encode(method, create(method.desc.output, await gate.perform(method, request, call)));
    } catch (error) {
      refuse(error);
      return;
    }
    if (!exchange.closed) wire.answer(exchange, message);
  };
  wire.read(exchange, method.size, (received) => void run(received));
}
