/** What the TypeScript client has and the other languages don't; the rest is in the scenarios. */
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Client, type HeldLease, LeaseLost } from "../../clients/ts/src/index.ts";
import { EndReason } from "../../gen/ts/callme/v1/types_pb.ts";
import { Server } from "../outside/server.ts";

let server: Server;
let client: Client;
beforeAll(async () => {
  server = await Server.start({ CALL_ME_SECRET_DB: "hunter2" });
  client = new Client(server);
});
afterAll(() => server[Symbol.asyncDispose]());

async function reasonFor(leaseId: string): Promise<EndReason | undefined> {
  return (await client.locks.getLease({ leaseId })).lease?.endReason;
}

function aborted(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(signal.reason), { once: true }));
}

test("a block holds, and its end releases", async () => {
  let id: string;
  {
    await using lease = await client.hold("block");
    id = lease.id;
    expect(await reasonFor(id)).toBe(EndReason.UNSPECIFIED);
  }
  expect(await reasonFor(id)).toBe(EndReason.RELEASED);
});

test("a block whose lease was lost ends with that", async () => {
  const block = async () => {
    await using lease = await client.hold("lost");
    await client.environments.forceRelease({ leaseId: lease.id, reason: "test" });
    expect(await aborted(lease.signal)).toBeInstanceOf(LeaseLost);
  };
  await expect(block()).rejects.toMatchObject({ name: "LeaseLost", endReason: EndReason.FORCE_RELEASED });
});

test("what a body throws once its lease is lost is the cause of the LeaseLost", async () => {
  const body = async (lease: HeldLease, signal: AbortSignal) => {
    await client.environments.forceRelease({ leaseId: lease.id, reason: "test" });
    await aborted(signal);
    throw new Error("the environment is gone");
  };
  await expect(client.hold("cause", body)).rejects.toMatchObject({ name: "LeaseLost", cause: { message: "the environment is gone" } });
});

test("what the body returns is returned, over gRPC as well", async () => {
  const overGrpc = new Client({ url: server.url, key: server.key, transport: createGrpcTransport });
  const id = await overGrpc.hold(["grpc", { environment: "grpc-2" }], { ttl: 5_000 }, (lease) => lease.id);
  expect(await reasonFor(id)).toBe(EndReason.RELEASED);
});

test("a length of time that is none is refused before anything is sent", async () => {
  await expect(client.hold("length", { ttl: "1 hour" as "1h" })).rejects.toThrow('ttl: "1 hour" is no length of time; write it like "90s"');
});

test("a lease has what its environment gives, and its commands have it as CALL_ME_VAR_…", async () => {
  const variables = { URL: { value: "https://uat.example" }, PASSWORD: { fromEnv: "CALL_ME_SECRET_DB", secret: true } };
  await client.environments.applyEnvironments({ environments: [{ name: "giving", variables }] });
  await client.hold("giving", async (lease) => {
    expect(lease.environments[0]?.variables).toEqual({ URL: "https://uat.example", PASSWORD: "hunter2" });
    const asks = '[ "$CALL_ME_VAR_URL,$CALL_ME_VAR_PASSWORD,$CALL_ME_VAR_OUTER" = "https://uat.example,hunter2," ]';
    expect(
      await lease.run(["sh", "-c", asks], { env: { PATH: process.env["PATH"], CALL_ME_VAR_OUTER: "left over" }, stdio: "ignore" }),
    ).toBe(0);
  });
});
