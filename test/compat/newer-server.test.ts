// Today's clients against a server of a later contract: what they know they still read, and nothing throws.
import { execFile, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { createClient } from "@connectrpc/connect";
import { createGrpcWebTransport, createConnectTransport as createWebTransport } from "@connectrpc/connect-web";
import { describe, expect, onTestFinished, test } from "vitest";
import { LockService } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { EndReason, LeaseState, WatchKind } from "../../gen/ts/callme/v1/types_pb.ts";
import { clientsOf, leaseIn, TRANSPORTS, type TransportName } from "../outside/clients.ts";
import { Stock } from "../outside/grpc.ts";
import { BIN } from "../packed.ts";
import { FENCE, ID, type LaterServer, startLater, TOKEN } from "./later-server.ts";
import { LATER } from "./newer.ts";

/** Starts one that stops when the test ends. */
async function laterServer(): Promise<LaterServer> {
  const server = await startLater();
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
}

const facts = {
  id: ID,
  pool: "default",
  holder: { name: "checkout #1", runUrl: "https://ci.example/1" },
  environments: [{ name: "uat", slots: 1, slotIndexes: [0], fencingToken: BigInt(FENCE) }],
};

describe.each(Object.keys(TRANSPORTS) as TransportName[])("the generated TypeScript over %s", (over) => {
  test("reads what it knows of answers and streams", async () => {
    const { locks, environments } = clientsOf(await laterServer(), over);
    const acquired = await locks.acquire({ environment: "uat" });
    expect(acquired).toMatchObject({ leaseToken: TOKEN, environmentCreated: true, lease: { ...facts, state: LeaseState.HELD } });
    const released = leaseIn(await locks.release({ leaseId: ID }));
    expect(released).toMatchObject({ ...facts, state: LeaseState.ENDED, endNote: "moved away" });
    // In JSON the value has only a name, which it does not know.
    expect(released.endReason).toBe(over.includes("JSON") ? EndReason.UNSPECIFIED : LATER);
    expect(await locks.check({ environment: "uat" })).toMatchObject({
      available: false,
      environments: [{ name: "uat", stateReason: "being moved" }],
    });
    const watch = locks.watchEnvironment({ environment: "uat" })[Symbol.asyncIterator]();
    expect((await watch.next()).value).toMatchObject({ revision: 7n, kind: WatchKind.SNAPSHOT });
    expect((await watch.next()).value).toMatchObject({ revision: 8n, kind: over.includes("JSON") ? WatchKind.UNSPECIFIED : LATER });
    expect((await watch.next()).value).toMatchObject({ revision: 9n, kind: WatchKind.CHANGE, cause: { leaseId: ID } });
    await watch.return?.();
    for await (const { lease } of locks.watchLease({ leaseId: ID })) {
      if (lease === undefined) continue;
      expect(lease).toMatchObject(facts);
      break;
    }
    expect(await environments.listEnvironments({})).toMatchObject({ environments: [{ name: "uat", labels: { os: "linux" } }] });
    expect(await environments.applyEnvironments({ environments: [{ name: "uat" }] })).toMatchObject({ changes: [{ name: "uat" }] });
  });
});

test.each([
  ["Connect", createWebTransport],
  ["gRPC-Web", createGrpcWebTransport],
])("connect-web over %s reads them, too", async (_name, open) => {
  const locks = createClient(LockService, open({ baseUrl: (await laterServer()).url }));
  expect((await locks.acquire({ environment: "uat" })).lease).toMatchObject({ ...facts, state: LeaseState.HELD });
  expect((await locks.release({ leaseId: ID })).lease).toMatchObject({ ...facts, state: LeaseState.ENDED });
});

test("@grpc/grpc-js with today's .proto reads them, too", async () => {
  using locks = new Stock(await laterServer(), "callme.v1.LockService", {});
  const known = { id: ID, environments: [{ name: "uat", fencing_token: FENCE }] };
  expect(await locks.call("Acquire", { environment: "uat" })).toMatchObject({
    lease: { ...known, state: "LEASE_STATE_HELD" },
    lease_token: TOKEN,
  });
  expect(await locks.call("Release", { lease_id: ID })).toMatchObject({ lease: { ...known, state: "LEASE_STATE_ENDED" } });
  const watch = locks.stream("WatchEnvironment", { environment: "uat" });
  for (const revision of ["7", "8", "9"]) expect((await watch.next()).value).toMatchObject({ revision });
});

describe("the command line", () => {
  /** Runs it to its end. */
  async function run(url: string, args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const env = { PATH: process.env["PATH"], CALL_ME_URL: url, NO_COLOR: "1" };
    return await promisify(execFile)(process.execPath, [BIN, ...args], { env }).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      (error: { code: number; stdout: string; stderr: string }) => ({ code: error.code, stdout: error.stdout, stderr: error.stderr }),
    );
  }

  test.each<[args: string[], code: number, says: string]>([
    [["acquire", "uat"], 0, "acquired slot for environment: uat"],
    [["acquire", "uat", "--json"], 0, FENCE],
    [["acquire", "gone"], 4, "moved away"],
    [["check", "uat"], 4, "uat"],
    [["check", "uat", "--json"], 4, "being moved"],
    [["status", "uat"], 0, "being moved"],
    [["status", "uat", "--json"], 0, '"used": 1'],
    [["queue", "uat"], 0, "checkout #1"],
    [["renew", "--lease", ID], 0, "held until"],
    [["release", "--lease", ID], 0, "slot has been freed for environment: uat"],
    [["release", "--lease", ID, "--json"], 0, "moved away"],
    [["force-release", ID, "--reason", "stuck"], 0, ID],
    [["env", "list"], 0, "uat"],
    [["env", "list", "--json"], 0, "linux"],
    [["env", "delete", "uat"], 0, "uat"],
  ])("%j", async (args, code, says) => {
    const { url } = await laterServer();
    const done = await run(url, args);
    expect(`${done.stdout}${done.stderr}`).toContain(says);
    expect(done.code, done.stderr).toBe(code);
    expect(done.stderr).not.toMatch(/TypeError|at .*\.ts:\d|undefined/);
  });

  test("exec runs its command", async () => {
    const { url } = await laterServer();
    const done = await run(url, ["exec", "uat", "--", process.execPath, "-p", "process.env.CALL_ME_FENCING_TOKEN"]);
    expect(done).toMatchObject({ code: 0, stdout: expect.stringContaining(FENCE) });
  });

  test("watch follows", async () => {
    const env = { PATH: process.env["PATH"], CALL_ME_URL: (await laterServer()).url };
    const child = spawn(process.execPath, [BIN, "watch", "uat", "--json"], {
      env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const revisions = [];
    for await (const line of createInterface(child.stdout)) {
      revisions.push((JSON.parse(line) as { revision: string }).revision);
      if (revisions.length === 3) child.kill();
    }
    expect(revisions).toEqual(["7", "8", "9"]);
  });
});
