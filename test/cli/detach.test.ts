// `acquire --detach`: a place in line without a process, which another job picks up.
import { parseEnv } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EndReason, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { eventually } from "../outside/eventually.ts";
import { Server } from "../outside/server.ts";
import { open, type } from "./terminal.ts";
import { leaseOf } from "./wrapped.ts";

let server: Server;
let env: Record<string, string>;
beforeAll(async () => {
  server = await Server.start();
  env = { CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key };
});
afterAll(() => server[Symbol.asyncDispose]());

/** A job of a run on GitHub. */
const job = (name: string, run = "1") => ({
  ...env,
  GITHUB_ACTIONS: "true",
  GITHUB_SERVER_URL: "https://gh",
  GITHUB_REPOSITORY: "shop/web",
  GITHUB_RUN_ID: run,
  GITHUB_JOB: name,
});

/** Somebody has it; gives the lease's id. */
async function occupied(environment: string): Promise<string> {
  return JSON.parse((await type(["acquire", environment, "--json"], env)).stdout).lease.id;
}

async function detached(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await type(["acquire", "--detach", ...args], job("first"));
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: expect.stringMatching(/^[0-9a-f-]{36}\n$/), stderr: expect.any(String) });
  expect(stderr).toContain(`by its token: call-me wait --lease ${stdout.trim()}`);
  return stdout.trim();
}

test("stands in line at once, says by what it is picked up, and another job of another name does so, in its place", async () => {
  const holder = await occupied("uat");
  const id = await detached("uat", "--request-id", "run-1");
  expect(await leaseOf(server, id)).toMatchObject({
    state: LeaseState.QUEUED,
    ticketTtl: { seconds: 3_600n },
    claimTimeout: { seconds: 600n },
    tags: ["detached"],
  });
  const late = open(["acquire", "uat"], env);
  await late.stderr.shows("position 2 of 2");
  await type(["release", "--lease", holder], env);
  const second = await type(["acquire", "uat", "--request-id", "run-1", "--json"], job("second"));
  expect([second.code, JSON.parse(second.stdout)]).toMatchObject([
    0,
    { lease: { id, state: "LEASE_STATE_HELD" }, leaseToken: expect.stringContaining(id) },
  ]);
  const run = await type(["exec", "uat", "--request-id", "run-1", "--", "sh", "-c", 'test "$CALL_ME_LEASE_ID" = "$0"', id], job("third"));
  expect(run.code).toBe(0);
  expect(await late.exit).toBe(0);
});

test("is picked up by who waits for it from then on, whatever was asked for beside", async () => {
  const holder = await occupied("options");
  const options = ["--ttl", "4m", "--max-hold", "5m", "--queue-timeout", "2h", "--priority=2", "--reason", "e2e", "--tag", "nightly"];
  const id = await detached("options=1", "--request-id", "run-2", ...options, "--ticket-ttl", "30m");
  const second = open(["acquire", "options", "--request-id", "run-2", "--output", "dotenv"], job("second"));
  await second.stderr.shows("waiting for options: position 1 of 1");
  await type(["release", "--lease", holder], env);
  expect(await second.exit).toBe(0);
  expect(parseEnv(second.stdout.text)).toMatchObject({ CALL_ME_LEASE_ID: id, CALL_ME_LEASE_TOKEN: expect.stringContaining(id) });
  expect(await leaseOf(server, id)).toMatchObject({ state: LeaseState.HELD, maxHold: { seconds: 300n }, reason: "e2e" });
});

test("hands its request_id on, as the token may not arrive in another job; where it does, wait needs no more", async () => {
  const holder = await occupied("handed");
  const { code, stdout } = await type(["acquire", "handed", "--detach", "--output", "dotenv"], job("first"));
  const handed = parseEnv(stdout);
  expect([code, handed]).toMatchObject([
    0,
    { CALL_ME_LEASE_ID: expect.any(String), CALL_ME_REQUEST_ID: expect.stringMatching(/^[0-9a-f-]{36}$/) },
  ]);
  await type(["release", "--lease", holder], env);
  const waited = await type(["wait", "--lease", handed["CALL_ME_LEASE_ID"] ?? ""], {
    CALL_ME_URL: server.url,
    CALL_ME_LEASE_TOKEN: handed["CALL_ME_LEASE_TOKEN"] ?? "",
  });
  expect(waited).toMatchObject({ code: 0, stdout: "held: handed\n" });
  const other = await type(["acquire", "handed", "--request-id", handed["CALL_ME_REQUEST_ID"] ?? "", "--json"], job("second"));
  expect(JSON.parse(other.stdout).lease.id).toBe(handed["CALL_ME_LEASE_ID"]);
});

test("that nobody picks up is passed over, keeps its place, and is abandoned in the end", async () => {
  const holder = await occupied("nobody");
  const id = await detached("nobody", "--claim-timeout", "1s", "--ticket-ttl", "4s");
  const next = open(["acquire", "nobody"], env);
  await next.stderr.shows("position 2 of 2");
  await type(["release", "--lease", holder], env);
  expect(await next.exit).toBe(0);
  expect(await leaseOf(server, id)).toMatchObject({ state: LeaseState.QUEUED, passedOver: true });
  const ended = await eventually(async () => {
    const lease = await leaseOf(server, id);
    return lease.state === LeaseState.ENDED && lease;
  });
  expect(ended.endReason).toBe(EndReason.ABANDONED);
  const late = await type(["acquire", "nobody", "--request-id", ended.requestId], job("second"));
  expect(late).toMatchObject({ code: 4, stderr: expect.stringContaining("abandoned") });
});

test("while it is offered, queue says until when it can be picked up", async () => {
  const holder = await occupied("offered");
  const id = await detached("offered", "--claim-timeout", "30m", "--max-hold", "3h");
  await type(["release", "--lease", holder], env);
  await eventually(async () => (await leaseOf(server, id)).state === LeaseState.OFFERED);
  const { stdout } = await type(["queue", "offered"], env);
  expect(stdout).toMatch(/^ {2}until \S+(?: \S+)?, then passed over$/m);
  expect(stdout.match(/\buntil\b/g)).toHaveLength(1);
});

test.each([[[]], [["--output", "dotenv"]]])("of what can never be had prints no lease that could be picked up (%j)", async (more) => {
  const { code, stdout, stderr } = await type(["acquire", "-l", "tier=none", "--detach", ...more], job("first"));
  expect({ code, stdout, stderr }).toEqual({ code: 4, stdout: "", stderr: expect.stringContaining("not acquired") });
});

test("is held at once where nobody is in the way, and says until when", async () => {
  const { code, stdout, stderr } = await type(["acquire", "free", "--detach", "--ttl", "10m"], job("first"));
  expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining(`lease ${stdout.trim()} is held until`) });
});

test("what was not detached is nobody else's by its request_id: two jobs would hold the same", async () => {
  const first = await type(["acquire", "deploy", "--request-id", "deploy", "--json"], job("first"));
  expect(first.code).toBe(0);
  for (const verb of [
    ["acquire", "deploy"],
    ["acquire", "deploy", "--detach"],
    ["exec", "deploy"],
  ]) {
    const command = verb[0] === "exec" ? ["--", "true"] : [];
    const other = await type([...verb, "--request-id", "deploy", ...command], job("first", "2"));
    expect(other).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringContaining('request_id "deploy" was used for another request'),
    });
  }
});

test.each([["--no-wait"], ["--fail"], ["--resume"]])("goes with no %s", async (option) => {
  const { code, stderr } = await type(["acquire", "uat", "--detach", option], job("first"));
  expect([code, stderr]).toEqual([2, expect.stringContaining("--detach goes with none of")]);
});
