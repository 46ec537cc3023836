/** connect-es on Node's requests and responses; like its own adapter, but unknown methods and malformed input get full answers too. */
import { Code, ConnectError, type ConnectRouter, createConnectRouter, createContextValues } from "@connectrpc/connect";
import type { UniversalHandler } from "@connectrpc/connect/protocol";
import { errorToJson } from "@connectrpc/connect/protocol-connect";
import {
  compressionBrotli,
  compressionGzip,
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from "@connectrpc/connect-node";
import type { Identity } from "../../access/identity.ts";
import { withoutSecrets } from "../../access/secrets.ts";
import { failure, toConnectError } from "../errors.ts";
import type { Exchange } from "../http/exchange.ts";
import { Outlet } from "../http/outlet.ts";
import type { Header } from "../observing.ts";
import { type Report, statusTrailer, unread } from "../thrown.ts";
import { Course, courseKey } from "./course.ts";
import { explained, plainSpoken } from "./foreign.ts";
import { giveAddress, normalise } from "./headers.ts";
import { outletKey } from "./relay.ts";
import { handOverKey, peerKey } from "./router.ts";

/** Messages for statuses that connect-es answers with an empty body, for users of curl. */
function hintFor(status: number, httpMethod: string | undefined): string | undefined {
  if (status === 405) return "call this method with POST";
  if (status !== 415) return undefined;
  if (httpMethod === "GET") return "give the query `encoding=json` and `message={…}`, percent-encoded, or call this method with POST";
  return "send `content-type: application/json` with a JSON body (or application/proto, or one of gRPC's types)";
}

/** What is told of a call that reaches no method. */
export interface Telling {
  /** It was let in, or nobody had asked who it is, when it turned out that it cannot be read, or that its caller is gone. */
  unreached(path: string, header: Header, by: Identity | undefined, error: unknown): void;
  /** There is no such method. */
  unknown(header: Header): void;
}

/** Serves every method of `routes`, first by the `direct` way, where there is one; false when the path is none of them. */
export function rpcHandler(
  routes: (router: ConnectRouter) => void,
  report: Report,
  tell: Telling,
  direct: ((exchange: Exchange) => boolean) | undefined,
): (exchange: Exchange) => boolean {
  // Made by the first call that needs it: a start would wait for it.
  let table: Table | undefined;
  return (exchange) => {
    if (direct?.(exchange)) return true;
    table ??= tableOf(routes);
    const handler = table.handlers.get(exchange.path);
    if (handler !== undefined) void serve(handler, exchange, report, tell);
    else if (!table.organisations.has(organisationOf(exchange.path))) return false;
    else {
      tell.unknown((name) => exchange.header(name));
      unimplemented(exchange);
    }
    return true;
  };
}

/** What connect-es serves, by path. */
interface Table {
  readonly handlers: ReadonlyMap<string, UniversalHandler>;
  readonly organisations: ReadonlySet<string | undefined>;
}

function tableOf(routes: (router: ConnectRouter) => void): Table {
  const router = createConnectRouter({
    acceptCompression: [compressionGzip, compressionBrotli].map(plainSpoken),
    // Small messages are not compressed: a watch would compress each of them again for each of its readers.
    compressMinBytes: 16 * 1024,
  });
  routes(router);
  return {
    handlers: new Map(router.handlers.map((handler) => [handler.requestPath, handler])),
    organisations: new Set(router.handlers.map((handler) => organisationOf(handler.requestPath))),
  };
}

async function serve(handler: UniversalHandler, exchange: Exchange, report: Report, tell: Telling): Promise<void> {
  const { raw, path } = exchange;
  const course = new Course(({ by }, error) => {
    tell.unreached(path, (name) => exchange.header(name), by, exchange.closed ? unread(undefined) : error);
  });
  exchange.onClose(() => course.ended(unread(undefined)));
  try {
    await answer(handler, exchange, course);
  } catch (error) {
    course.ended(error);
    // Usually the connection is gone, and there is nobody to answer. What the method has done it undoes itself, by Call.handOver.
    if (!exchange.closed && ConnectError.from(error).code !== Code.Aborted) report(error, path);
    if (exchange.closed || raw.headersSent) raw.destroy();
    else exchange.answer(500, errorToJson(toConnectError(error), undefined) as object);
  }
}

async function answer(handler: UniversalHandler, exchange: Exchange, course: Course): Promise<void> {
  const { req, raw } = exchange;
  const values = createContextValues()
    .set(handOverKey, (lost) => exchange.handOver(lost))
    .set(peerKey, exchange.peer)
    .set(courseKey, course)
    .set(outletKey, () => new Outlet(raw));
  // A stream of requests may be answered before its end: the sender of what is left would wait for somebody to take it.
  // The request itself cannot be read any more then, as connect-es has destroyed it.
  if ("stream" in raw) raw.stream.once("wantTrailers", () => void raw.stream.removeAllListeners("data").resume());
  giveAddress(exchange);
  const request = universalRequestFromNodeRequest(req, raw, undefined, values);
  normalise(request.header);
  const told = await handler(request);
  if (!course.isRead) exchange.discard();
  const hint = told.body === undefined ? hintFor(told.status, req.method) : undefined;
  if (hint === undefined) return await universalResponseToNodeResponse(await explained(told, course), raw);
  course.ended(failure("UNKNOWN_ENCODING", hint));
  exchange.answer(told.status, { code: "unimplemented", message: hint }, { allow: handler.allowedMethods.join(", ") });
}

/** The first part of a package's name, of a path that looks like a method's; undefined if it does not. */
function organisationOf(path: string): string | undefined {
  return /^\/(\w+)\.[\w.]+\/[^/]*$/.exec(path)?.[1];
}

/** A method that this server does not have, said in the caller's protocol. */
function unimplemented(exchange: Exchange): void {
  const { req, res, path } = exchange;
  const message = `there is no method ${withoutSecrets(path)}; this server may be older than its caller`;
  const type = req.headers["content-type"]?.toLowerCase() ?? "";
  if (!type.startsWith("application/grpc")) {
    exchange.answer(404, { code: "unimplemented", message });
    return;
  }
  exchange.discard();
  const status = Object.fromEntries(statusTrailer(new ConnectError(message, Code.Unimplemented)));
  // gRPC's status in the head must end the stream, as Node's compatibility layer cannot; gRPC-Web has it there.
  const web = type.startsWith("application/grpc-web");
  res.writeHead(200, { "content-type": type, ...(web && status) });
  if (!web) res.addTrailers(status);
  res.end();
}
