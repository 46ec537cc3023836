/** CORS: pages of another origin may call only where the settings name it. */
import { cors } from "@connectrpc/connect";
import type { Exchange } from "./exchange.ts";

const METHODS = ["DELETE", ...cors.allowedMethods].join(", ");
const SENT = [...cors.allowedHeaders, "x-api-key", "authorization"].join(", ");
const READ = [...cors.exposedHeaders, "allow", "retry-after", "x-call-me-holder", "x-call-me-lease-id"].join(", ");
/** How long a browser may remember a preflight, in seconds: as long as Chromium does at most. */
const MAX_AGE = "7200";

/** On every answer, where pages of some origins may call. */
export const VARIES = { vary: "origin" } as const;

/**
 * Tells a browser what a page of an allowed origin may do; true if the request was a preflight, and is answered. A page sends its key in a
 * header and there are no cookies, so `credentials` is never allowed: what a browser would add by itself is worth nothing here.
 */
export function preflighted(exchange: Exchange, origins: ReadonlySet<string>): boolean {
  if (origins.size === 0) return false;
  // Also without an Origin: a cache must not give this answer to a page.
  for (const [name, value] of Object.entries(VARIES)) exchange.raw.setHeader(name, value);
  const origin = exchange.header("origin");
  if (origin === undefined || !origins.has(origin)) return false;
  exchange.raw.setHeader("access-control-allow-origin", origin);
  exchange.raw.setHeader("access-control-expose-headers", READ);
  if (exchange.req.method !== "OPTIONS" || exchange.header("access-control-request-method") === undefined) return false;
  exchange.answer(204, undefined, {
    "access-control-allow-methods": METHODS,
    "access-control-allow-headers": SENT,
    "access-control-max-age": MAX_AGE,
  });
  return true;
}
