/** The original service's one route, kept to the letter: /maybe?environment=NAME with X-API-KEY. Facts are added in headers only. */
import { Code } from "@connectrpc/connect";
import type { Identity } from "../../access/identity.ts";
import { hasSecret } from "../../access/secrets.ts";
import type { Acquire } from "../../core/command.ts";
import { limits } from "../../core/limits.ts";
import { whoOf } from "../../core/model/lease.ts";
import type { Pool } from "../../core/model/pool.ts";
import type { Micros } from "../../core/model/units.ts";
import { wouldGrant } from "../../core/view.ts";
import { reasonOf, refused, toConnectError } from "../errors.ts";
import { admit, turnOf } from "../gate.ts";
import { demand } from "../guards.ts";
import { allowedAcquire } from "../methods/allowance.ts";
import type { Service } from "../methods/call.ts";
import { newLeaseId } from "../methods/ids.ts";
import { outlook } from "../methods/outlook.ts";
import { MAYBE } from "../methods/table.ts";
import { noteRefusal } from "../refusing.ts";
import { ExchangeCall } from "./call.ts";
import type { Exchange } from "./exchange.ts";
import { parametersOf } from "./query.ts";
import { routed } from "./routed.ts";

/** Answers a request to /maybe. `ttl` is CALL_ME_LEGACY_TTL: without it a lease taken here lives until it is freed. */
export async function maybe(service: Service, ttl: Micros | undefined, exchange: Exchange): Promise<void> {
  if (!exchange.admits("DELETE", "GET", "POST")) return;
  const method = exchange.req.method as keyof typeof MAYBE;
  const rule = MAYBE[method];
  await routed(service.engine.observed, exchange, {
    name: rule.name,
    admit: () => admit(service, rule, (name) => exchange.header(name), exchange.peer),
    answer: (caller) => answer(service, ttl, { exchange, method, caller }),
    refuse: (error) => answerRefusal(error, exchange),
  });
}

/** A request that was let in. */
interface Admitted {
  readonly exchange: Exchange;
  readonly method: keyof typeof MAYBE;
  readonly caller: Identity;
}

async function answer(service: Service, ttl: Micros | undefined, { exchange, method, caller }: Admitted): Promise<void> {
  if (refusesBody(method, exchange)) return;
  await turnOf(service, caller);
  const environment = nameIn(exchange.query);
  if (environment === "") return exchange.answer(422, { code: 602, message: "environment in query is required" });
  if (hasSecret(environment))
    return exchange.answer(422, { code: 602, message: "environment in query has a key in it; send that as x-api-key" });
  mayDo(service, method, environment, caller);
  if (method === "GET") look(service, environment, caller, exchange);
  else if (method === "POST") await take(service, ttl, environment, caller, exchange);
  else await free(service, environment, caller, exchange);
}

/** Throws, and puts on record, where the caller may not do this to the environment. */
function mayDo({ engine }: Service, method: keyof typeof MAYBE, environment: string, caller: Identity): void {
  const rule = MAYBE[method];
  try {
    demand(caller, rule.access[0], engine.views.homeOf(environment).name, environment);
  } catch (error) {
    noteRefusal(engine.observed, rule, caller, error, { environment });
    throw error;
  }
}

/** Refuses a body that the original did not accept; tells whether it did. */
function refusesBody(method: keyof typeof MAYBE, exchange: Exchange): boolean {
  const { size } = MAYBE[method];
  const type = exchange.header("content-type") ?? "";
  if (Number(exchange.header("content-length") ?? 0) > size)
    exchange.answer(413, { code: 413, message: `the body is larger than ${size / 1024} KiB` });
  else if (method !== "GET" && hasBody(exchange) && !/^application\/json\s*(;|$)/i.test(type))
    exchange.answer(415, { code: 415, message: `unsupported media type ${JSON.stringify(type)}, only [application/json] are allowed` });
  else return false;
  return true;
}

/** Answers an error of the gate or the store, in the original's words where it had some. */
function answerRefusal(error: unknown, exchange: Exchange): void {
  const { rawMessage: message, code, metadata } = toConnectError(error);
  if (reasonOf(error) === "NO_KEY") exchange.answer(401, { code: 401, message: "unauthenticated for invalid credentials" });
  else if (code === Code.Unauthenticated || code === Code.PermissionDenied)
    exchange.answer(401, { code: 401, message: "incorrect api key auth" });
  else if (code === Code.Unavailable || code === Code.ResourceExhausted)
    exchange.answer(503, { code: 503, message }, { "retry-after": metadata.get("retry-after") ?? "5" });
  else throw error;
}

/** The last `environment` of the query that decodes; empty if there is none. */
function nameIn(query: string): string {
  let name = "";
  for (const [parameter, value] of parametersOf(query)) if (parameter === "environment" && value !== undefined) name = value;
  return name;
}

function look(service: Service, environment: string, caller: Identity, exchange: Exchange): void {
  if (outlook(service, { environment }, caller)[0]?.available) exchange.answer(200);
  else exchange.answer(403, undefined, holderHeaders(service.engine.views.homeOf(environment), environment));
}

async function take(service: Service, ttl: Micros | undefined, environment: string, caller: Identity, exchange: Exchange): Promise<void> {
  const { engine } = service;
  const id = newLeaseId();
  const pool = engine.views.homeOf(environment);
  const command = allowedAcquire(service, caller, "USE", pool.name, takeCommand(id, environment, caller, service.autoCreate, ttl));
  const reply = await engine.acquire({ pool: pool.name, command }, new ExchangeCall(caller, "http", exchange));
  if (!reply.ok && (reply.reason === "LIMIT_REACHED" || reply.reason === "QUOTA_REACHED"))
    return exchange.answer(503, { code: 503, message: reply.message }, { "retry-after": "10" });
  if (!reply.ok || reply.lease?.state !== "HELD") return exchange.answer(403, undefined, holderHeaders(reply.pool, environment));
  exchange.answer(201, undefined, { "x-call-me-lease-id": id });
}

async function free(service: Service, environment: string, by: Identity, exchange: Exchange): Promise<void> {
  const pool = service.engine.views.homeOf(environment);
  const reply = await service.engine.submit(pool.name, { type: "releaseLegacy", by, environment }, new ExchangeCall(by, "http", exchange));
  // Nothing was held; but a slot that rests, is claimed or out of service is not free either, and a 204 would say so.
  if (!reply.ok) noteRefusal(service.engine.observed, MAYBE.DELETE, by, refused(reply), { environment });
  const taken = reply.pool.sites.has(environment) && !wouldGrant(reply.pool, environment, service.engine.views.now());
  if (!reply.ok || (reply.lease === undefined && taken)) return exchange.answer(403, undefined, holderHeaders(reply.pool, environment));
  exchange.answer(204, undefined, reply.lease === undefined ? {} : { "x-call-me-lease-id": reply.lease.id });
}

function takeCommand(id: string, environment: string, by: Identity, autoCreate: boolean, ttl: Micros | undefined): Acquire {
  return {
    type: "acquire",
    id,
    by,
    needs: [{ environment, slots: 1 }],
    autoCreate,
    ifBusy: "FAIL",
    ...(ttl === undefined ? {} : { ttl }),
    ticketTtl: limits.ticketTtl.default,
    claimTimeout: limits.claimTimeout.default,
    priority: 0,
    fingerprint: "",
    holder: { name: "", kind: "PIPELINE", runUrl: "", repository: "", ref: "", sha: "", job: "", actor: "" },
    reason: "taken through /maybe",
    tags: [],
    legacy: true,
  };
}

/** Headers that tell who holds the environment, in printable ASCII. */
function holderHeaders(pool: Pool, environment: string): Record<string, string> {
  const first = pool.sites.get(environment)?.occupants.first()?.[1];
  const lease = first === undefined ? undefined : pool.leases.get(first);
  const headers: Record<string, string> = { "retry-after": "5" };
  if (lease === undefined) return headers;
  return { ...headers, "x-call-me-lease-id": lease.id, "x-call-me-holder": whoOf(lease).replace(/[^\x20-\x7e]/g, "?") };
}

function hasBody({ req }: Exchange): boolean {
  const length = req.headers["content-length"];
  if (length !== undefined) return Number(length) > 0;
  return "stream" in req ? !req.stream.endAfterHeaders : req.headers["transfer-encoding"] !== undefined;
}
