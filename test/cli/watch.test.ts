import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { EndReason, EnvironmentState, EnvironmentStatusSchema, LeaseState, WatchKind } from "../../gen/ts/callme/v1/types_pb.ts";
import { gone, refusal, ScriptedServer } from "./scripted.ts";
import { open, type } from "./terminal.ts";

const uat = (used: number, queueLength = 0) =>
  create(EnvironmentStatusSchema, {
    name: "uat",
    pool: "default",
    state: EnvironmentState.AVAILABLE,
    capacity: 1,
    used,
    queueLength,
    available: used === 0,
    holders: used === 0 ? [] : [{ leaseId: "L1", holder: { name: "checkout #7" } }],
  });

test("check tells free with 0 and busy with 4, as a table or as JSON", async () => {
  let used = 0;
  await using server = await new ScriptedServer({
    locks: { check: () => ({ available: used === 0, environments: [uat(used, used)] }) },
  }).start();
  const env = { CALL_ME_URL: server.url };
  const free = await type(["check", "uat"], env);
  expect(free.code).toBe(0);
  expect(free.stdout).toBe("STATE  ENVIRONMENT  USED  WAITING  FOR  LATEST END  WHO\nfree   uat          0/1   0\n");
  used = 1;
  const busy = await type(["check", "--pool", "default"], env);
  expect(busy.code).toBe(4);
  expect(busy.stdout).toContain("\nbusy   uat          1/1   1             none        checkout #7\n");
  const json = await type(["check", "uat", "--json"], env);
  expect(json.code).toBe(4);
  expect(JSON.parse(json.stdout)).toMatchObject({ available: false, environments: [{ name: "uat", used: 1 }] });
});

test.each([
  [{ queueLength: 1 }, "busy", "claimed by who waits in line"],
  [{ resting: 1 }, "resting", "resting after its last use"],
  [{}, "not to be had now", "a limit of the server is reached, or its disk is full"],
])("check and status say why what nobody is on is refused: %j", async (facts, verdict, why) => {
  const status = create(EnvironmentStatusSchema, { ...uat(0), available: false, ...facts });
  await using server = await new ScriptedServer({ locks: { check: () => ({ environments: [status] }) } }).start();
  const env = { CALL_ME_URL: server.url };
  const check = await type(["check", "uat"], env);
  expect(check).toMatchObject({ code: 4, stdout: expect.stringMatching(new RegExp(`^${verdict} +uat +0/1 +\\d\n {2}${why}$`, "m")) });
  expect((await type(["status", "uat"], env)).stdout).toMatch(new RegExp(`^${verdict} +uat +0/1 +\\d\n {2}${why}$`, "m"));
});

test("what a watch calls free is free for wait only when Check says so as well, which is asked again with each sign of life", async () => {
  const full = create(EnvironmentStatusSchema, { ...uat(0), available: false });
  const room = Promise.withResolvers<void>();
  let now = full;
  await using server = await new ScriptedServer({
    locks: {
      check: () => ({ environments: [now] }),
      async *watchEnvironment(_, { signal }) {
        yield { revision: 1n, kind: WatchKind.SNAPSHOT, environments: [uat(0)] };
        await room.promise;
        yield { revision: 1n, kind: WatchKind.HEARTBEAT };
        await gone(signal);
      },
    },
  }).start();
  const session = open(["wait", "uat"], { CALL_ME_URL: server.url });
  await session.stderr.shows("waiting: uat not to be had now, a limit of the server is reached, or its disk is full\n");
  expect(session.stdout.text).toBe("");
  now = uat(0);
  room.resolve();
  expect(await session.exit).toBe(0);
  expect(session.stdout.text).toBe("free: uat\n");
});

test("wait gives up with 4 on what is not to be had, and says why, also as JSON", async () => {
  const full = create(EnvironmentStatusSchema, { ...uat(0), available: false });
  await using server = await new ScriptedServer({
    locks: {
      check: () => ({ environments: [full] }),
      async *watchEnvironment(_, { signal }) {
        yield { revision: 1n, kind: WatchKind.SNAPSHOT, environments: [uat(0)] };
        await gone(signal);
      },
    },
  }).start();
  const { code, stdout, stderr } = await type(["wait", "uat", "--timeout", "300ms", "--json"], { CALL_ME_URL: server.url });
  expect(code).toBe(4);
  expect(JSON.parse(stdout)).toMatchObject({ available: false, environments: [{ name: "uat", available: false }] });
  expect(stderr).toMatch(/call-me: not free after 300ms: uat not to be had now, a limit/);
});

test("wait says again who is there when that changes, not when somebody renews", async () => {
  const held = (until: number) => {
    const holder = { leaseId: "L1", holder: { name: "checkout #7" }, state: LeaseState.HELD, until: timestampFromMs(Date.now() + until) };
    return create(EnvironmentStatusSchema, { name: "uat", state: EnvironmentState.AVAILABLE, capacity: 1, used: 1, holders: [holder] });
  };
  await using server = await new ScriptedServer({
    locks: {
      async *watchEnvironment() {
        yield { revision: 1n, kind: WatchKind.SNAPSHOT, environments: [held(3_600_000)] };
        yield { revision: 2n, kind: WatchKind.CHANGE, environments: [held(7_200_000)] };
        yield { revision: 3n, kind: WatchKind.CHANGE, environments: [create(EnvironmentStatusSchema, { name: "uat", deleted: true })] };
      },
    },
  }).start();
  const { stderr } = await type(["wait", "uat"], { CALL_ME_URL: server.url });
  expect(stderr).toMatch(/^call-me: waiting: uat busy, held by checkout #7 until .* unless renewed\ncall-me: uat was deleted/);
});

test("watch prints a line per change with its cause, until interrupted", async () => {
  await using server = await new ScriptedServer({
    locks: {
      async *watchEnvironment(_, { signal }) {
        yield { revision: 1n, kind: WatchKind.SNAPSHOT, environments: [uat(0)] };
        yield { revision: 1n, kind: WatchKind.HEARTBEAT };
        const by = { leaseId: "L1", holder: { name: "checkout #7" } };
        yield { revision: 2n, kind: WatchKind.CHANGE, environments: [uat(1)], cause: { ...by, state: LeaseState.HELD } };
        const end = { ...by, state: LeaseState.ENDED, endReason: EndReason.RELEASED };
        yield { revision: 3n, kind: WatchKind.CHANGE, environments: [uat(0)], cause: end };
        yield { revision: 4n, kind: WatchKind.CHANGE, environments: [uat(0)], skipped: true };
        await gone(signal);
      },
    },
  }).start();
  const session = open(["watch", "uat"], { CALL_ME_URL: server.url });
  await session.stdout.shows("several changes; free, 0/1 used, 0 waiting\n");
  session.interrupt("SIGINT");
  expect(await session.exit).toBe(130);
  expect(session.stdout.text.split("\n").map((line) => line.replace(/^\S+Z {2}/, ""))).toEqual([
    "uat  free, 0/1 used, 0 waiting",
    "uat  checkout #7 has it, until it is released; 1/1 used, 0 waiting",
    "uat  checkout #7 gave it back; free, 0/1 used, 0 waiting",
    "uat  several changes; free, 0/1 used, 0 waiting",
    "",
  ]);
});

test("watch tells who had been served and is in line again from who has only come", async () => {
  const by = { leaseId: "L1", holder: { name: "checkout #7" } };
  const offered = create(EnvironmentStatusSchema, { name: "uat", used: 1, holders: [{ ...by, state: LeaseState.OFFERED }] });
  const steps = [
    { environments: [uat(0, 1)], cause: { ...by, state: LeaseState.QUEUED } },
    { environments: [offered], cause: { ...by, state: LeaseState.OFFERED } },
    { environments: [uat(0, 1)], cause: { ...by, state: LeaseState.QUEUED } },
    { environments: [uat(1)], cause: { ...by, state: LeaseState.HELD } },
    { environments: [uat(0, 1)], cause: { ...by, state: LeaseState.QUEUED } },
  ];
  await using server = await new ScriptedServer({
    locks: {
      async *watchEnvironment(_, { signal }) {
        for (const step of steps) yield { revision: 1n, kind: WatchKind.CHANGE, ...step };
        await gone(signal);
      },
    },
  }).start();
  const session = open(["watch", "uat"], { CALL_ME_URL: server.url });
  await session.stdout.shows("checkout #7 lost it, and is in line again; ");
  session.interrupt("SIGINT");
  await session.exit;
  expect(session.stdout.text.match(/checkout #7 [^;]*/g)).toEqual([
    "checkout #7 is in line",
    "checkout #7 is offered it",
    "checkout #7 was passed over, and is in line again",
    "checkout #7 has it, until it is released",
    "checkout #7 lost it, and is in line again",
  ]);
});

test("watch resumes behind the last revision it saw when the server comes back", async () => {
  const resumedAt: bigint[] = [];
  await using server = await new ScriptedServer({
    locks: {
      async *watchEnvironment({ sinceRevision }, { signal }) {
        resumedAt.push(sinceRevision);
        yield { revision: sinceRevision + 1n, kind: WatchKind.CHANGE, environments: [uat(0)] };
        await gone(signal);
      },
    },
  }).start();
  const session = open(["watch", "uat", "--json", "--since", "9007199254740993"], { CALL_ME_URL: server.url }, { pace: { patience: 0 } });
  await session.stdout.shows('"9007199254740994"');
  await server.die();
  await session.stderr.shows("lost contact with the server");
  await server.start();
  await session.stderr.shows("contact regained");
  session.interrupt("SIGTERM");
  expect(await session.exit).toBe(143);
  expect(resumedAt).toEqual([9007199254740993n, 9007199254740994n]);
  const messages = session.stdout.text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(messages).toMatchObject([{ revision: "9007199254740994", kind: "WATCH_KIND_CHANGE" }, { revision: "9007199254740995" }]);
});

test("watch ends with the server's verdict", async () => {
  // biome-ignore lint/correctness/useYield: a stream that is refused yields nothing
  const watchEnvironment = async function* () {
    throw refusal(Code.NotFound, "ENVIRONMENT_NOT_FOUND", 'there is no environment "uta"; did you mean "uat"?');
  };
  await using server = await new ScriptedServer({ locks: { watchEnvironment } }).start();
  const { code, stderr } = await type(["watch", "uta"], { CALL_ME_URL: server.url });
  expect({ code, stderr }).toEqual({ code: 1, stderr: 'call-me: there is no environment "uta"; did you mean "uat"?\n' });
});

test("watch gives up on a server that was never there", async () => {
  expect((await type(["watch", "uat", "--url", "http://127.0.0.1:1"])).code).toBe(1);
});

test("an environment that is deleted ends wait with a sentence, and is told by watch", async () => {
  const deleted = create(EnvironmentStatusSchema, { ...uat(1), capacity: 0, used: 0, deleted: true });
  await using server = await new ScriptedServer({
    locks: {
      async *watchEnvironment(_, { signal }) {
        yield { revision: 1n, kind: WatchKind.SNAPSHOT, environments: [uat(1)] };
        yield { revision: 2n, kind: WatchKind.CHANGE, environments: [deleted] };
        await gone(signal);
      },
    },
  }).start();
  const { code, stdout, stderr } = await type(["wait", "uat"], { CALL_ME_URL: server.url });
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(
    /^call-me: waiting: uat busy, held by checkout #7 until it is released\ncall-me: uat was deleted: there is nothing left to wait for\n$/,
  );
  const session = open(["watch", "uat"], { CALL_ME_URL: server.url });
  await session.stdout.shows("uat  deleted\n");
  session.interrupt("SIGINT");
  expect(await session.exit).toBe(130);
});

test("watch tells what has gone while it was slow, or out of contact", async () => {
  const named = (...names: string[]) => names.map((name) => create(EnvironmentStatusSchema, { ...uat(0), name }));
  await using server = await new ScriptedServer({
    locks: {
      async *watchEnvironment(_, { signal }) {
        yield { revision: 1n, kind: WatchKind.SNAPSHOT, environments: named("a", "b", "c") };
        yield { revision: 2n, kind: WatchKind.CHANGE, environments: named("a") };
        yield { revision: 3n, kind: WatchKind.CHANGE, environments: named("a", "c"), skipped: true };
        yield { revision: 4n, kind: WatchKind.SNAPSHOT, environments: named("c"), reset: true };
        await gone(signal);
      },
    },
  }).start();
  const session = open(["watch", "--pool", "default", "-l", "tier=uat"], { CALL_ME_URL: server.url });
  await session.stdout.shows(/ {2}a {2}is gone.*\n.* c {2}/);
  session.interrupt("SIGINT");
  await session.exit;
  const lost = session.stdout.text.split("\n").filter((line) => line.includes("is gone"));
  expect(lost.map((line) => line.replace(/^\S+ +/, ""))).toEqual(
    ["b", "a"].map((name) => `${name}  is gone: deleted, or not one of them any more`),
  );
});
