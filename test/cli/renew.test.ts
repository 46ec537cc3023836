import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EndReason, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { clientsOf, seconds } from "../outside/clients.ts";
import { Server } from "../outside/server.ts";
import { BIN } from "../packed.ts";
import { lease, ScriptedServer } from "./scripted.ts";
import { open, type } from "./terminal.ts";
import { ended, heldBeyond, leaseOf } from "./wrapped.ts";

test("renew holds the lease in hand for longer, and tells when it has ended", async () => {
  await using server = await Server.start();
  const clients = clientsOf(server);
  const { lease: held } = await clients.locks.acquire({ environment: "renewed", ttl: seconds(60) });
  const env = { CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key, CALL_ME_LEASE_ID: held?.id ?? "" };
  const { code, stderr } = await type(["renew", "--ttl", "30m"], env);
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: expect.stringMatching(/on renewed is held until .* \(for 30 m\) unless it is renewed or released, until .* at the latest/),
  });
  const { stdout } = await type(["renew", "--json"], env);
  expect(JSON.parse(stdout)).toMatchObject({ lease: { id: held?.id, ttl: "1800s" } });
  await clients.locks.release({ leaseId: held?.id ?? "" });
  expect(await type(["renew"], env)).toMatchObject({ code: 6, stderr: expect.stringContaining("RELEASED") });
  expect(await type(["renew"], { CALL_ME_URL: server.url })).toMatchObject({ code: 2 });
});

test.each([
  ["stands in line again", lease(LeaseState.QUEUED, { passedOver: true })],
  ["was granted anew", lease(LeaseState.HELD, { environments: [{ name: "uat", fencingToken: 8n }] })],
])("a lease in hand that %s is lost: others may have been served", async (_, told) => {
  await using scripted = await new ScriptedServer({ locks: { renew: () => ({ lease: told }) } }).start();
  const env = { CALL_ME_URL: scripted.url, CALL_ME_LEASE_ID: "L1", CALL_ME_FENCING_TOKEN: "7" };
  for (const args of [["renew"], ["renew", "--while", `${process.pid}`]])
    expect(await type(args, env)).toMatchObject({ code: 6, stderr: expect.stringContaining("lease L1 is lost: the server took it back") });
  // Of another lease, or one that was in line all along, it tells nothing.
  expect((await type(["renew", "--lease", "L2"], env)).code).toBe(0);
  expect((await type(["renew"], { ...env, CALL_ME_FENCING_TOKEN: "0" })).code).toBe(0);
});

describe("renew --while", () => {
  let server: Server;
  beforeAll(async () => {
    server = await Server.start();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  /** Something that lives until it is killed, and a `renew --while` it, with the token alone. */
  async function kept(environment: string) {
    const { locks } = clientsOf(server);
    const { lease, leaseToken } = await locks.acquire({ environment, ttl: seconds(2) });
    const leaseId = lease?.id ?? "";
    const other = spawn("sleep", ["1000"]);
    const env = { CALL_ME_URL: server.url, CALL_ME_LEASE_TOKEN: leaseToken };
    const session = open(["renew", "--lease", leaseId, "--while", `${other.pid}`], env, { pace: { first: 50 } });
    await session.stderr.shows("keeping lease");
    return { locks, leaseId, other, session, [Symbol.dispose]: () => void other.kill("SIGKILL") };
  }

  test("a lease outlives its ttl as long as the process lives, and ends by itself after that", async () => {
    using keep = await kept("while-living");
    const first = (await leaseOf(server, keep.leaseId)).expiresAt?.seconds ?? 0n;
    await heldBeyond(server, keep.leaseId, first + 2n);
    keep.other.kill("SIGKILL");
    expect(await keep.session.exit).toBe(0);
    expect(keep.session.stderr.text).toContain("has ended");
    expect((await ended(server, keep.leaseId)).reason).toBe(EndReason.EXPIRED);
  });

  test("it ends with the lease: 0 when that is released, 6 when it is lost", async () => {
    using released = await kept("while-released");
    await released.locks.release({ leaseId: released.leaseId });
    expect(await released.session.exit).toBe(0);
    using lost = await kept("while-lost");
    await clientsOf(server).environments.forceRelease({ leaseId: lost.leaseId, reason: "fire drill" });
    expect(await lost.session.exit).toBe(6);
    expect(lost.session.stderr.text).toContain("fire drill");
  });

  test("as a process it ends as soon as the lease has", async () => {
    const { lease, leaseToken } = await clientsOf(server).locks.acquire({ environment: "while-process", ttl: seconds(60) });
    const env = { PATH: process.env["PATH"], CALL_ME_URL: server.url, CALL_ME_LEASE_ID: lease?.id, CALL_ME_LEASE_TOKEN: leaseToken };
    const child = spawn(process.execPath, [BIN, "renew", "--while", `${process.pid}`, "--json"], { env });
    const [answer] = await once(child.stdout, "data");
    expect(JSON.parse(answer)).toMatchObject({ lease: { id: lease?.id } });
    const end = once(child, "exit");
    await once(child.stderr, "data");
    await clientsOf(server).locks.release({ leaseId: lease?.id ?? "" });
    expect((await end)[0]).toBe(0);
  });

  test("a signal ends it, and changes nothing for the lease", async () => {
    using keep = await kept("while-interrupted");
    keep.session.interrupt("SIGTERM");
    expect(await keep.session.exit).toBe(143);
    expect((await leaseOf(server, keep.leaseId)).state).toBe(LeaseState.HELD);
  });

  test.each(["0", "-1", "none", "4194304999"])("--while %s is a mistake", async (pid) => {
    const { code, stderr } = await type(["renew", "--lease", "L1", `--while=${pid}`], { CALL_ME_URL: server.url });
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining("is not the id of a process that runs") });
  });
});
