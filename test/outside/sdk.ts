// An SDK of OpenTelemetry as whoever runs a server registers it (`node --import`): each span is a line on stderr.
import { writeSync } from "node:fs";
import { propagation, trace } from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { BasicTracerProvider, type ReadableSpan, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";

const exporter = {
  export(spans: ReadableSpan[], done: (result: { code: number }) => void) {
    for (const span of spans) {
      const { name, kind, attributes, status, parentSpanContext } = span;
      const { traceId, traceState } = span.spanContext();
      const facts = { name, kind, attributes, status, trace: traceId, parent: parentSpanContext?.spanId, state: traceState?.serialize() };
      writeSync(2, `${JSON.stringify({ level: "info", msg: "span", ...facts })}\n`);
    }
    done({ code: 0 });
  },
  shutdown: async () => {},
};

propagation.setGlobalPropagator(new W3CTraceContextPropagator());
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
