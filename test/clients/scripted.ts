// A server that says of one lease what a scenario wants: for what a real one does too rarely, such as taking a grant back.
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { ConnectError, ConnectRouter } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { type AcquireRequest, LockService } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { type Lease, LeaseSchema, LeaseState, WatchKind } from "../../gen/ts/callme/v1/types_pb.ts";
import { type Listening, listen } from "../../src/rpc/http/listen.ts";
import { seconds } from "../outside/clients.ts";

const ID = "44444444-2222-3333-4444-555555555555";
export const TOKEN = `cml_${ID}_secret`;

/** The lease, on uat, in a state; granted with this fencing token, if it is. */
export function leaseIn(state: LeaseState, more: Exclude<MessageInitShape<typeof LeaseSchema>, Lease> = {}, fencingToken = 0n): Lease {
  const ttl = seconds(3);
  return create(LeaseSchema, { id: ID, state, environments: [{ name: "uat", slots: 1, fencingToken }], ttl, ttlRemaining: ttl, ...more });
}

/** It is the holder's turn. */
export const held = (fencingToken = 7n) => leaseIn(LeaseState.HELD, {}, fencingToken);
/** It waits in line. */
export const queued = () => leaseIn(LeaseState.QUEUED, { position: 1, queueLength: 1, ttlRemaining: undefined });

/** A call that came, with the key that opened it. */
export interface Call {
  readonly method: "Acquire" | "GetLease" | "Renew" | "Release" | "WatchLease";
  readonly key: string | null;
  /** The token that it bore instead. */
  readonly bearer?: string;
}

/** What is asked, the how manieth time it is, and how long the caller stays for the answer, in ms. */
export type Answer = (asked: AcquireRequest, time: number, stays: number) => Lease | Promise<Lease>;

export class ScriptedServer implements AsyncDisposable {
  readonly key = "crj";
  /** All that came so far, in order. */
  readonly calls: Call[] = [];
  /** What an Acquire is answered; it may throw a ConnectError. */
  acquire: Answer = () => held();
  /** What a Renew is answered, the how manieth time it is. */
  renew: (time: number) => Lease = () => held();
  /** What a call is refused with instead of any answer, the how manieth time it is; undefined: it is answered. */
  refuse: (method: Call["method"], time: number, call: Call) => ConnectError | undefined = () => undefined;
  /** All facts that were told, in order, by Renew or Release. */
  readonly facts: Readonly<Record<string, string>>[] = [];
  #seen = held();
  #told = Promise.withResolvers<void>();
  #streams = 0;
  #door: Listening | undefined;

  /** Opens it on a free port. */
  async start(): Promise<this> {
    const log = { warn: () => undefined, debug: () => undefined };
    this.#door = await listen({
      host: "127.0.0.1",
      port: 0,
      handle: connectNodeAdapter({ routes: (router) => this.#route(router) }),
      log,
    });
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#door?.port}`;
  }

  /** How many of them came so far. */
  count(method: Call["method"]): number {
    return this.calls.filter((call) => call.method === method).length;
  }

  /** How many streams are open. */
  get streams(): number {
    return this.#streams;
  }

  /** Says on every stream, open or yet to come, that the lease is like this. */
  tell(lease: Lease): void {
    this.#seen = lease;
    this.#told.resolve();
    this.#told = Promise.withResolvers();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#door?.drain(0);
  }

  #hear(facts: Readonly<Record<string, string>>): void {
    if (Object.keys(facts).length > 0) this.facts.push(facts);
  }

  #came(method: Call["method"], header: Headers): number {
    const [, bearer] = /^Bearer (.*)$/.exec(header.get("authorization") ?? "") ?? [];
    const call = { method, key: header.get("x-api-key"), ...(bearer !== undefined && { bearer }) };
    this.calls.push(call);
    const time = this.count(method);
    const refusal = this.refuse(method, time, call);
    if (refusal !== undefined) throw refusal;
    return time;
  }

  #route(router: ConnectRouter): void {
    router.service(LockService, {
      acquire: async (asked, { requestHeader, timeoutMs }) => {
        const time = this.#came("Acquire", requestHeader);
        return { lease: await this.acquire(asked, time, timeoutMs() ?? Number.POSITIVE_INFINITY), leaseToken: TOKEN };
      },
      getLease: (_, { requestHeader }) => {
        this.#came("GetLease", requestHeader);
        return { lease: this.#seen };
      },
      renew: ({ facts }, { requestHeader }) => {
        const lease = this.renew(this.#came("Renew", requestHeader));
        this.#hear(facts);
        return { lease };
      },
      release: ({ facts }, { requestHeader }) => {
        this.#came("Release", requestHeader);
        this.#hear(facts);
        return { lease: leaseIn(LeaseState.ENDED) };
      },
      watchLease: (_, { requestHeader, signal }) => {
        this.#came("WatchLease", requestHeader);
        return this.#watch(signal);
      },
    });
  }

  async *#watch(signal: AbortSignal) {
    const gone = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    this.#streams += 1;
    try {
      for (let kind: WatchKind = WatchKind.SNAPSHOT; !signal.aborted; kind = WatchKind.CHANGE) {
        const told = this.#told.promise;
        yield { lease: this.#seen, kind };
        await Promise.race([told, gone]);
      }
    } finally {
      this.#streams -= 1;
    }
  }
}
