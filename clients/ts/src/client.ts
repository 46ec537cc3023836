import http from "node:http";
import https from "node:https";
import { createClient, type Interceptor, type Client as RawClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { AccessService } from "../../../gen/ts/callme/v1/access_service_pb.ts";
import { EnvironmentService } from "../../../gen/ts/callme/v1/environment_service_pb.ts";
import { InsightService } from "../../../gen/ts/callme/v1/insight_service_pb.ts";
import { LockService } from "../../../gen/ts/callme/v1/lock_service_pb.ts";
import { type Lease, LeaseState } from "../../../gen/ts/callme/v1/types_pb.ts";
import { giveBack, KEY_HEADER, type Locks } from "./calls.ts";
import { type Facts, factsOf } from "./facts.ts";
import { HeldLease } from "./lease.ts";
import { Limit } from "./limit.ts";
import { type HoldOptions, type Request, requestFor, type Wanted } from "./options.ts";
import { addressOf, keyOf } from "./settings.ts";
import { checkDetached, checkTicket, type Ticket } from "./ticket.ts";
import { FileAgent, type TlsFiles, tlsFilesIn } from "./tls.ts";
import { bearing, beside } from "./token/bearer.ts";
import { tokensBeside, tokensFor } from "./token/tokens.ts";
import { unheardOf } from "./unheard.ts";
import { Waiting } from "./waiting.ts";

/** Where the server is and what opens it. */
export interface ClientOptions {
  /** CALL_ME_URL unless given, or else http://127.0.0.1:8000. */
  readonly url?: string;
  /**
   * An API key, or a lease token; CALL_ME_API_KEY unless given. Empty: none is sent. Where neither says one, the CI system's token for this
   * job is, if there is one: rule 13 of clients/README.md.
   */
  readonly key?: string;
  /** For https: the authorities of the server's certificate, and our own; CALL_ME_CA, CALL_ME_CLIENT_CERT and CALL_ME_CLIENT_KEY unless given. */
  readonly tls?: TlsFiles;
  /** Connect over HTTP/1.1 unless given: it passes through every proxy. For gRPC: `createGrpcTransport` of @connectrpc/connect-node. */
  readonly transport?: (options: { baseUrl: string; interceptors: Interceptor[] }) => Transport;
}

/** How to pick up what was asked for before. */
export type PickUpOptions = Pick<HoldOptions, "signal" | "onWaiting">;

/** What runs while the environments are held. When `signal` aborts it must stop. */
export type Body<T> = (lease: HeldLease, signal: AbortSignal) => Promise<T> | T;

/** Holds environments of a call-me server. */
export class Client {
  /** All calls of LockService, as they are. */
  readonly locks: Locks;
  /** All calls of EnvironmentService, as they are. */
  readonly environments: RawClient<typeof EnvironmentService>;
  /** All calls of InsightService, as they are. */
  readonly insight: RawClient<typeof InsightService>;
  /** All calls of AccessService, as they are. */
  readonly access: RawClient<typeof AccessService>;
  readonly #url: string;

  /** Throws a TypeError if the address is none, no header can carry the key, or a setting for tokens or TLS is wrong. */
  constructor({ url, key, tls = tlsFilesIn(process.env), transport = (options) => overHttp1(options, tls) }: ClientOptions = {}) {
    const baseUrl =
      url === undefined ? addressOf("CALL_ME_URL", process.env["CALL_ME_URL"] || "http://127.0.0.1:8000") : addressOf("url", url);
    this.#url = baseUrl;
    const opener = key === undefined ? keyOf("CALL_ME_API_KEY", process.env["CALL_ME_API_KEY"] ?? "") : keyOf("key", key);
    const authenticate: Interceptor = (next) => (request) => {
      // A lease's own token comes first: see withToken.
      if (opener !== "" && !request.header.has(KEY_HEADER)) request.header.set(KEY_HEADER, opener);
      return next(request);
    };
    const shared = transport({ baseUrl, interceptors: [authenticate, ...(key === undefined ? identifying(baseUrl, opener, tls) : [])] });
    this.locks = createClient(LockService, shared);
    this.environments = createClient(EnvironmentService, shared);
    this.insight = createClient(InsightService, shared);
    this.access = createClient(AccessService, shared);
  }

  /**
   * Waits until all that is wanted is held together, through restarts of the server, and keeps it by renewing until the body has ended;
   * what the body returns or throws comes out, and the lease is released. Without a body the answer is the lease, for `await using`.
   * Throws NotAcquired, LeaseLost, CancelRequested from a body that stopped for it, the signal's reason, the ConnectError of a call that the server refused, or never answered, or a
   * TypeError for what cannot be asked.
   */
  hold(wanted: Wanted | readonly Wanted[], options?: HoldOptions): Promise<HeldLease>;
  hold<T>(wanted: Wanted | readonly Wanted[], body: Body<T>): Promise<T>;
  hold<T>(wanted: Wanted | readonly Wanted[], options: HoldOptions, body: Body<T>): Promise<T>;
  async hold<T>(wanted: Wanted | readonly Wanted[], options: HoldOptions | Body<T> = {}, body?: Body<T>): Promise<T | HeldLease> {
    if (typeof options === "function") return await this.hold(wanted, {}, options);
    if (body !== undefined && typeof body !== "function") throw new TypeError(`the body of a hold is a function, not ${typeof body}`);
    const lease = await this.#take(options, requestFor(wanted, options));
    return body === undefined ? lease : await run(lease, body);
  }

  /**
   * Asks, and leaves the place in line, or what was granted at once, to another process: see pickUp. Nobody keeps it meanwhile, so `ttl`,
   * `ticketTtl` and `claimTimeout` must be given (not with `autoClaim`). Throws as `hold` does before the body begins; what has been asked
   * for by then is given up.
   */
  async detach(wanted: Wanted | readonly Wanted[], options: HoldOptions): Promise<Ticket> {
    checkDetached(options);
    const request = requestFor(wanted, options);
    const { lease, leaseToken } = await this.#wait(options, request, async (waiting) => await waiting.left());
    return { leaseId: lease.id, leaseToken, requestId: request.requestId };
  }

  /**
   * Holds what another process has asked for by `detach`; from here on it is as `hold`. Who has lost the ticket's token, but has the key, calls
   * `hold` with all that `detach` was given, `requestId` and `holder` included. Throws NotAcquired if it has ended meanwhile.
   */
  pickUp(ticket: Ticket, options?: PickUpOptions): Promise<HeldLease>;
  pickUp<T>(ticket: Ticket, body: Body<T>): Promise<T>;
  pickUp<T>(ticket: Ticket, options: PickUpOptions, body: Body<T>): Promise<T>;
  async pickUp<T>(ticket: Ticket, options: PickUpOptions | Body<T> = {}, body?: Body<T>): Promise<T | HeldLease> {
    if (typeof options === "function") return await this.pickUp(ticket, {}, options);
    checkTicket(ticket);
    const lease = await this.#take(options, ticket);
    return body === undefined ? lease : await run(lease, body);
  }

  /**
   * Releases a lease, of whatever process, by its token alone, and tells facts with that; one that has ended already is no error. Throws a
   * ConnectError.
   */
  async release(leaseId: string, leaseToken: string, facts: Facts = {}): Promise<void> {
    await giveBack(this.locks, { leaseId, facts: factsOf(facts) }, leaseToken, new AbortController().signal).catch((error: unknown) => {
      throw unheardOf(error, this.#url);
    });
  }

  async #take(options: PickUpOptions, asked: Request | Ticket): Promise<HeldLease> {
    options.signal?.throwIfAborted();
    const limit = new Limit({ follows: options.signal });
    try {
      return await this.#wait({ ...options, signal: limit.signal }, asked, async (waiting) => {
        for (;;) {
          const { lease, leaseToken } = await waiting.granted();
          const held = await HeldLease.keep(this.locks, lease, leaseToken, limit);
          if (held !== undefined) return held;
        }
      });
    } catch (error) {
      limit[Symbol.dispose]();
      throw error;
    }
  }

  /** Names the address in errors of what no server has judged. */
  async #wait<T>({ signal, onWaiting }: PickUpOptions, asked: Request | Ticket, settle: (waiting: Waiting) => Promise<T>): Promise<T> {
    signal?.throwIfAborted();
    const observer = { seen: moves(onWaiting) };
    try {
      using waiting = new Waiting(this.locks, asked, { signal: signal ?? new AbortController().signal, observer });
      return await settle(waiting);
    } catch (error) {
      throw unheardOf(error, this.#url);
    }
  }
}

/** Shows the tokens of the CI job, if it has any: in place of a key or a client certificate, or beside them where somebody names their source. */
function identifying(url: string, key: string, { cert }: TlsFiles): Interceptor[] {
  const wanted = { url, env: process.env };
  const tokens = key === "" && cert === undefined ? tokensFor(wanted) : tokensBeside(wanted);
  if (tokens === undefined) return [];
  return [key === "" ? bearing(tokens) : beside(tokens, key)];
}

/** Passes a lease on while it is in line, whenever its place there has changed. */
function moves(tell: (lease: Lease) => void = () => {}): (lease: Lease) => void {
  let before = "";
  return (lease) => {
    const place = `${lease.position} of ${lease.queueLength}`;
    if (lease.state === LeaseState.QUEUED && place !== before) tell(lease);
    before = place;
  };
}

async function run<T>(lease: HeldLease, body: Body<T>): Promise<T> {
  try {
    const value = await body(lease, lease.signal);
    if (lease.loss !== undefined) throw lease.loss;
    return value;
  } catch (error) {
    const { loss } = lease;
    if (loss === undefined) throw error;
    // Whatever went wrong once the lease was lost went wrong because of that.
    if (!leadsTo(error, loss)) loss.cause = error;
    throw loss;
  } finally {
    await lease.release();
  }
}

/** Whether an error is another one, or came from it: the body may have wrapped the reason of its signal. */
function leadsTo(error: unknown, origin: Error, depth = 32): boolean {
  return error === origin || (error instanceof Error && depth > 0 && leadsTo(error.cause, origin, depth - 1));
}

/** Connect over HTTP/1.1, through no proxy. Throws a TypeError if the files cannot be used. */
export function overHttp1(options: { baseUrl: string; interceptors: Interceptor[] }, files: TlsFiles): Transport {
  // As Node's own, but for the proxies of the environment, which that uses where NODE_USE_ENV_PROXY is set: rule 1 of clients/README.md.
  const own = { keepAlive: true, scheduling: "lifo", timeout: 5_000 } as const;
  const agent = options.baseUrl.startsWith("https:") ? secureAgent(files, own) : new http.Agent(own);
  return createConnectTransport({ ...options, httpVersion: "1.1", nodeOptions: { agent } });
}

/** Where no file is given, sessions can be resumed. */
function secureAgent(files: TlsFiles, options: https.AgentOptions): https.Agent {
  return Object.values(files).every((file) => file === undefined) ? new https.Agent(options) : new FileAgent(files, options);
}
