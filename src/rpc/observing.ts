/** What observers are told of calls, and what they are known by. */
import { isPlain } from "../access/plain.ts";
import type { Origin } from "../core/access/caller.ts";
import { limits } from "../core/limits.ts";
import type { Called, Observed, System } from "../engine/observer.ts";
import { codeOf, OK } from "./errors.ts";
import type { Call } from "./methods/call.ts";
import type { Rule } from "./methods/table.ts";

/** A header of a request, by its name in lower case. */
export type Header = (name: string) => string | null | undefined;

/** OpenTelemetry's word for a method that there is none of: whoever calls makes no series. */
const UNKNOWN = "_OTHER";
const ID = /^[\x21-\x7e]{1,128}$/;

/** By what protocol a request comes. */
export function systemOf(header: Header): System {
  return header("content-type")?.toLowerCase().startsWith("application/grpc") === true ? "grpc" : "connectrpc";
}

/** What is read of the headers where somebody wants to know it. */
export function originOf({ wantsOrigin }: Observed, header: Header): Origin | undefined {
  if (!wantsOrigin) return undefined;
  const [request, traceparent, tracestate] = ["x-request-id", "traceparent", "tracestate"].map((name) => header(name) ?? undefined);
  return { request: request !== undefined && ID.test(request) ? request : undefined, traceparent, tracestate };
}

/** Of a call that was let in, and of what it asks for. */
export function calledOf(rule: Rule, { caller, system }: Call, message: object): Called {
  const { origin } = caller;
  if (origin === undefined) return { system, method: methodOf(rule), by: caller };
  // It has not been judged yet.
  const { requestId = "" } = message as { readonly requestId?: string };
  const isOne = requestId !== "" && requestId.length <= limits.name && isPlain(requestId);
  return { system, method: methodOf(rule), by: caller, origin, requestId: isOne ? requestId : undefined };
}

/** Tells of a call that came to nothing before its method began: it was not let in, or could not be read. */
export function tellUnreached(observed: Observed, rule: Rule, call: Omit<Called, "method">, error: unknown): void {
  observed.called({ ...call, method: methodOf(rule) })(codeOf(error));
}

/** Tells of a call of a method that there is none of. Its path may have anything in it, also a key: it is not told. */
export function tellUnknown(observed: Observed, header: Header): void {
  observed.called({ system: systemOf(header), method: UNKNOWN, origin: originOf(observed, header) })("UNIMPLEMENTED");
}

/** What a stream came to that has ended without an error: its caller may have ended it, or not have waited any longer. */
export function endOf(call: Call): string {
  if (!call.gone) return OK;
  return (call.timeLeft() ?? 1) > 0 ? "CANCELLED" : "DEADLINE_EXCEEDED";
}

/** The method's name in full; of a route, its verb and path. */
function methodOf({ path, name = "" }: Rule): string {
  return path === undefined ? name : path.slice(1);
}
