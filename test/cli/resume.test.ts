import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Server } from "../outside/server.ts";
import { BIN } from "../packed.ts";
import { open, type } from "./terminal.ts";

let server: Server;
let where: Record<string, string>;

beforeAll(async () => {
  server = await Server.start();
  where = { CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key };
});

afterAll(() => server[Symbol.asyncDispose]());

/** A job of GitHub Actions, in a leg of its matrix. */
const github = (leg: string, more: Record<string, string> = {}) => ({
  ...where,
  GITHUB_ACTIONS: "true",
  GITHUB_SERVER_URL: "https://gh",
  GITHUB_REPOSITORY: "shop/web",
  GITHUB_RUN_ID: "99",
  GITHUB_RUN_ATTEMPT: "1",
  GITHUB_JOB: "e2e",
  CALL_ME_LEG: leg,
  ...more,
});

async function resumed(env: Record<string, string>, ...args: string[]): Promise<{ id: string; state: string }> {
  const { stdout } = await type(["acquire", ...args, "--resume", "--no-wait", "--json"], env);
  return JSON.parse(stdout).lease;
}

test("a step that is started again finds its own lease, and does not wait behind itself", async () => {
  const first = await resumed(github("0"), "uat");
  expect(await resumed(github("0"), "uat")).toMatchObject({ id: first.id, state: "LEASE_STATE_HELD" });
  const { code, stdout } = await type(["acquire", "uat", "--resume"], github("0"));
  expect(code).toBe(0);
  expect(stdout).toMatch(/^acquired slot for environment: uat\n/);
});

test.each([
  ["another leg of the matrix", "1", {}],
  ["another try of the job", "0", { GITHUB_RUN_ATTEMPT: "2" }],
  ["another job of the run", "0", { GITHUB_JOB: "smoke" }],
  ["another run", "0", { GITHUB_RUN_ID: "100" }],
  ["another repository", "0", { GITHUB_REPOSITORY: "shop/api" }],
])("%s stands in line behind it", async (_, leg, more) => {
  expect(await resumed(github("0"), "uat")).toMatchObject({ state: "LEASE_STATE_HELD" });
  expect(await resumed(github(leg, more as Record<string, string>), "uat")).toMatchObject({ state: "LEASE_STATE_QUEUED" });
});

test("two legs of a matrix exclude each other, one after the other", async () => {
  const zero = open(["acquire", "matrix", "--resume"], github("0"));
  expect(await zero.exit).toBe(0);
  const one = open(["acquire", "matrix", "--resume"], github("1"));
  await one.stderr.shows("position 1 of 1");
  await type(["release", "matrix"], github("0"));
  expect(await one.exit).toBe(0);
});

test("a step that was killed in line has the same place when it comes back", async () => {
  await type(["acquire", "desk"], where);
  const child = spawn(process.execPath, [BIN, "acquire", "desk", "--resume"], {
    env: { PATH: process.env["PATH"], ...github("0") },
    stdio: ["ignore", "ignore", "pipe"],
  });
  await once(child.stderr, "data");
  const later = open(["acquire", "desk", "--resume"], github("1"));
  await later.stderr.shows("position 2 of 2");
  child.kill("SIGKILL");
  await once(child, "exit");
  const again = open(["acquire", "desk", "--resume"], github("0"));
  await again.stderr.shows("position 1 of 2");
  again.interrupt("SIGTERM");
  later.interrupt("SIGTERM");
  await Promise.all([again.exit, later.exit]);
});

test("a job can take the same environment again once it has given it back", async () => {
  const first = await resumed(github("0"), "twice");
  await type(["release", "--lease", first.id], where);
  const second = await resumed(github("0"), "twice");
  expect(second.state).toBe("LEASE_STATE_HELD");
  expect(second.id).not.toBe(first.id);
  expect((await resumed(github("0"), "twice")).id).toBe(second.id);
});

test("so it can with --fail, for which no answer tells of a lease that has ended", async () => {
  const first = await resumed(github("0"), "twice-or-fail", "--fail");
  expect((await resumed(github("0"), "twice-or-fail", "--fail")).id).toBe(first.id);
  await type(["release", "--lease", first.id], where);
  const second = await resumed(github("0"), "twice-or-fail", "--fail");
  expect(second.state).toBe("LEASE_STATE_HELD");
  expect(second.id).not.toBe(first.id);
});

test("who wants something else asks for something else", async () => {
  const first = await resumed(github("0"), "many=2");
  expect(first).toMatchObject({ state: "LEASE_STATE_ENDED" });
  expect(await resumed(github("0"), "many")).toMatchObject({ state: "LEASE_STATE_HELD" });
  expect(await resumed(github("0"), "many", "--ttl", "5m")).toMatchObject({ state: "LEASE_STATE_QUEUED" });
});

test.each([
  [{}, /the run: set CALL_ME_RUN_URL, or give --run-url; nor the job: set CALL_ME_JOB; nor the matrix leg: set CALL_ME_LEG/],
  [{ ...github(""), GITHUB_JOB: "" }, /cannot tell the job: set CALL_ME_JOB; nor the matrix leg/],
  [github(""), /cannot tell the matrix leg, which GitHub Actions doesn't tell: set CALL_ME_LEG: \$\{\{ strategy.job-index \}\}/],
  [{ JENKINS_URL: "https://j", BUILD_URL: "https://j/1", JOB_NAME: "x" }, /the matrix leg, which Jenkins doesn't tell: .*withEnv/],
])("without enough identity it is an error that says what is missing: %j", async (env, words) => {
  const { code, stdout, stderr } = await type(["acquire", "uat", "--resume"], { ...(env as Record<string, string>), ...where });
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(words);
});

test("what is missing can be said on the command line", async () => {
  const env = { ...github("") };
  const first = JSON.parse((await type(["acquire", "said", "--resume", "--leg", "3", "--json"], env)).stdout).lease.id;
  expect((await resumed(github("3"), "said")).id).toBe(first);
});

test("--resume and --request-id exclude each other", async () => {
  const { code, stderr } = await type(["acquire", "uat", "--resume", "--request-id", "r"], github("0"));
  expect({ code, stderr }).toEqual({ code: 2, stderr: "call-me: give --resume or --request-id, not both\n" });
});
