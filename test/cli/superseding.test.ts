// Newer runs in place of older ones, on the command line.
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Supersede } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { EndReason, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { type Clients, clientsOf, leaseIn, seconds, tokenOf } from "../outside/clients.ts";
import { Server } from "../outside/server.ts";
import { gone, lease, ScriptedServer } from "./scripted.ts";
import { open, type Session, type } from "./terminal.ts";
import { aheadOf, ended, leaseOf, ms, until, Wrapped } from "./wrapped.ts";

let server: Server;
let clients: Clients;
let env: Record<string, string>;
beforeAll(async () => {
  server = await Server.start();
  clients = clientsOf(server);
  env = { CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key };
});
afterAll(() => server[Symbol.asyncDispose]());

/** Options of a run of a branch that stops older ones. */
function run(number: number, branch: string): string[] {
  const names = ["--name", `build #${number}`, "--run-url", `https://ci.example/${number}`];
  return [...names, "--supersede-key", branch, "--supersede", "held"];
}

/** How a command line that runs in this process has ended. */
async function outcome({ exit, stderr }: Session): Promise<{ code: number; stderr: string }> {
  const code = await exit;
  return { code, stderr: stderr.text };
}

describe.concurrent("exec", () => {
  test("that holds tells its command to stop, gives back when it has tidied up, and ends with 7; the newer one runs at once", async () => {
    await using older = await Wrapped.start(server, "held", { script: "tidy", options: run(7, "held main") });
    await using newer = await Wrapped.start(server, "held", { script: "reading", options: run(8, "held main") });
    expect(await older.end, older.stderr).toEqual({ code: 7, signal: null });
    expect(older.alive).toBe(false);
    expect(older.stdout).toContain("tidied up");
    expect(older.stderr).toMatch(
      /build #8 \(https:\/\/ci\.example\/8\) asks to stop by .*: a newer request with supersede_key "held main"; stopping the command/,
    );
    expect(older.stderr).toContain("held is given back");
    expect(older.stderr).not.toContain("lost");
    expect(await leaseOf(server, older.leaseId)).toMatchObject({ endReason: EndReason.RELEASED });
    newer.closeStdin();
    expect((await newer.end).code).toBe(3);
  });

  test("whose command does not stop kills it before its time is over, so that the next one never overlaps", async () => {
    const options = [...run(7, "stubborn main"), "--ttl", "10s", "--max-hold", "12s"];
    await using older = await Wrapped.start(server, "stubborn", { script: "stubborn", options });
    const ahead = await aheadOf(server, older.leaseId);
    const { latestEnd } = await leaseOf(server, older.leaseId);
    const starting = Wrapped.start(server, "stubborn", { script: "reading", options: run(8, "stubborn main") });
    const deadAt = await older.dead();
    await using newer = await starting;
    expect(await older.end, older.stderr).toEqual({ code: 7, signal: null });
    expect(older.stderr).toContain("killing the command: it did not end in time");
    expect(ms(latestEnd) + ahead).toBeGreaterThan(deadAt);
    const { grantedAt } = await leaseOf(server, newer.leaseId);
    expect(ms(grantedAt) + ahead).toBeGreaterThanOrEqual(deadAt - 1_000);
    newer.closeStdin();
    await newer.end;
  });

  test("that still waits ends with 7, and says by whom", async () => {
    await using holder = await Wrapped.start(server, "waits", { script: "reading" });
    const older = open(["exec", "waits", ...run(7, "waits main"), "--", "true"], env);
    const failing = open(["acquire", "waits", "--fail", "--wait", "60s", ...run(6, "waits other")], env);
    await until(async () => (await clients.locks.check({ environment: "waits" })).environments[0]?.queueLength === 2);
    for (const branch of ["waits main", "waits other"])
      await clients.locks.acquire({
        environment: "waits",
        supersedeKey: branch,
        supersede: Supersede.PENDING,
        holder: { name: "build #8", runUrl: "https://ci.example/8" },
      });
    expect(await outcome(older)).toMatchObject({
      code: 7,
      stderr: expect.stringContaining(
        'not acquired: superseded by build #8 (https://ci.example/8): a newer request with supersede_key "waits main"',
      ),
    });
    expect(await outcome(failing)).toMatchObject({ code: 7, stderr: expect.stringContaining("SUPERSEDED") });
    holder.closeStdin();
    await holder.end;
  });

  test("of another branch is left alone, and so is one without a key", async () => {
    await using other = await Wrapped.start(server, "apart-1", { script: "reading", options: run(1, "apart other") });
    await using keyless = await Wrapped.start(server, "apart-2", { script: "reading" });
    const { code } = await type(["acquire", "apart-3", ...run(2, "apart main")], env);
    expect(code).toBe(0);
    for (const one of [other, keyless]) {
      expect((await leaseOf(server, one.leaseId)).cancelRequested).toBeUndefined();
      one.closeStdin();
      expect((await one.end).code).toBe(3);
    }
  });
});

test("acquire and wait --lease of one that waits end with 7; renew and everybody who looks tell who asks a holder to stop", async () => {
  const held = await type(["acquire", "shown", "--json", ...run(1, "shown main")], env);
  const { lease: first, leaseToken } = JSON.parse(held.stdout);
  const waits = await type(["acquire", "shown", "--no-wait", "--output", "json", ...run(2, "shown main"), "--supersede", "none"], env);
  expect(waits.code).toBe(4);
  const waiting = JSON.parse(waits.stdout);
  const waiter = open(["wait", "--lease", waiting.lease.id], { ...env, CALL_ME_LEASE_TOKEN: waiting.leaseToken });
  await waiter.stderr.shows("position 1 of 1");
  const watch = open(["watch", "shown"], env);
  await watch.stdout.shows("build #1");
  const newer = open(["acquire", "shown", ...run(3, "shown main")], env);
  expect(await outcome(waiter)).toMatchObject({
    code: 7,
    stderr: expect.stringContaining("superseded by build #3 (https://ci.example/3)"),
  });
  await watch.stdout.shows("build #1 is asked to stop by build #3");
  watch.interrupt("SIGINT");
  await watch.exit;
  const renewed = await type(["renew", "--lease", first.id], { CALL_ME_URL: server.url, CALL_ME_LEASE_TOKEN: leaseToken });
  expect(renewed).toMatchObject({ code: 0, stderr: expect.stringMatching(/build #3 \(https:\/\/ci.example\/3\) asks to stop by /) });
  for (const args of [["status"], ["check", "shown"]])
    expect((await type(args, env)).stdout, args[0]).toContain("asked to stop by build #3");
  await newer.stderr.shows("asked to stop by build #3");
  expect((await type(["history", "shown"], env)).stdout).toContain("cancel requested");
  await clients.locks.release({ leaseId: first.id });
  expect(await newer.exit).toBe(0);
});

test("renew --while says who asks, and ends with 7 when the time is over", async () => {
  const supersedeKey = "kept main";
  const asked = { environment: "kept", supersedeKey, ttl: seconds(4), maxHold: seconds(6) };
  const held = leaseIn(await clients.locks.acquire(asked));
  const keeps = open(["renew", "--lease", held.id, "--while", `${process.pid}`], { ...env, CALL_ME_LEASE_TOKEN: tokenOf(held) });
  await keeps.stderr.shows("keeping lease");
  await clients.locks.acquire({ environment: "kept", supersedeKey, supersede: Supersede.HELD, holder: { name: "build #8" } });
  await keeps.stderr.shows("build #8 asks to stop by");
  expect(await outcome(keeps)).toMatchObject({ code: 7, stderr: expect.stringContaining("is over") });
  expect((await ended(server, held.id)).reason).toBe(EndReason.SUPERSEDED);
});

test("exec that is asked to stop without a time for it tells its command so, and kills nothing", async () => {
  const expiresAt = timestampFromMs(Date.now() + 60_000);
  const held = (asked: object = {}) => lease(LeaseState.HELD, { ttl: seconds(60), ttlRemaining: seconds(60), expiresAt, ...asked });
  let renewals = 0;
  const running = Promise.withResolvers<void>();
  await using scripted = await new ScriptedServer({
    locks: {
      acquire: () => ({ lease: held() }),
      renew: () => ({ lease: held(renewals++ === 0 ? {} : { cancelRequested: { by: { principal: "ops" } } }) }),
      async *watchLease(_, { signal }) {
        await running.promise;
        yield { lease: held({ cancelRequested: { by: { principal: "ops" } } }) };
        await gone(signal);
      },
      release: () => ({ lease: lease(LeaseState.ENDED) }),
    },
  }).start();
  await using wrapped = await Wrapped.start({ url: scripted.url, key: "" }, "uat", { script: "talkative" });
  running.resolve();
  await wrapped.says("got TERM");
  expect(wrapped.alive).toBe(true);
  await wrapped.says("ops asks to stop; stopping the command");
  // Whoever cancels the job has no more patience than ever.
  wrapped.signal("SIGTERM");
  expect(await wrapped.end, wrapped.stderr).toEqual({ code: 7, signal: null });
  expect(wrapped.stderr).toContain("killing the command");
});

test.each([
  [["--supersede", "held"], "--supersede goes with --supersede-key"],
  [["--supersede-key", "a", "--supersede", "all"], '--supersede "all" is none of none, pending, held'],
])("%j is wrong usage", async (options, said) => {
  const { code, stderr } = await type(["exec", "uat", ...options, "--", "true"], env);
  expect([code, stderr]).toEqual([2, expect.stringContaining(said)]);
});
