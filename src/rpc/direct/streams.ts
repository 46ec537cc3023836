/** The direct way of answers with several messages: a message is one write for each of its readers, of the same bytes. */
import type { OutgoingHttpHeaders } from "node:http2";
import type { DescMessage, DescMethodServerStreaming, MessageShape } from "@bufbuild/protobuf";
import type { Identity } from "../../access/identity.ts";
import type { Tell } from "../../engine/watch/tell.ts";
import { encoded } from "../encoding/shared.ts";
import type { Peer } from "../http/door/peer.ts";
import type { Exchange } from "../http/exchange.ts";
import type { Outlet } from "../http/outlet.ts";
import type { StreamExchange } from "../http/stream-exchange.ts";
import type { Call } from "../methods/call.ts";
import type { Report } from "../thrown.ts";
import { connectStream } from "./connect.ts";
import type { DirectWay } from "./direct.ts";
import { grpc } from "./grpc.ts";
import { handlerOf } from "./handler.ts";
import type { DirectMethod, StreamProtocol } from "./protocol.ts";

/** Who may call, and what is told: see `admit`, `unreached` and `follow` in gate.ts. */
export interface StreamGate<M> {
  admit(method: M, header: (name: string) => string | undefined, peer: Peer): Identity;
  unreached(method: M, call: Call, error: unknown): void;
  follow(method: M, message: MessageShape<DescMessage>, call: Call, tell: Tell<MessageShape<DescMessage>>): Promise<void>;
}

/** Like `directWay`; over HTTP/1.1 in Connect's two codecs. */
export function directStreams<M extends DirectMethod & { readonly desc: DescMethodServerStreaming }>(
  methods: readonly M[],
  gate: StreamGate<M>,
  report: Report,
  fixed: OutgoingHttpHeaders,
): DirectWay {
  const by = <E extends Exchange | StreamExchange>(protocol: StreamProtocol<E>) =>
    handlerOf<M, E>(methods, {
      protocol,
      report,
      admit: (method, header, peer) => gate.admit(method, header, peer),
      unreached: (method, call, error) => gate.unreached(method, call, error),
      answer: async (method, request, call, exchange) => {
        let outlet: Outlet | undefined;
        await gate.follow(method, request, call, (message) => {
          if (exchange.closed) return undefined;
          outlet ??= protocol.begin(exchange);
          return outlet.write(encoded(method.desc.output, message, protocol.form, method.registry));
        });
        if (!exchange.closed) protocol.end(exchange);
      },
    });
  const [binary, json] = [by(connectStream("binary")), by(connectStream("json"))];
  return { http2: by(grpc(fixed)), http1: (exchange) => binary(exchange) || json(exchange) };
}
