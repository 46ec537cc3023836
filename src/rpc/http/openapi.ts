import description from "../../../gen/openapi/callme.openapi.json" with { type: "json" };
import type { Exchange } from "./exchange.ts";

/** GET /openapi.json: what this server answers in JSON, for whoever asks; generated from the contract. */
export function openapi(exchange: Exchange): void {
  if (exchange.admits("GET", "HEAD")) exchange.answer(200, description, { "cache-control": "no-cache" });
}
