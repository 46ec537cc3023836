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
