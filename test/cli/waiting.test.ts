import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { gone, lease, refusal, ScriptedServer } from "./scripted.ts";
import { open, type } from "./terminal.ts";

const HELD = lease(LeaseState.HELD);
const QUEUED = lease(LeaseState.QUEUED, { position: 2, queueLength: 3 });

test("it says again and again that it still waits", async () => {
  let grant = () => {};
  const granted = new Promise<void>((resolve) => {
    grant = resolve;
  });
  await using server = await new ScriptedServer({
    locks: {
      acquire: () => ({ lease: QUEUED }),
      async *watchLease() {
        yield { lease: QUEUED };
        await granted;
        yield { lease: HELD };
      },
    },
  }).start();
  const session = open(["request", "uat"], { CALL_ME_URL: server.url }, { pace: { notice: 1 } });
  await session.stdout.shows("waiting for free slot on environment: uat\n".repeat(3));
  grant();
  expect(await session.exit).toBe(0);
});

test("a server that is killed and started again finds the same request at its door", async () => {
  const ids: string[] = [];
  let lives = 1;
  await using server = await new ScriptedServer({
    locks: {
      acquire: ({ requestId }) => {
        ids.push(requestId);
        return { lease: lives === 1 ? QUEUED : HELD };
      },
      async *watchLease(_, { signal }) {
        yield { lease: QUEUED };
        await gone(signal);
      },
    },
  }).start();
  const session = open(["request", "uat"], { CALL_ME_URL: server.url }, { pace: { patience: 0 } });
  await session.stderr.shows("position 2 of 3");
  await server.die();
  await session.stderr.shows("lost contact with the server");
  lives = 2;
  await server.start();
  expect(await session.exit).toBe(0);
  expect(ids).toHaveLength(2);
  expect(new Set(ids).size).toBe(1);
  expect(session.stderr.text).toMatch(/lost contact .*; trying again, with the same place in line\ncall-me: contact regained\n/);
  expect(session.stdout.text).toMatch(/^waiting for free slot on environment: uat\nacquired slot for environment: uat\nwaited /);
});

test("an answer that says unavailable, or is lost on the way, is asked for again", async () => {
  let tries = 0;
  await using server = await new ScriptedServer({
    locks: {
      acquire: () => {
        tries += 1;
        if (tries === 1) throw refusal(Code.Unavailable, "DRAINING", "the server is stopping");
        if (tries === 2) server.cut();
        return { lease: HELD };
      },
    },
  }).start();
  const { code } = await type(["request", "uat"], { CALL_ME_URL: server.url }, { pace: { patience: 5_000 } });
  expect(code).toBe(0);
  expect(tries).toBe(3);
});

test("who is passed over waits on, by the lease's token, and works with what it is granted in the end", async () => {
  const keys: (string | null)[] = [];
  await using server = await new ScriptedServer({
    locks: {
      acquire: () => ({ lease: QUEUED, leaseToken: "cml_L1_x" }),
      async *watchLease(_, { requestHeader }) {
        keys.push(requestHeader.get("x-api-key"));
        yield { lease: QUEUED };
        yield { lease: lease(LeaseState.OFFERED) };
        yield { lease: lease(LeaseState.QUEUED, { passedOver: true, position: 1, queueLength: 2 }) };
        yield { lease: lease(LeaseState.OFFERED) };
        yield { lease: HELD };
      },
    },
  }).start();
  const { code, stdout } = await type(["request", "uat"], { CALL_ME_URL: server.url, CALL_ME_API_KEY: "crj" });
  expect(code).toBe(0);
  expect(stdout).toContain("acquired slot");
  expect(keys).toEqual(["cml_L1_x"]);
});

test("a stream that falls silent counts as cut off", async () => {
  let asked = 0;
  await using server = await new ScriptedServer({
    locks: {
      acquire: () => ({ lease: ++asked === 1 ? QUEUED : HELD }),
      async *watchLease(_, { signal }) {
        yield { lease: QUEUED };
        await gone(signal);
      },
    },
  }).start();
  const { code, stderr } = await type(["request", "uat"], { CALL_ME_URL: server.url }, { pace: { silence: 20 } });
  expect(code).toBe(0);
  expect(stderr).toContain("no sign of life");
});

test("a server that was never there is not waited for", async () => {
  const { code, stderr } = await type(["request", "uat", "--url", "http://127.0.0.1:1"]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/no answer from http:\/\/127.0.0.1:1/);
});

test("a server that stays away is given up when the queue timeout has passed", async () => {
  const server = await new ScriptedServer({
    locks: {
      acquire: ({ queueTimeout }) => ({ lease: { ...QUEUED, ...(queueTimeout && { queueTimeout }) } }),
      async *watchLease(_, { signal }) {
        yield { lease: QUEUED };
        await gone(signal);
      },
    },
  }).start();
  const session = open(["request", "uat", "--queue-timeout", "100ms"], { CALL_ME_URL: server.url });
  await session.stderr.shows("position 2");
  await server.die();
  expect(await session.exit).toBe(4);
  expect(session.stderr.text).toMatch(/not acquired: .*out of reach/);
});

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("%s while it waits withdraws the lease and ends with %i", async (signal, expected) => {
  const released: string[] = [];
  await using server = await new ScriptedServer({
    locks: {
      acquire: () => ({ lease: QUEUED }),
      async *watchLease(_, call) {
        yield { lease: QUEUED };
        await gone(call.signal);
      },
      release: ({ leaseId }) => {
        released.push(leaseId);
        return {};
      },
    },
  }).start();
  const session = open(["request", "uat"], { CALL_ME_URL: server.url });
  await session.stderr.shows("position 2");
  session.interrupt(signal);
  expect(await session.exit).toBe(expected);
  expect(released).toEqual(["L1"]);
  expect(session.stderr.text).toContain(`${signal}: withdrew lease L1`);
});

test("a grant that comes after the signal is given back", async () => {
  const released: string[] = [];
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  await using server = await new ScriptedServer({
    locks: {
      acquire: async () => {
        asked.resolve();
        await answer.promise;
        return { lease: HELD };
      },
      release: ({ leaseId }) => {
        released.push(leaseId);
        return {};
      },
    },
  }).start();
  const session = open(["request", "uat"], { CALL_ME_URL: server.url }, { pace: { farewell: 10_000 } });
  await asked.promise;
  session.interrupt("SIGTERM");
  answer.resolve();
  expect(await session.exit).toBe(143);
  expect(released).toEqual(["L1"]);
  expect(session.stdout.text).toBe("");
});
