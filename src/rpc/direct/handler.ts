import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { Identity } from "../../access/identity.ts";
import { ExchangeCall } from "../http/call.ts";
import type { Peer } from "../http/door/peer.ts";
import type { Exchange } from "../http/exchange.ts";
import { StreamExchange } from "../http/stream-exchange.ts";
import type { Call } from "../methods/call.ts";
import { type Report, translated, unread } from "../thrown.ts";
import type { DirectMethod, Protocol } from "./protocol.ts";

/** How calls of some methods, by one of the protocols, are let in and answered. */
export interface Handling<M, E> {
  readonly protocol: Protocol<E>;
  readonly report: Report;
  /** Who calls; see gate.ts. */
  admit(method: M, header: (name: string) => string | undefined, peer: Peer): Identity;
  /** Told of a call that was let in and could not be read, or whose caller was gone before it had been. */
  unreached(method: M, call: Call, error: unknown): void;
  /** Answers a call. What it throws becomes the answer, or the end of the one that has begun. */
  answer(method: M, request: MessageShape<DescMessage>, call: Call, exchange: E): Promise<void>;
}

/** What takes the usual calls of these methods: false, with nothing of the request used up, if it is anything else. */
export function handlerOf<M extends DirectMethod, E extends Exchange | StreamExchange>(
  methods: readonly M[],
  handling: Handling<M, E>,
): (exchange: E) => boolean {
  const byPath = new Map(methods.map((method) => [method.path, method]));
  return (exchange) => {
    const method = byPath.get(exchange.path);
    if (method === undefined || !handling.protocol.isUsual(exchange, method.size)) return false;
    handle(method, exchange, handling);
    return true;
  };
}

function handle<M extends DirectMethod, E extends Exchange | StreamExchange>(method: M, exchange: E, handling: Handling<M, E>): void {
  const { protocol, report } = handling;
  const refuse = (error: unknown) => {
    if (!exchange.closed) protocol.refuse(exchange, translated(error, method.desc, report));
  };
  let call: Call;
  try {
    const caller = handling.admit(method, (name) => exchange.header(name), exchange.peer);
    call = new ExchangeCall(caller, protocol.system, exchange, protocol.timeout(exchange));
  } catch (error) {
    refuse(error);
    return;
  }
  if (exchange instanceof StreamExchange) exchange.forgetHeaders();
  let isRead = false;
  const unreadable = (error?: unknown) => {
    if (isRead) return;
    isRead = true;
    const refusal = unread(exchange.closed ? undefined : error);
    handling.unreached(method, call, refusal);
    refuse(refusal);
  };
  // Nothing of the request outlives its reading: a call may wait for long, and thousands do.
  const run = async (bytes: Uint8Array) => {
    let request: MessageShape<DescMessage>;
    try {
      request = protocol.parse(method, bytes);
    } catch (error) {
      return unreadable(error);
    }
    isRead = true;
    return handling.answer(method, request, call, exchange);
  };
  exchange.onClose(unreadable);
  protocol.read(
    exchange,
    method,
    (received) => void (received instanceof Promise ? received.then(run, unreadable) : run(received)).catch(refuse),
  );
}
