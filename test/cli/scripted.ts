import http from "node:http";
import type { AddressInfo } from "node:net";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { EnvironmentService } from "../../gen/ts/callme/v1/environment_service_pb.ts";
import { InsightService } from "../../gen/ts/callme/v1/insight_service_pb.ts";
import { LockService } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { type Lease, LeaseSchema, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { ErrorInfoSchema } from "../../gen/ts/google/rpc/error_details_pb.ts";

/** What a scripted server answers; whatever is not scripted is unimplemented. */
export interface Script {
  locks?: Partial<ServiceImpl<typeof LockService>>;
  environments?: Partial<ServiceImpl<typeof EnvironmentService>>;
  insight?: Partial<ServiceImpl<typeof InsightService>>;
}

/** A server whose answers the test scripts: for what a real one does too rarely, such as dying in the middle of an answer. */
export class ScriptedServer {
  readonly #script: Script;
  readonly #ahead: number;
  #server: http.Server | undefined;
  #port = 0;

  /** `ahead`: by how much its clock is ahead of ours, in ms. */
  constructor(script: Script, ahead = 0) {
    this.#script = script;
    this.#ahead = ahead;
  }

  /** The address; the same after each start. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<this> {
    const handle = connectNodeAdapter({
      routes: (router) => {
        router.service(LockService, this.#script.locks ?? {});
        router.service(EnvironmentService, this.#script.environments ?? {});
        router.service(InsightService, this.#script.insight ?? {});
      },
    });
    const server = http.createServer((request, response) => {
      response.setHeader("date", new Date(Date.now() + this.#ahead).toUTCString());
      handle(request, response);
    });
    await new Promise<void>((resolve) => server.listen(this.#port, "127.0.0.1", resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
    return this;
  }

  /** Breaks every connection, and goes on. */
  cut(): void {
    this.#server?.closeAllConnections();
  }

  /** Dies as with kill -9: every connection breaks. */
  async die(): Promise<void> {
    const closed = new Promise((resolve) => this.#server?.close(resolve));
    this.cut();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.die();
  }
}

/** A lease on uat. */
export function lease(state: LeaseState, more: MessageInitShape<typeof LeaseSchema> = {}): Lease {
  const waiting = state === LeaseState.QUEUED ? { position: 1, queueLength: 1 } : {};
  return create(LeaseSchema, { id: "L1", state, environments: [{ name: "uat", slots: 1 }], ...waiting, ...more });
}

/** An error as the server sends it. */
export function refusal(code: Code, reason: string, message: string, metadata: Record<string, string> = {}): ConnectError {
  return new ConnectError(message, code, undefined, [{ desc: ErrorInfoSchema, value: { domain: "call-me", reason, metadata } }]);
}

/** Resolves when the caller of a handler has gone. */
export function gone(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
