/** GET /metrics: the server's figures, for a monitoring system. */
import { codeToHttpStatus, errorToJson } from "@connectrpc/connect/protocol-connect";
import type { Identity } from "../../access/identity.ts";
import type { Sight } from "../../core/access/sight.ts";
import { codeOf, failure, OK, toConnectError } from "../errors.ts";
import { admit } from "../gate.ts";
import type { Service } from "../methods/call.ts";
import { METRICS } from "../methods/table.ts";
import { sightOf } from "../sight.ts";
import type { Exchange } from "./exchange.ts";
import { Outlet } from "./outlet.ts";

/** The figures as text, in pieces. */
export interface MetricsPage {
  /** Whether nobody is asked for a key. */
  readonly open: boolean;
  /** Of environments and pools what `sight` sees, or all. */
  text(sight: Sight | undefined): Promise<readonly Uint8Array[]>;
}

/** How many read it at once: what a reader that does not read leaves unsent is in memory, and can be tens of MB. */
const READERS = 5;

/** Answers with what the caller may see of it; a reader that is slow holds nobody up, and is cut off by the door when it has stopped. */
export function metricsRoute(service: Service, page: MetricsPage): (exchange: Exchange) => Promise<void> {
  let readers = 0;
  return async (exchange) => {
    if (!exchange.admits("GET")) return;
    let by: Identity | undefined;
    try {
      if (!page.open) by = admit(service, METRICS, (name) => exchange.header(name), exchange.peer);
      if (readers >= READERS) throw failure("RATE_LIMITED", `${readers} others read the metrics just now; try again a little later`);
    } catch (error) {
      const refusal = toConnectError(error);
      exchange.answer(codeToHttpStatus(refusal.code), errorToJson(refusal, undefined) as object, Object.fromEntries(refusal.metadata));
      return;
    }
    const ended = service.engine.observed.called({ method: METRICS.name, by, origin: by?.origin });
    readers++;
    try {
      await send(await page.text(by && sightOf(by)), exchange);
      ended(OK);
    } catch (error) {
      ended(codeOf(error));
      throw error;
    } finally {
      readers--;
    }
  };
}

async function send(pieces: readonly Uint8Array[], exchange: Exchange): Promise<void> {
  exchange.discard();
  const outlet = new Outlet(exchange.raw);
  exchange.res.writeHead(200, { "content-type": "text/plain; version=0.0.4; charset=utf-8", "cache-control": "no-store" });
  for (const piece of pieces) await outlet.write(piece);
  exchange.res.end();
}
