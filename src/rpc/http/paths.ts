/** Routes each request by its path. */
import { normalize } from "node:path/posix";
import type { ConnectError } from "@connectrpc/connect";
import { errorToJson } from "@connectrpc/connect/protocol-connect";
import type { Micros } from "../../core/model/units.ts";
import { rpcHandler, type Telling } from "../connect/adapter.ts";
import type { HealthState } from "../connect/health.ts";
import { routes } from "../connect/router.ts";
import { type DirectWay, directWay, type Gate } from "../direct/direct.ts";
import { directStreams, type StreamGate } from "../direct/streams.ts";
import { toConnectError } from "../errors.ts";
import { admit, follow, perform, unreached } from "../gate.ts";
import { countVisit } from "../limiting.ts";
import type { Service } from "../methods/call.ts";
import { METHODS, type StreamingMethod, type UnaryMethod, USUAL, USUAL_STREAMS } from "../methods/table.ts";
import { originOf, systemOf, tellUnknown, tellUnreached } from "../observing.ts";
import type { Report } from "../thrown.ts";
import { preflighted, VARIES } from "./cors.ts";
import { NO_PAGE } from "./door/http1.ts";
import { Exchange } from "./exchange.ts";
import type { Handle, ListenOptions } from "./listen.ts";
import { maybe } from "./maybe.ts";
import { type MetricsPage, metricsRoute } from "./metrics.ts";
import { openapi } from "./openapi.ts";
import { crossSite, isFromPage, misledName } from "./origin.ts";
import { type Page, pageHandlers } from "./page/page.ts";
import type { StreamExchange } from "./stream-exchange.ts";
import { watchLines } from "./watch-lines.ts";

export interface HttpOptions {
  readonly service: Service;
  readonly health: HealthState;
  readonly metrics: MetricsPage;
  readonly legacyTtl: Micros | undefined;
  /** Origins other than ours whose pages may call. */
  readonly corsOrigins: ReadonlySet<string>;
  /** Whether the usual calls go past connect-es. */
  readonly direct: boolean;
  readonly page: Page;
  readonly report: Report;
}

/** Who asks for these, or for the page, is not asked who they are. */
const KEYLESS: ReadonlySet<string> = new Set(["/healthz", "/readyz", "/openapi.json"]);

/** The handlers of every request, over either version of HTTP. */
export function httpHandlers(options: HttpOptions): Pick<ListenOptions, "handle" | "handleStream" | "isLook"> {
  const { service, corsOrigins, report } = options;
  const methods = [...METHODS.values()].filter(({ look }) => look === true).map(({ path }) => path);
  // `/watch` is another form of a method that is one.
  const looks = new Set([...methods, "/watch", ...Object.keys(pageHandlers(options.page))]);
  const isLook = (path: string) => looks.has(path);
  if (!options.direct) return { handle: handler(options, undefined), isLook };
  const gate: Gate<UnaryMethod> & StreamGate<StreamingMethod> = {
    admit: (method, header, peer) => admit(service, method, header, peer),
    unreached: (method, call, error) => unreached(service, method, call, error),
    perform: (method, message, call) => perform(service, method, message, call),
    follow: (method, message, call, tell) => follow(service, method, message, call, tell),
  };
  const fixed = corsOrigins.size === 0 ? NO_PAGE : { ...NO_PAGE, ...VARIES };
  const direct = directWay(USUAL, gate, report, fixed);
  const streams = directStreams(USUAL_STREAMS, gate, report, fixed);
  const handleStream = (exchange: StreamExchange) => {
    const header = (name: string) => exchange.header(name);
    const misled = service.principals.open && misledName(header) !== undefined;
    // One that has to wait is for the other way, which can.
    if (service.principals.awaited(header) !== undefined) return false;
    return !isFromPage(header) && !misled && (direct.http2(exchange) || streams.http2(exchange));
  };
  return { handle: handler(options, (exchange) => direct.http1(exchange) || streams.http1(exchange)), handleStream, isLook };
}

function handler(options: HttpOptions, direct: DirectWay["http1"] | undefined): Handle {
  const { service, health, legacyTtl, corsOrigins, report } = options;
  const rpc = rpcHandler(routes(service, health, report), report, telling(service), direct);
  const page = pageHandlers(options.page);
  const plain: Record<string, (exchange: Exchange) => void | Promise<void>> = {
    ...page,
    "/maybe": (exchange) => maybe(service, legacyTtl, exchange),
    "/watch": (exchange) => watchLines(service, exchange, report),
    "/metrics": metricsRoute(service, options.metrics),
    "/openapi.json": openapi,
    "/healthz": (exchange) => tell(exchange, 200, "ok"),
    "/readyz": (exchange) => (health.serving() ? tell(exchange, 200, "ready") : tell(exchange, 503, "not ready")),
  };
  const keyless = new Set([...KEYLESS, ...Object.keys(page), ...(options.metrics.open ? ["/metrics"] : [])]);
  const route = (exchange: Exchange) => {
    const handle = plain[exchange.path];
    if (handle !== undefined) return run(exchange, handle, report);
    if (rpc(exchange)) return;
    const meant = plain[cleaned(exchange.path)];
    if (meant !== undefined) run(exchange, meant, report);
    else exchange.answer(404, { code: 404, message: `path ${exchange.path} was not found` });
  };
  return (req, res, delivery, neighbour) => {
    const exchange = new Exchange(req, res, delivery, neighbour);
    const header = (name: string) => exchange.header(name);
    const misled = service.principals.open ? misledName(header) : undefined;
    if (misled === undefined && preflighted(exchange, corsOrigins)) return;
    const many = isAdmitted(exchange.path) ? undefined : refusedVisit(service, exchange);
    if (many !== undefined) return exchange.answer(429, errorToJson(many, undefined) as object, Object.fromEntries(many.metadata));
    const stranger = misled ?? crossSite(req.method, header, corsOrigins);
    if (stranger !== undefined) return exchange.answer(403, { code: "permission_denied", message: stranger });
    const awaited = keyless.has(exchange.path) ? undefined : service.principals.awaited(header);
    if (awaited === undefined) return route(exchange);
    return awaited.then(() => exchange.closed || route(exchange)).then(() => {});
  };
}

/** Tells observers of what reaches no method; not of services without a key. */
function telling({ engine }: Service): Telling {
  const { observed } = engine;
  return {
    unreached: (path, header, by, error) => {
      const method = METHODS.get(path);
      const origin = by?.origin ?? originOf(observed, header);
      if (method !== undefined) tellUnreached(observed, method, { system: systemOf(header), by, origin }, error);
    },
    unknown: (header) => tellUnknown(observed, header),
  };
}

/** Whether what is asked for is counted where it is let in: mostly at the gate, where it asks who it is for. */
function isAdmitted(path: string): boolean {
  return METHODS.has(path) || path === "/maybe" || path === "/watch" || path === "/metrics";
}

function refusedVisit({ throttle }: Service, exchange: Exchange): ConnectError | undefined {
  try {
    countVisit(throttle, exchange.peer);
    return undefined;
  } catch (error) {
    return toConnectError(error);
  }
}

/** The path without redundant slashes and dots: the original served `/maybe/` as `/maybe`. */
function cleaned(path: string): string {
  return normalize(path).replace(/(?<=.)\/$/, "");
}

function tell(exchange: Exchange, status: number, words: string): void {
  if (exchange.admits("GET", "HEAD")) exchange.answer(status, { status: words });
}

function run(exchange: Exchange, handle: (exchange: Exchange) => void | Promise<void>, report: Report): void {
  Promise.resolve()
    .then(() => handle(exchange))
    .catch((error: unknown) => {
      report(error, exchange.path);
      if (exchange.res.headersSent) exchange.res.destroy();
      else exchange.answer(500, { code: 500, message: "internal error; the server's log has the cause" });
    });
}
