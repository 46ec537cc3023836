/** connect-es on Node's requests and responses; like its own adapter, but unknown methods and malformed input get full answers too. */
import { Code, ConnectError, type ConnectRouter, createConnectRouter, createContextValues } from "@connectrpc/connect";
import type { UniversalHandler, UniversalServerResponse } from "@connectrpc/connect/protocol";
import { codeToHttpStatus, errorFromJsonBytes, errorToJson } from "@connectrpc/connect/protocol-connect";
import { findTrailerError, setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import {
  compressionBrotli,
  compressionGzip,
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from "@connectrpc/connect-node";
import { failure } from "../errors.ts";
import type { Exchange } from "../http/exchange.ts";
import type { Service } from "../methods/call.ts";
import { BODY_LIMIT, gate, lostKey, type Report } from "./router.ts";

/** What connect-es answers with an empty body, in words for who has just begun with curl. */
const HINTS: Partial<Record<number, string>> = {
  405: "call this method with POST",
  415: "send `content-type: application/json` with a JSON body (or application/proto, or one of gRPC's types)",
};

/** Serves every method of `routes`; false when the path is none of them. */
export function rpcHandler(
  service: Service,
  routes: (router: ConnectRouter) => void,
  shutdown: AbortSignal,
  report: Report,
): (exchange: Exchange) => boolean {
  const router = createConnectRouter({
    acceptCompression: [compressionGzip, compressionBrotli],
    // Messages of a watch are never worth it: each would be compressed anew for each of its readers.
    compressMinBytes: 16 * 1024,
    readMaxBytes: BODY_LIMIT,
    // A typo must not become a default.
    jsonOptions: { ignoreUnknownFields: false },
    requestGate: gate(service),
    shutdownSignal: shutdown,
  });
  routes(router);
  const handlers = new Map(router.handlers.map((handler) => [handler.requestPath, handler]));
  return (exchange) => {
    const handler = handlers.get(exchange.path);
    if (handler !== undefined) void serve(handler, exchange, report);
    else if (!isRpcPath(exchange.path)) return false;
    else unimplemented(exchange);
    return true;
  };
}

async function serve(handler: UniversalHandler, exchange: Exchange, report: Report): Promise<void> {
  const { req, raw } = exchange;
  try {
    const values = createContextValues().set(lostKey, (call) => exchange.onLost(call));
    const answer = await handler(universalRequestFromNodeRequest(req, raw, undefined, values));
    const hint = answer.body === undefined ? HINTS[answer.status] : undefined;
    if (hint === undefined) await universalResponseToNodeResponse(await explained(answer), raw);
    else exchange.answer(answer.status, { code: "unimplemented", message: hint }, { allow: handler.allowedMethods.join(", ") });
  } catch (error) {
    // Mostly the connection is gone, and nobody to tell. What the method left behind is the method's (Call.onLost).
    if (!exchange.closed && ConnectError.from(error).code !== Code.Aborted) report(error, exchange.path);
    if (exchange.closed || raw.headersSent) raw.destroy();
    else exchange.answer(400, { code: "invalid_argument", message: "the request could not be understood" });
  }
}

/** Errors that connect-es itself makes of malformed input have no details: adds what a caller of ours can rely on. */
async function explained(answer: UniversalServerResponse): Promise<UniversalServerResponse> {
  // gRPC: the first message has been asked for, so an error ahead of it stands in the trailer already.
  if (answer.trailer !== undefined) explainTrailer(answer.trailer);
  if (![400, 429, 500].includes(answer.status)) return answer;
  if (answer.header?.get("content-type") !== "application/json" || answer.header.has("content-encoding")) return answer;
  const bytes: Uint8Array[] = [];
  for await (const chunk of answer.body ?? []) bytes.push(chunk);
  const body = Buffer.concat(bytes);
  const error = errorFromJsonBytes(body, undefined, new ConnectError("malformed", Code.InvalidArgument));
  const explanation = explain(error);
  if (explanation === undefined) return { ...answer, body: once(body) };
  const json = Buffer.from(JSON.stringify(errorToJson(explanation, undefined)));
  const header = new Headers(answer.header);
  header.set("content-length", String(json.byteLength));
  return { ...answer, status: codeToHttpStatus(explanation.code), header, body: once(json) };
}

function explainTrailer(trailer: Headers): void {
  const error = findTrailerError(trailer);
  if (error === undefined) return;
  const explanation = explain(error);
  if (explanation !== undefined) setTrailerStatus(trailer, explanation);
  // As gRPC says: connect-es encodes more, and grpc-js would show its users `ttl%3A`.
  const message = (explanation ?? error).rawMessage.replace(/[^\x20-\x24\x26-\x7e]+/gu, encodeURIComponent);
  trailer.set("grpc-message", message);
}

/** What connect-es meant; undefined if the error was ours, or is not about the input. */
function explain(error: ConnectError): ConnectError | undefined {
  if (error.details.length > 0) return undefined;
  if (error.code === Code.ResourceExhausted) {
    const limit = Number(/readMaxBytes (\d+)/.exec(error.rawMessage)?.[1] ?? BODY_LIMIT);
    return failure("TOO_LARGE", `the request is larger than ${limit / 1024} KiB; make it smaller, don't retry it`);
  }
  // It calls bytes that are no message `internal`, but they are the caller's.
  if (error.code !== Code.InvalidArgument && !error.rawMessage.startsWith("parse binary")) return undefined;
  const field = /key "([^"]*)" is unknown/.exec(error.rawMessage)?.[1];
  return failure("MALFORMED", error.rawMessage, { field });
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

function isRpcPath(path: string): boolean {
  return /^\/(callme|grpc)\.[A-Za-z0-9_.]+\/[^/]*$/.test(path);
}

/** A method that this server does not have, said in the caller's protocol. */
function unimplemented({ req, res, path }: Exchange): void {
  const message = `there is no method ${path}; this server may be older than its caller`;
  const type = req.headers["content-type"] ?? "";
  if (type.startsWith("application/grpc"))
    res.writeHead(200, { "content-type": type, "grpc-status": "12", "grpc-message": encodeURI(message) });
  else res.writeHead(404, { "content-type": "application/json" });
  res.end(type.startsWith("application/grpc") ? undefined : JSON.stringify({ code: "unimplemented", message }));
}
