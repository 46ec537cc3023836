/** GET /watch: the same watch as WatchEnvironment, one JSON document a line, for curl. */
import { create } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import { codeToHttpStatus, errorToJson } from "@connectrpc/connect/protocol-connect";
import { WatchEnvironmentRequestSchema, WatchEnvironmentResponseSchema } from "../../../gen/ts/callme/v1/lock_service_pb.ts";
import { encoded } from "../encoding/shared.ts";
import { badField, toConnectError } from "../errors.ts";
import { admit, follow, unreached } from "../gate.ts";
import type { Call, Service } from "../methods/call.ts";
import { WATCH } from "../methods/table.ts";
import type { Report } from "../thrown.ts";
import { ExchangeCall } from "./call.ts";
import type { Exchange } from "./exchange.ts";
import { Outlet } from "./outlet.ts";
import { parametersOf } from "./query.ts";

const PARAMETERS = ["environment", "pool", "selector", "since_revision"];

/** The door cuts off a reader that has stopped. */
export async function watchLines(service: Service, exchange: Exchange, report: Report): Promise<void> {
  if (!exchange.admits("GET")) return;
  try {
    const caller = admit(service, WATCH, (name) => exchange.header(name), exchange.peer);
    const call = new ExchangeCall(caller, "connectrpc", exchange);
    const request = readQuery(service, exchange, call);
    const outlet = new Outlet(exchange.raw);
    await follow(service, WATCH, request, call, (message) => {
      const { res } = exchange;
      if (!res.headersSent) res.writeHead(200, { "content-type": "application/x-ndjson", "cache-control": "no-store" });
      return outlet.write(encoded(WatchEnvironmentResponseSchema, message, "line"));
    });
    exchange.res.end();
  } catch (error) {
    const translation = toConnectError(error);
    if (translation !== error) report(error, "/watch");
    fail(exchange, translation);
  }
}

/** Throws what is wrong with it, and tells observers. */
function readQuery(service: Service, exchange: Exchange, call: Call) {
  try {
    return requestOf(exchange);
  } catch (error) {
    unreached(service, WATCH, call, error);
    throw error;
  }
}

function requestOf(exchange: Exchange) {
  const given = new Map<string, string>();
  for (const [name, value] of parametersOf(exchange.query)) {
    if (!PARAMETERS.includes(name)) throw badField(name, `is no parameter of /watch; there are ${PARAMETERS.join(", ")}`);
    if (value === undefined) throw badField(name, "does not decode; percent-encode it as UTF-8");
    given.set(name, value);
  }
  const since = given.get("since_revision") ?? "0";
  if (!/^\d{1,19}$/.test(since))
    throw badField("since_revision", `${JSON.stringify(since)} is not a revision; use one that a watch gave out`);
  const { environment = "", pool = "", selector = "" } = Object.fromEntries(given);
  return create(WatchEnvironmentRequestSchema, { environment, pool, selector, sinceRevision: BigInt(since) });
}

function fail(exchange: Exchange, error: ConnectError): void {
  const head = Object.fromEntries(error.metadata);
  if (!exchange.res.headersSent) exchange.answer(codeToHttpStatus(error.code), errorToJson(error, undefined) as object, head);
  else exchange.res.end(`${JSON.stringify({ error: errorToJson(error, undefined) })}\n`);
}
