/**
 * The direct way: the calls that CI jobs make most, gRPC over HTTP/2 and JSON over HTTP/1.1, without connect-es around them. It has no rule
 * of its own: methods, gate and errors are those of the long way (connect/), which is given whatever is unusual. Both answer alike:
 * test/outside/direct.test.ts compares them.
 */
import type { OutgoingHttpHeaders } from "node:http2";
import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { Identity } from "../../access/identity.ts";
import type { Peer } from "../http/door/peer.ts";
import type { Exchange } from "../http/exchange.ts";
import type { StreamExchange } from "../http/stream-exchange.ts";
import type { Call } from "../methods/call.ts";
import type { Report } from "../thrown.ts";
import { connectUnary } from "./connect.ts";
import { grpc } from "./grpc.ts";
import { handlerOf } from "./handler.ts";
import type { DirectMethod, UnaryProtocol } from "./protocol.ts";

type Unary = DirectMethod & { readonly desc: DescMethodUnary };

/** Who may call, and what answers: see `admit`, `unreached` and `perform` in gate.ts. */
export interface Gate<M> {
  admit(method: M, header: (name: string) => string | undefined, peer: Peer): Identity;
  unreached(method: M, call: Call, error: unknown): void;
  perform(method: M, message: MessageShape<DescMessage>, call: Call): Promise<MessageInitShape<DescMessage>>;
}

/** Takes what is usual and answers it; false, with nothing of the request used up, if it is anything else. */
export interface DirectWay {
  http2(exchange: StreamExchange): boolean;
  http1(exchange: Exchange): boolean;
}

/** `fixed`: header fields of every answer over HTTP/2; over HTTP/1.1 they are set before. */
export function directWay<M extends Unary>(methods: readonly M[], gate: Gate<M>, report: Report, fixed: OutgoingHttpHeaders): DirectWay {
  const by = <E extends Exchange | StreamExchange>(protocol: UnaryProtocol<E>) =>
    handlerOf<M, E>(methods, {
      protocol,
      report,
      admit: (method, header, peer) => gate.admit(method, header, peer),
      unreached: (method, call, error) => gate.unreached(method, call, error),
      answer: async (method, request, call, exchange) => {
        const message = protocol.encode(method, await gate.perform(method, request, call));
        if (!exchange.closed) protocol.answer(exchange, message);
      },
    });
  return { http2: by(grpc(fixed)), http1: by(connectUnary) };
}
