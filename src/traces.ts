/** Spans of calls, for an SDK of OpenTelemetry that whoever runs the server has registered in its process; without one there are none. */
import type { Attributes } from "@opentelemetry/api";
import type { Called, Ended, Observer } from "./engine/observer.ts";

/** Where every copy of OpenTelemetry's API keeps what is registered. */
const REGISTRY = Symbol.for("opentelemetry.js.api.1");
/** What a call came to by the server's fault, as OpenTelemetry's conventions have it. */
const FAULTS: ReadonlySet<string> = new Set(["UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"]);

interface Log {
  warn(facts: object, text: string): void;
}

/** What makes the spans; undefined where nobody wants any, which then costs nothing. Says why where it cannot be done. */
export async function tracing(log: Log): Promise<Observer | undefined> {
  const registered = (globalThis as { [REGISTRY]?: { readonly trace?: unknown; readonly version?: string } })[REGISTRY];
  if (registered?.trace === undefined) return undefined;
  const api = await import("@opentelemetry/api").catch((err: unknown) => {
    log.warn({ err }, "an OpenTelemetry SDK is registered, and there are no spans: install @opentelemetry/api beside call-me");
    return undefined;
  });
  if (api === undefined) return undefined;
  if (api.trace.getTracerProvider() !== registered.trace)
    log.warn(
      { sdk: registered.version },
      "an OpenTelemetry SDK is registered, and there are no spans: the @opentelemetry/api beside call-me is newer than the SDK's; install that one",
    );
  else return { wantsOrigin: true, called: spansBy(api) };
  return undefined;
}

function spansBy({ trace, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode }: typeof import("@opentelemetry/api")) {
  const tracer = trace.getTracer("call-me");
  return ({ method, by, origin = {}, requestId }: Called): Ended => {
    const { traceparent, tracestate } = origin;
    const carrier = { ...(traceparent && { traceparent }), ...(tracestate && { tracestate }) };
    const attributes: Attributes = {
      "rpc.method": method,
      ...(by && { "callme.principal": by.principal }),
      ...(requestId && { "callme.request_id": requestId }),
    };
    const span = tracer.startSpan(method, { kind: SpanKind.SERVER, attributes }, propagation.extract(ROOT_CONTEXT, carrier));
    return (code) => {
      span.setAttribute("rpc.response.status_code", code);
      if (code !== "OK") span.setAttribute("error.type", code);
      if (FAULTS.has(code)) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    };
  };
}
