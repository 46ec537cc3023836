import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { Caller } from "../../core/command.ts";
import { type Report, translated, unread } from "../connect/foreign.ts";
import { ExchangeCall } from "../http/call.ts";
import type { Exchange } from "../http/exchange.ts";
import { StreamExchange } from "../http/stream-exchange.ts";
import type { Call } from "../methods/call.ts";
import type { DirectMethod, Wire } from "./wire.ts";

/** How calls of some methods, by one of the protocols, are let in and answered. */
export interface Way<M, E> {
  readonly wire: Wire<E>;
  readonly report: Report;
  /** Who calls; see gate.ts. */
  admit(method: M, header: (name: string) => string | undefined): Caller;
  /** Answers a call. What it throws becomes the answer, or the end of the one that has begun. */
  answer(method: M, request: MessageShape<DescMessage>, call: Call, exchange: E): Promise<void>;
}

/** Takes the usual calls of these methods; false, with nothing of the request used up, if it is anything else. */
export function taking<M extends DirectMethod, E extends Exchange | StreamExchange>(
  methods: readonly M[],
  way: Way<M, E>,
): (exchange: E) => boolean {
  const byPath = new Map(methods.map((method) => [method.path, method]));
  return (exchange) => {
    const method = byPath.get(exchange.path);
    if (method === undefined || !way.wire.isUsual(exchange, method.size)) return false;
    take(method, exchange, way);
    return true;
  };
}

function take<M extends DirectMethod, E extends Exchange | StreamExchange>(method: M, exchange: E, way: Way<M, E>): void {
  const { wire, report } = way;
  const refuse = (error: unknown) => {
    if (!exchange.closed) wire.refuse(exchange, translated(error, method.desc, report));
  };
  let call: Call;
  try {
    const caller = way.admit(method, (name) => exchange.header(name));
    call = new ExchangeCall(caller, exchange, wire.timeout(exchange));
  } catch (error) {
    refuse(error);
    return;
  }
  if (exchange instanceof StreamExchange) exchange.forgetHeaders();
  // Nothing of the request outlives its reading: a call may wait for long, and thousands do.
  const run = async (bytes: Uint8Array) => way.answer(method, parsed(wire, method, bytes), call, exchange);
  const unreadable = (error: unknown) => refuse(unread(error));
  wire.read(
    exchange,
    method,
    (received) => void (received instanceof Promise ? received.then(run, unreadable) : run(received)).catch(refuse),
  );
}

function parsed<E>(wire: Wire<E>, method: DirectMethod, bytes: Uint8Array): MessageShape<DescMessage> {
  try {
    return wire.parse(method, bytes);
  } catch (error) {
    throw unread(error);
  }
}
