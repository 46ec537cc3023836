/** Routes each request by its path. */
import { normalize } from "node:path/posix";
import type { Micros } from "../../core/model.ts";
import { rpcHandler } from "../connect/adapter.ts";
import type { Report } from "../connect/foreign.ts";
import type { HealthState } from "../connect/health.ts";
import { routes } from "../connect/router.ts";
import { directWay, type Gate } from "../direct/direct.ts";
import { admit, perform } from "../gate.ts";
import type { Service } from "../methods/call.ts";
import { type UnaryMethod, USUAL } from "../methods/table.ts";
import { allowedOrigin, preflighted } from "./cors.ts";
import { Exchange } from "./exchange.ts";
import type { Handle } from "./listen.ts";
import { maybe } from "./maybe.ts";
import { openapi } from "./openapi.ts";
import { watchLines } from "./watch-lines.ts";

export interface HttpOptions {
  readonly service: Service;
  readonly health: HealthState;
  readonly legacyTtl: Micros | undefined;
  /** Origins other than ours whose pages may call. */
  readonly corsOrigins: ReadonlySet<string>;
  /** Whether the usual calls go past connect-es. */
  readonly direct: boolean;
  readonly report: Report;
}

/** The handler of every request, over either version of HTTP. */
export function httpHandler({ service, health, legacyTtl, corsOrigins, direct, report }: HttpOptions): Handle {
  const gate: Gate<UnaryMethod> = {
    admit: (method, exchange) => admit(service, method, (name) => exchange.header(name)),
    perform: (method, message, call) => perform(service, method, message, call),
  };
  const rpc = rpcHandler(routes(service, health, report), report, direct ? directWay(USUAL, gate, report) : undefined);
  const plain: Record<string, (exchange: Exchange) => void | Promise<void>> = {
    "/maybe": (exchange) => maybe(service, legacyTtl, exchange),
    "/watch": (exchange) => watchLines(service, exchange, report),
    "/openapi.json": openapi,
    "/healthz": (exchange) => tell(exchange, 200, "ok"),
    "/readyz": (exchange) => (health.serving() ? tell(exchange, 200, "ready") : tell(exchange, 503, "not ready")),
  };
  return (req, res, delivery) => {
    const exchange = new Exchange(req, res, delivery);
    const misled = service.principals.open ? misledName(exchange) : undefined;
    if (misled === undefined && preflighted(exchange, corsOrigins)) return;
    const stranger = misled ?? crossSite(exchange, corsOrigins);
    if (stranger !== undefined) return exchange.answer(403, { code: "permission_denied", message: stranger });
    const handle = plain[exchange.path];
    if (handle !== undefined) return run(exchange, handle, report);
    if (rpc(exchange)) return;
    const meant = plain[cleaned(exchange.path)];
    if (meant !== undefined) run(exchange, meant, report);
    else exchange.answer(404, { code: 404, message: `path ${exchange.path} was not found` });
  };
}

/** The path without redundant slashes and dots: the original served `/maybe/` as `/maybe`. */
function cleaned(path: string): string {
  return normalize(path).replace(/(?<=.)\/$/, "");
}

/**
 * Guards a server without a key against DNS rebinding: why a request is refused whose host name is none of this machine's own; undefined if
 * it is one.
 */
function misledName(exchange: Exchange): string | undefined {
  const host = hostOf(exchange);
  if (/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])?(:\d+)?$/i.test(host)) return undefined;
  return `without an API_KEY this server answers to localhost only, not to ${host.slice(0, 100)}`;
}

/**
 * Why a request looks like one that a web page of somebody else made a browser send; undefined if it doesn't. The rules of Go 1.25's
 * CrossOriginProtection.
 */
function crossSite(exchange: Exchange, trusted: ReadonlySet<string>): string | undefined {
  if (exchange.req.method === "GET" || exchange.req.method === "HEAD") return undefined;
  if (allowedOrigin(exchange, trusted) !== undefined) return undefined;
  const site = exchange.header("sec-fetch-site");
  const origin = exchange.header("origin");
  const own =
    site === undefined ? origin === undefined || URL.parse(origin)?.host === hostOf(exchange) : site === "same-origin" || site === "none";
  return own ? undefined : "a page of another site may not change anything here; the server's CALL_ME_CORS_ORIGINS can allow its origin";
}

function hostOf(exchange: Exchange): string {
  return exchange.header(":authority") ?? exchange.header("host") ?? "";
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
