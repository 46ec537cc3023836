/** The services for stock @grpc/grpc-js. */
import { once } from "node:events";
import { credentials, type requestCallback, status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EnvironmentServiceClient, LockServiceClient, metadataWith } from "../../clients/ts/src/grpc-js.ts";
import type { AcquireResponse, CheckResponse, ReleaseResponse, WatchLeaseResponse } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { Server } from "../outside/server.ts";

let server: Server;
let locks: LockServiceClient;
beforeAll(async () => {
  server = await Server.start();
  locks = new LockServiceClient(`127.0.0.1:${server.port}`, credentials.createInsecure());
});
afterAll(async () => {
  locks.close();
  await server[Symbol.asyncDispose]();
});

/** What a call with a callback is answered. */
function answered<T>(call: (callback: requestCallback<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, answer) => (answer === undefined ? reject(error) : resolve(answer)));
  });
}

function acquire(environment: string): Promise<AcquireResponse> {
  return answered((callback) => locks.acquire({ environment, ttl: { seconds: 60n } }, metadataWith(server.key), callback));
}

test("a call is answered with a message of the generated code", async () => {
  const { lease, leaseToken } = await acquire("unary");
  expect(lease).toMatchObject({ state: LeaseState.HELD, environments: [{ name: "unary", fencingToken: expect.any(BigInt) }] });
  const released = await answered<ReleaseResponse>((callback) =>
    locks.release({ leaseId: lease?.id ?? "" }, metadataWith(leaseToken), callback),
  );
  expect(released).toMatchObject({ lease: { state: LeaseState.ENDED }, alreadyEnded: false });
});

test("a stream of the server is read as it comes", async () => {
  const { lease } = await acquire("streamed");
  const stream = locks.watchLease({ leaseId: lease?.id ?? "" }, metadataWith(server.key));
  const [first] = (await once(stream, "data")) as [WatchLeaseResponse];
  expect(first.lease?.state).toBe(LeaseState.HELD);
  const environments = new EnvironmentServiceClient(`127.0.0.1:${server.port}`, credentials.createInsecure());
  environments.forceRelease({ leaseId: lease?.id ?? "", reason: "test" }, metadataWith(server.key), () => {});
  const [second] = (await once(stream, "data")) as [WatchLeaseResponse];
  expect(second.lease?.state).toBe(LeaseState.ENDED);
  environments.close();
  stream.on("error", () => {});
  stream.cancel();
});

test("without a key there is an error", async () => {
  const check = answered<CheckResponse>((callback) => locks.check({ environment: "unary" }, callback));
  await expect(check).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
});
