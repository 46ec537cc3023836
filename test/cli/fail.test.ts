// --fail: who finds an environment busy gets an answer that no script can take for a grant.
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { milliseconds } from "../../clients/ts/src/duration.ts";
import { type AcquireRequest, IfBusy } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { clientsOf } from "../outside/clients.ts";
import { Server } from "../outside/server.ts";
import { gone, refusal, ScriptedServer } from "./scripted.ts";
import { open, type } from "./terminal.ts";
import { until } from "./wrapped.ts";

const BUSY = "uat is busy: held by checkout #7 until 2030-01-02T03:04:05Z";

test.each([
  ["acquire", Code.Aborted, "ENVIRONMENT_BUSY", BUSY],
  ["acquire", Code.FailedPrecondition, "UNSATISFIABLE", "uat has 1 slot"],
  // Whatever its code: a proxy may have made another one of it.
  ["acquire", Code.Unavailable, "ENVIRONMENT_BUSY", BUSY],
  ["exec", Code.Aborted, "ENVIRONMENT_BUSY", BUSY],
])("%s --fail asks once, and ends with 4 and the server's words (%i %s)", async (verb, code, reason, words) => {
  const requests: AcquireRequest[] = [];
  await using server = await new ScriptedServer({
    locks: {
      acquire: (request) => {
        requests.push(request);
        throw refusal(code, reason, words);
      },
    },
  }).start();
  const args = [verb, "uat", "--fail", ...(verb === "exec" ? ["--", "false"] : [])];
  const said = await type(args, { CALL_ME_URL: server.url });
  expect(said).toEqual({ code: 4, stdout: "", stderr: `call-me: not acquired: ${words}\n` });
  expect(requests).toMatchObject([{ ifBusy: IfBusy.FAIL }]);
  expect(requests[0]?.wait).toBeUndefined();
});

test("who has it is said where the server's sentence does not", async () => {
  let words = "uat is busy";
  const acquire = () => {
    throw refusal(Code.Aborted, "ENVIRONMENT_BUSY", words, { holders: "checkout #7, zoe" });
  };
  await using server = await new ScriptedServer({ locks: { acquire } }).start();
  const said = async () => (await type(["acquire", "uat", "--fail", "--no-wait"], { CALL_ME_URL: server.url })).stderr;
  expect(await said()).toBe("call-me: not acquired: uat is busy; held by checkout #7, zoe\n");
  words = "uat is held by checkout #7, offered to zoe";
  expect(await said()).toBe(`call-me: not acquired: ${words}\n`);
});

test("--fail --wait stands in line for the wait, in one call, and for what is left of it after a lost answer", async () => {
  const waits: number[] = [];
  let timeout = 0;
  await using server = await new ScriptedServer({
    locks: {
      acquire: ({ wait }, { timeoutMs }) => {
        waits.push(milliseconds(wait));
        timeout = Math.max(timeout, timeoutMs() ?? 0);
        if (waits.length === 1) throw refusal(Code.Unavailable, "DRAINING", "stopping");
        throw refusal(Code.Aborted, "ENVIRONMENT_BUSY", BUSY);
      },
    },
  }).start();
  const { code } = await type(["acquire", "uat", "--fail", "--wait", "30s"], { CALL_ME_URL: server.url });
  expect(code).toBe(4);
  const [first = 0, second = 0] = waits;
  expect(waits).toHaveLength(2);
  expect(first).toBeLessThanOrEqual(30_000);
  expect(second).toBeLessThan(first);
  expect(second).toBeGreaterThan(0);
  // The server answers at the end of the wait, and needs a moment for it.
  expect(timeout).toBeGreaterThan(30_000);
});

test("a signal ends --fail --wait at once, and the place with it", async () => {
  const asked = Promise.withResolvers<void>();
  const left = Promise.withResolvers<void>();
  await using server = await new ScriptedServer({
    locks: {
      acquire: async (_, { signal }) => {
        asked.resolve();
        await gone(signal);
        left.resolve();
        return {};
      },
    },
  }).start();
  const session = open(["acquire", "uat", "--fail", "--wait", "30s"], { CALL_ME_URL: server.url }, { pace: { farewell: 1_000_000 } });
  await asked.promise;
  session.interrupt("SIGTERM");
  expect(await session.exit).toBe(143);
  await left.promise;
});

test.each([
  [["--wait", "30s"], /--wait goes with --fail; .*--queue-timeout/],
  [["--fail", "--wait", "61s"], /--wait 61s is more than 60s; .*--queue-timeout/],
  [["--fail", "--no-wait", "--wait", "30s"], /give --no-wait or --wait, not both/],
])("a wait that cannot be had is a matter of the command line: %j", async (args, words) => {
  const { code, stderr } = await type(["acquire", "uat", ...args]);
  expect(code).toBe(2);
  expect(stderr).toMatch(words);
});

test("against the real server --wait waits its time, is served if that comes first, and leaves nobody in line", async () => {
  await using server = await Server.start();
  const env = { CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key };
  const { lease: held } = JSON.parse((await type(["acquire", "uat", "--name", "checkout #7", "--json"], env)).stdout);
  const vain = await type(["acquire", "uat", "--fail", "--wait", "1s"], env);
  expect(vain).toMatchObject({ code: 4, stderr: expect.stringContaining("not acquired: uat busy, held by checkout #7 for ") });
  const { locks } = clientsOf(server);
  expect((await locks.check({ environment: "uat" })).environments[0]?.queueLength).toBe(0);
  const patient = open(["acquire", "uat", "--fail", "--wait", "60s"], env);
  await until(async () => (await locks.check({ environment: "uat" })).environments[0]?.queueLength === 1);
  await locks.release({ leaseId: held.id });
  expect(await patient.exit).toBe(0);
  expect(patient.stdout.text).toContain("acquired slot for environment: uat");
});
