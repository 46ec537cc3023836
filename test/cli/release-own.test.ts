// `release ENV` against the real server: who may give back what was taken, and who may not.
import { afterAll, beforeAll, expect, test } from "vitest";
import { EndReason } from "../../gen/ts/callme/v1/types_pb.ts";
import { clientsOf } from "../outside/clients.ts";
import { Server } from "../outside/server.ts";
import { type } from "./terminal.ts";
import { leaseOf } from "./wrapped.ts";

let server: Server;
let env: Record<string, string>;
beforeAll(async () => {
  server = await Server.start();
  env = { CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key };
});
afterAll(() => server[Symbol.asyncDispose]());

const run = (id: string, job: string) => ({
  ...env,
  GITHUB_ACTIONS: "true",
  GITHUB_SERVER_URL: "https://gh",
  GITHUB_REPOSITORY: "shop/web",
  GITHUB_RUN_ID: id,
  GITHUB_JOB: job,
});

/** Takes an environment, and gives what was handed on. */
async function take(environment: string, where: Record<string, string>): Promise<Record<string, string>> {
  const { stdout } = await type(["acquire", environment, "--output", "dotenv"], where);
  return Object.fromEntries(stdout.split("\n").flatMap((line) => (line === "" ? [] : [line.split("=") as [string, string]])));
}

test("a later step, another machine of the same run, and the same person at a laptop give back what was taken", async () => {
  for (const [taker, giver] of [
    [run("1", "take"), run("1", "give-back")],
    [env, env],
    [
      { ...env, CALL_ME_HOLDER: "ada" },
      { ...env, CALL_ME_HOLDER: "ada" },
    ],
  ] as const) {
    const taken = await take("uat", taker);
    const given = await type(["release", "uat"], giver);
    expect(given).toEqual({ code: 0, stdout: "slot has been freed for environment: uat\n", stderr: "" });
    expect((await leaseOf(server, taken["CALL_ME_LEASE_ID"] ?? "")).endReason).toBe(EndReason.RELEASED);
  }
  const step = { ...env, ...(await take("uat", run("1", "take"))) };
  expect((await type(["release", "uat"], step)).code).toBe(0);
});

test("another run, somebody else, and a person with no run leave it alone, and are told whose it is", async () => {
  const taken = await take("staging", run("1", "take"));
  for (const other of [run("2", "take"), { ...env, CALL_ME_HOLDER: "bo" }, env]) {
    const { code, stdout, stderr } = await type(["release", "staging"], other);
    expect({ code, stdout }).toEqual({ code: 5, stdout: "" });
    expect(stderr).toContain(`lease ${taken["CALL_ME_LEASE_ID"]} of `);
    expect(stderr).toContain("https://gh/shop/web/actions/runs/1");
  }
  expect((await type(["release", "--lease", taken["CALL_ME_LEASE_ID"] ?? ""], env)).code).toBe(0);
});

test("what was asked for without any holder is ended by name, beside what others hold; with a request_id it is not", async () => {
  const { locks, environments } = clientsOf(server);
  await environments.applyEnvironments({ environments: [{ name: "bench", capacity: 3 }] });
  await take("bench", run("1", "take"));
  const { lease } = await locks.acquire({ environment: "bench" });
  expect((await type(["release", "bench"], env)).code).toBe(0);
  expect((await leaseOf(server, lease?.id ?? "")).endReason).toBe(EndReason.RELEASED);
  await locks.acquire({ environment: "bench", requestId: "somebody's script" });
  const { code, stderr } = await type(["release", "bench"], env);
  expect(code).toBe(5);
  expect(stderr).toContain("shop/web");
});

test("a place in line is given up by its own, and nothing that is held is touched", async () => {
  const held = await take("dock", { ...env, CALL_ME_HOLDER: "bo" });
  const ada = { ...env, CALL_ME_HOLDER: "ada" };
  const waits = JSON.parse((await type(["acquire", "dock", "--no-wait", "--json"], ada)).stdout).lease.id as string;
  expect(await type(["release", "dock"], ada)).toEqual({
    code: 0,
    stdout: "",
    stderr: `call-me: lease ${waits} gave up its place in line\n`,
  });
  expect((await leaseOf(server, waits)).endReason).toBe(EndReason.WITHDRAWN);
  const again = await type(["release", "dock"], ada);
  expect({ code: again.code, stdout: again.stdout }).toEqual({ code: 5, stdout: "" });
  expect(again.stderr).toContain(`lease ${held["CALL_ME_LEASE_ID"]} of bo for `);
});

test("of our own what is held is given back before a place in line, and of several places none is given up", async () => {
  const ada = { ...env, CALL_ME_HOLDER: "ada" };
  const held = await take("quay", ada);
  const queue = async () => JSON.parse((await type(["acquire", "quay", "--no-wait", "--json"], ada)).stdout).lease.id as string;
  const [first, second] = [await queue(), await queue()];
  expect(await type(["release", "quay"], ada)).toEqual({ code: 0, stdout: "slot has been freed for environment: quay\n", stderr: "" });
  expect((await leaseOf(server, held["CALL_ME_LEASE_ID"] ?? "")).endReason).toBe(EndReason.RELEASED);
  expect(await type(["release", "quay"], ada)).toMatchObject({ code: 0, stderr: "" });
  expect((await leaseOf(server, first)).endReason).toBe(EndReason.RELEASED);
  await type(["release", "--lease", second], ada);

  await take("quay", { ...env, CALL_ME_HOLDER: "bo" });
  const places = [await queue(), await queue()];
  const { code, stdout, stderr } = await type(["release", "quay"], ada);
  expect({ code, stdout }).toEqual({ code: 5, stdout: "" });
  for (const id of places) expect(stderr).toContain(`lease ${id} of ada, in line for `);
});

test("a lease in hand that has ended before frees nothing, says why it ended, and leaves its successor alone", async () => {
  const { environments } = clientsOf(server);
  await environments.applyEnvironments({ environments: [{ name: "pier", lockDelay: { seconds: 0n } }] });
  const old = await take("pier", env);
  const leaseId = old["CALL_ME_LEASE_ID"] ?? "";
  await environments.forceRelease({ leaseId, reason: "the runner was lost" });
  const successor = await take("pier", { ...env, CALL_ME_HOLDER: "bo" });
  const stderr = expect.stringMatching(
    new RegExp(`^call-me: lease ${leaseId} had already ended: force released by .*: the runner was lost\n$`),
  );
  expect(await type(["release", "pier"], { ...env, ...old })).toEqual({ code: 0, stdout: "", stderr });
  expect(await type(["release", "pier", "--expect-held"], { ...env, ...old })).toEqual({ code: 6, stdout: "", stderr });
  const elsewhere = await type(["release", "pier"], { ...env, ...(await take("mole", { ...env, CALL_ME_HOLDER: "cy" })) });
  expect(elsewhere).toMatchObject({ code: 5, stdout: "" });
  expect((await leaseOf(server, successor["CALL_ME_LEASE_ID"] ?? "")).endReason).toBe(EndReason.UNSPECIFIED);
});
