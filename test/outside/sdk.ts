// An SDK of OpenTelemetry as whoever runs a server registers it (`node --import`): each span is a line on stderr.
import { AsyncLocalStorage } from "node:async_hooks";
import { writeSync } from "node:fs";
import { Server as HttpServer, IncomingMessage, ServerResponse } from "node:http";
import { type Context, type ContextManager, context, propagation, ROOT_CONTEXT, SpanKind, trace } from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { BasicTracerProvider, type ReadableSpan, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";

const exporter = {
  export(spans: ReadableSpan[], done: (result: { code: number }) => void) {
    for (const span of spans) {
      const { name, kind, attributes, status, parentSpanContext } = span;
      const { traceId, traceState, spanId } = span.spanContext();
      const facts = {
        span: spanId,
        name,
        kind,
        attributes,
        status,
        trace: traceId,
        parent: parentSpanContext?.spanId,
        state: traceState?.serialize(),
      };
      writeSync(2, `${JSON.stringify({ level: "info", msg: "span", ...facts })}\n`);
    }
    done({ code: 0 });
  },
  shutdown: async () => {},
};

/** The context of what runs, as the SDK for Node keeps it. */
class Contexts implements ContextManager {
  readonly #kept = new AsyncLocalStorage<Context>();
  active(): Context {
    return this.#kept.getStore() ?? ROOT_CONTEXT;
  }
  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    at: Context,
    act: F,
    self?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return this.#kept.run(at, () => act.apply(self, args));
  }
  bind<T>(_: Context, target: T): T {
    return target;
  }
  enable(): this {
    return this;
  }
  disable(): this {
    return this;
  }
}

/** A span of each request over HTTP/1.1, in which all is done for it, as the SDK's instrumentation of HTTP has it. */
function spanRequests(): void {
  context.setGlobalContextManager(new Contexts());
  const { emit } = HttpServer.prototype;
  HttpServer.prototype.emit = function (this: HttpServer, event: string | symbol, ...told: unknown[]): boolean {
    const act = () => Reflect.apply(emit, this, [event, ...told]) as boolean;
    const [request, response] = told;
    if (event !== "request" || !(request instanceof IncomingMessage) || !(response instanceof ServerResponse)) return act();
    const span = trace
      .getTracer("http")
      .startSpan("a request", { kind: SpanKind.SERVER }, propagation.extract(ROOT_CONTEXT, request.headers));
    const within = trace.setSpan(ROOT_CONTEXT, span);
    response.once("close", () => span.end());
    const pass = request.emit;
    request.emit = (...events: Parameters<typeof pass>) => context.with(within, () => Reflect.apply(pass, request, events) as boolean);
    return context.with(within, act);
  } as typeof emit;
}

if (process.env["TEST_SDK_SPANS"] === "requests") spanRequests();
propagation.setGlobalPropagator(new W3CTraceContextPropagator());
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
