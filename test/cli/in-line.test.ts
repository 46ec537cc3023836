// `wait --lease`: a place in line that `acquire --no-wait` took is waited out by another command.
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { EndReason, type Lease, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { gone, lease, refusal, ScriptedServer } from "./scripted.ts";
import { open, type } from "./terminal.ts";

const QUEUED = lease(LeaseState.QUEUED, { position: 2, queueLength: 2 });

/** A server that tells of the lease in these states, one after the other; and with which keys it was asked. */
async function telling(...states: Lease[]) {
  const keys: (string | null)[] = [];
  const server = await new ScriptedServer({
    locks: {
      async *watchLease(_, { requestHeader, signal }) {
        keys.push(requestHeader.get("x-api-key"));
        for (const state of states) yield { lease: state };
        await gone(signal);
      },
    },
  }).start();
  return { server, keys };
}

test("it ends with 0 once the lease is held, and keeps it in line by its token, whatever key there is", async () => {
  const { server, keys } = await telling(QUEUED, lease(LeaseState.OFFERED), lease(LeaseState.HELD));
  await using _ = server;
  const env = { CALL_ME_URL: server.url, CALL_ME_API_KEY: "crj", CALL_ME_LEASE_TOKEN: "cml_L1_x" };
  const { code, stdout, stderr } = await type(["wait", "--lease", "L1"], env);
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: "held: uat\n",
  });
  expect(stderr).toBe("call-me: waiting for uat: position 2 of 2\n");
  expect(keys).toEqual(["cml_L1_x"]);
});

test.each([{}, { CALL_ME_LEASE_TOKEN: "cml_L2_x" }])("without its token it only looks, and says so (%j)", async (more) => {
  const { server, keys } = await telling(QUEUED, lease(LeaseState.HELD));
  await using _ = server;
  const { code, stderr } = await type(["wait", "--lease", "L1"], { CALL_ME_URL: server.url, CALL_ME_API_KEY: "crj", ...more });
  expect(code).toBe(0);
  expect(stderr).toContain("without its token in CALL_ME_LEASE_TOKEN this only looks: it keeps nobody in line");
  expect(keys).toEqual(["crj"]);
});

test("a lease that ends instead, and a wait that is over, end with 4; the place itself is left alone", async () => {
  const { server } = await telling(QUEUED, lease(LeaseState.ENDED, { endReason: EndReason.TIMED_OUT }));
  await using _ = server;
  const env = { CALL_ME_URL: server.url, CALL_ME_LEASE_TOKEN: "cml_L1_x" };
  const ended = await type(["wait", "--lease", "L1"], env);
  expect(ended.code).toBe(4);
  expect(ended.stderr).toContain("not acquired: timed out");
  const { server: patient } = await telling(QUEUED);
  await using __ = patient;
  const over = await type(["wait", "--lease", "L1", "--timeout", "50ms"], { ...env, CALL_ME_URL: patient.url });
  expect(over.code).toBe(4);
  expect(over.stderr).toContain("not acquired: position 2 of 2; lease L1 waits in line");
  const session = open(["wait", "--lease", "L1"], { ...env, CALL_ME_URL: patient.url });
  await session.stderr.shows("position 2 of 2");
  session.interrupt("SIGINT");
  expect(await session.exit).toBe(130);
});

test("a lease that nobody knows ends it with the server's words", async () => {
  // biome-ignore lint/correctness/useYield: a stream that is refused yields nothing
  const watchLease = async function* () {
    throw refusal(Code.NotFound, "LEASE_NOT_FOUND", "there is no lease L1");
  };
  await using server = await new ScriptedServer({ locks: { watchLease } }).start();
  const { code, stderr } = await type(["wait", "--lease", "L1"], { CALL_ME_URL: server.url, CALL_ME_LEASE_TOKEN: "cml_L1_x" });
  expect({ code, stderr }).toEqual({ code: 1, stderr: "call-me: there is no lease L1\n" });
});

test.each([[["wait"]], [["wait", "uat", "--lease", "L1"]]])("%j says what to name", async (args) => {
  const { code, stderr } = await type(args);
  expect(code).toBe(2);
  expect(stderr).toContain("name environments to be free, or with --lease the lease to be served");
});
