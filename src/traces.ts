/** Spans of calls, for an SDK of OpenTelemetry that whoever runs the server has registered in its process; without one there are none. */
import type { Attributes } from "@opentelemetry/api";
import type { Origin } from "./core/access/caller.ts";
import { type Called, type Ended, isFault, type Observer } from "./engine/observer.ts";

/** Where every copy of OpenTelemetry's API keeps what is registered. */
const REGISTRY = Symbol.for("opentelemetry.js.api.1");

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

function spansBy({ context, trace, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode }: typeof import("@opentelemetry/api")) {
  const tracer = trace.getTracer("call-me");
  /** The caller's span; where the SDK has one of the request itself, that one, which is the caller's child. */
  const parentOf = ({ traceparent, tracestate }: Origin) => {
    const carrier = { ...(traceparent && { traceparent }), ...(tracestate && { tracestate }) };
    const told = propagation.extract(ROOT_CONTEXT, carrier);
    const [theirs, own] = [told, context.active()].map((at) => trace.getSpanContext(at)?.traceId);
    // What is active may be another request's, by which the connection was freed that this one has waited for.
    return own !== undefined && (theirs === undefined || theirs === own) ? context.active() : told;
  };
  return (call: Called): Ended => {
    const { system, method, origin = {} } = call;
    const span = tracer.startSpan(method, { kind: SpanKind.SERVER, attributes: attributesOf(call) }, parentOf(origin));
    return (code) => {
      span.setAttribute(
        system === "http" ? "http.response.status_code" : "rpc.response.status_code",
        system === "http" ? Number(code) : code,
      );
      if (isFault(code)) span.setAttribute("error.type", code).setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    };
  };
}

function attributesOf({ system, method, by, requestId }: Called): Attributes {
  const [verb = "", route = ""] = method.split(" ");
  return {
    ...(system === "http" ? { "http.request.method": verb, "http.route": route } : { "rpc.system.name": system, "rpc.method": method }),
    ...(by?.address && { "client.address": by.address }),
    ...(by && { "callme.principal": by.principal }),
    ...(requestId && { "callme.request_id": requestId }),
  };
}
