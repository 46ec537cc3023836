/** GET /metrics: the server's figures, for a monitoring system. */
import { Readable } from "node:stream";
import { createGzip } from "node:zlib";
import { codeToHttpStatus, errorToJson } from "@connectrpc/connect/protocol-connect";
import { networkOf } from "../../access/address.ts";
import { Tally } from "../../access/tally.ts";
import type { Sight } from "../../core/access/sight.ts";
import { failure, toConnectError } from "../errors.ts";
import { admit } from "../gate.ts";
import { countVisit } from "../limiting.ts";
import type { Service } from "../methods/call.ts";
import { METRICS } from "../methods/table.ts";
import { sightOf } from "../sight.ts";
import type { Exchange } from "./exchange.ts";
import { takesGzip } from "./gzip.ts";
import { Outlet } from "./outlet.ts";
import { routed } from "./routed.ts";

/** The figures as text, in pieces. */
export interface MetricsPage {
  /** Whether nobody is asked for a key. */
  readonly open: boolean;
  /** Of environments and pools what `sight` sees, or all. */
  text(sight: Sight | undefined): Promise<readonly Uint8Array[]>;
}

/** How many read it at once, in all and of one address: what a reader that does not read leaves unsent is in memory, and can be tens of MB. */
const READERS = { total: 5, address: 2 };
const HEADERS = {
  "content-type": "text/plain; version=0.0.4; charset=utf-8",
  "cache-control": "no-store",
  vary: "accept-encoding",
};

/** Answers with what the caller may see of it; a reader that is slow holds nobody up, and is cut off by the door when it has stopped. */
export function metricsRoute(service: Service, page: MetricsPage): (exchange: Exchange) => Promise<void> {
  const readers = new Readers();
  return async (exchange) => {
    if (!exchange.admits("GET")) return;
    await routed(service.engine.observed, exchange, {
      name: METRICS.name,
      admit: () => {
        if (!page.open) return admit(service, METRICS, (name) => exchange.header(name), exchange.peer);
        countVisit(service.throttle, exchange.peer);
        return undefined;
      },
      answer: async (by) => {
        using _ = readers.enter(exchange.peer.address);
        await send(await page.text(by && sightOf(by)), exchange);
      },
      refuse: (error) => {
        if (exchange.res.headersSent) throw error;
        const refusal = toConnectError(error);
        if (refusal !== error) throw error;
        exchange.answer(codeToHttpStatus(refusal.code), errorToJson(refusal, undefined) as object, Object.fromEntries(refusal.metadata));
      },
    });
  };
}

/** Counts who reads at the moment. */
class Readers {
  readonly #ofAddress = new Tally();
  #total = 0;

  /** Throws resource_exhausted where there are enough. */
  enter(address: string): Disposable {
    const from = networkOf(address);
    const own = this.#ofAddress.of(from);
    if (own >= READERS.address) throw tooMany(`${own} others from your address read`);
    if (this.#total >= READERS.total) throw tooMany(`${this.#total} others read`);
    this.#total++;
    this.#ofAddress.add(from);
    return {
      [Symbol.dispose]: () => {
        this.#total--;
        this.#ofAddress.remove(from);
      },
    };
  }
}

function tooMany(who: string): Error {
  return failure("RATE_LIMITED", `${who} the metrics just now; try again a little later`);
}

async function send(pieces: readonly Uint8Array[], exchange: Exchange): Promise<void> {
  exchange.discard();
  const outlet = new Outlet(exchange.raw);
  const isPacked = takesGzip(exchange.header("accept-encoding") ?? "");
  exchange.res.writeHead(200, { ...HEADERS, ...(isPacked && { "content-encoding": "gzip" }) });
  for await (const piece of isPacked ? packed(pieces) : pieces) {
    if (exchange.closed) return;
    await outlet.write(piece);
  }
  exchange.res.end();
}

/** Packed by threads of its own, no faster than it is read. */
function packed(pieces: readonly Uint8Array[]): AsyncIterable<Uint8Array> {
  return Readable.from(pieces).pipe(createGzip({ level: 1 }));
}
