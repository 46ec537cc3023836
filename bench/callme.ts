// call-me over a stock gRPC client, and over JSON as any HTTP client would send it.
import { Agent, request } from "node:http";
import { json } from "node:stream/consumers";
import { create, type DescMethod, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import { LockService } from "../gen/ts/callme/v1/lock_service_pb.ts";
import type { Server } from "../test/outside/server.ts";
import type { Locker } from "./measure.ts";

const WAIT_SECONDS = 60;

/** Over HTTP/2 with @grpc/grpc-js, all calls on one connection. */
export function overGrpc(server: Server): Locker & Disposable {
  const client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set("x-api-key", server.key);
  const call = <M extends DescMethod>(method: M, message: MessageShape<M["input"]>): Promise<MessageShape<M["output"]>> =>
    new Promise((resolve, reject) =>
      client.makeUnaryRequest(
        `/${method.parent.typeName}/${method.name}`,
        (sent: MessageShape<M["input"]>) => Buffer.from(toBinary(method.input, sent)),
        (bytes: Buffer) => fromBinary(method.output, bytes) as MessageShape<M["output"]>,
        message,
        metadata,
        (error, answer) => (error || answer === undefined ? reject(error) : resolve(answer)),
      ),
    );
  const { acquire, release, check } = LockService.method;
  return {
    name: "call-me, gRPC",
    acquire: async (environment) => {
      const wait = { seconds: BigInt(WAIT_SECONDS) };
      return (await call(acquire, create(acquire.input, { environment, wait }))).lease?.id ?? "";
    },
    release: async (leaseId) => void (await call(release, create(release.input, { leaseId }))),
    waiting: async (environment) => (await call(check, create(check.input, { environment }))).environments[0]?.queueLength ?? 0,
    [Symbol.dispose]: () => client.close(),
  };
}

/** Over HTTP/1.1 with node:http, on connections that are kept. */
export function overJson(server: Server): Locker & Disposable {
  const agent = new Agent({ keepAlive: true });
  const headers = { "content-type": "application/json", "x-api-key": server.key };
  const call = <T>(method: string, message: object): Promise<T> =>
    new Promise((resolve, reject) => {
      const options = { agent, headers, method: "POST", host: "127.0.0.1", port: server.port };
      const body = JSON.stringify(message);
      request({ ...options, path: `/callme.v1.LockService/${method}` }, (response) => {
        json(response).then(
          (answer) => (response.statusCode === 200 ? resolve(answer as T) : reject(new Error(JSON.stringify(answer)))),
          reject,
        );
      })
        .on("error", reject)
        .setHeader("content-length", Buffer.byteLength(body))
        .end(body);
    });
  return {
    name: "call-me, JSON",
    acquire: async (environment) => (await call<{ lease: { id: string } }>("Acquire", { environment, wait: `${WAIT_SECONDS}s` })).lease.id,
    release: (leaseId) => call("Release", { leaseId }),
    waiting: async (environment) =>
      (await call<{ environments: { queueLength?: number }[] }>("Check", { environment })).environments[0]?.queueLength ?? 0,
    [Symbol.dispose]: () => agent.destroy(),
  };
}
