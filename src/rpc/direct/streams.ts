/** The direct way of answers with several messages, gRPC's alone: a message is one write for each of its readers, of the same bytes. */
import type { OutgoingHttpHeaders } from "node:http2";
import type { DescMessage, DescMethodServerStreaming, MessageShape } from "@bufbuild/protobuf";
import type { Caller } from "../../core/command.ts";
import type { Tell } from "../../engine/watch/tell.ts";
import type { Report } from "../connect/foreign.ts";
import { encoded } from "../encoded.ts";
import { Outlet } from "../http/outlet.ts";
import type { StreamExchange } from "../http/stream-exchange.ts";
import type { Call } from "../methods/call.ts";
import { grpc } from "./grpc.ts";
import { taking } from "./taking.ts";
import type { DirectMethod } from "./wire.ts";

/** Who may call, and what is told: see `admit` and `follow` in gate.ts. */
export interface StreamGate<M> {
  admit(method: M, header: (name: string) => string | undefined): Caller;
  follow(method: M, message: MessageShape<DescMessage>, call: Call, tell: Tell<MessageShape<DescMessage>>): Promise<void>;
}

/** Like `directWay`. */
export function directStreams<M extends DirectMethod & { readonly desc: DescMethodServerStreaming }>(
  methods: readonly M[],
  gate: StreamGate<M>,
  report: Report,
  fixed: OutgoingHttpHeaders,
): (exchange: StreamExchange) => boolean {
  const wire = grpc(fixed);
  return taking(methods, {
    wire,
    report,
    admit: (method, header) => gate.admit(method, header),
    answer: async (method, request, call, exchange) => {
      let outlet: Outlet | undefined;
      await gate.follow(method, request, call, (message) => {
        if (exchange.closed) return undefined;
        if (outlet === undefined) {
          wire.begin(exchange);
          outlet = new Outlet(exchange);
        }
        return outlet.write(encoded(method.desc.output, message, "binary"));
      });
      if (!exchange.closed) wire.end(exchange);
    },
  });
}
