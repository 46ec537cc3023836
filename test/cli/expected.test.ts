// When it may be whose turn: told by acquire, queue and status, and a warning where a queue timeout is too short for it.
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type Duration, DurationSchema, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { EnvironmentStatusSchema, LeaseState, OccupantSchema } from "../../gen/ts/callme/v1/types_pb.ts";
import { lease, ScriptedServer } from "./scripted.ts";
import { open, type } from "./terminal.ts";

const MINUTE = 60_000;
const seconds = (count: number) => create(DurationSchema, { seconds: BigInt(count) });
const ahead = (minutes: number) => timestampFromMs(Date.now() + minutes * MINUTE + 500);
const HOLDER = create(OccupantSchema, { leaseId: "L0", holder: { name: "checkout #7" }, state: LeaseState.HELD, since: ahead(-3) });

/** A lease that waits, with a turn in so many minutes. */
function waiting(p50: number, p90: number, queueTimeout?: Duration) {
  const estimatedStart = { p50: ahead(p50), p90: ahead(p90), samples: 23, medianHold: seconds(720) };
  return lease(LeaseState.QUEUED, {
    createdAt: ahead(0),
    queueLength: 3,
    holders: [HOLDER],
    estimatedStart,
    ...(queueTimeout && { queueTimeout }),
  });
}

async function office(waiter = waiting(12, 40)) {
  const status: MessageInitShape<typeof EnvironmentStatusSchema> = { name: "uat", capacity: 1, used: 1, queueLength: 1, holders: [HOLDER] };
  const next = create(OccupantSchema, { leaseId: "L1", holder: { name: "gateway" }, state: LeaseState.QUEUED, since: ahead(-1) });
  const ended = Promise.withResolvers<void>();
  const server = await new ScriptedServer({
    locks: {
      acquire: () => ({ lease: waiter }),
      getLease: () => ({ lease: waiter }),
      release: () => ({}),
      check: () => ({ environments: [create(EnvironmentStatusSchema, { ...status, next })] }),
      async *watchLease() {
        yield { lease: waiter };
        await ended.promise;
        yield { lease: lease(LeaseState.HELD) };
      },
    },
    environments: { listLeases: () => ({ leases: [waiter, lease(LeaseState.QUEUED, { id: "L2", position: 2 })] }) },
  }).start();
  return { server, end: ended.resolve };
}

test("a line of a log tells both, and one on a terminal as much as there is room for", async () => {
  const { server, end } = await office();
  await using _ = server;
  const logged = open(["acquire", "uat"], { CALL_ME_URL: server.url });
  await logged.stderr.shows(/position 1 of 3, turn in about 1[12] m \(9 in 10 within (39|40) m\), held by checkout #7 for/);
  for (const [columns, told] of [
    [140, /: position 1 of 3, turn in about 12 m, held by checkout #7/],
    [100, /: position 1 of 3, held by checkout #7/],
  ] as const) {
    const live = open(["acquire", "uat"], { CALL_ME_URL: server.url }, { columns });
    await live.stderr.shows(told);
    live.interrupt("SIGINT");
    await live.exit;
  }
  end();
  await logged.exit;
});

test("queue shows it of each, with what it rests on, and status of who is next", async () => {
  const { server } = await office();
  await using _ = server;
  const queue = await type(["queue", "uat"], { CALL_ME_URL: server.url });
  expect(queue.stdout).toMatch(/^POSITION +WAITS +TURN +WHO\n1 +\S+ s +in about 12 m/);
  expect(queue.stdout).toMatch(/^ {2}turn in about 12 m \(9 in 10 within 40 m\), by the last 23 holds$/m);
  const status = await type(["status"], { CALL_ME_URL: server.url });
  expect(status.stdout + status.stderr).toBeTypeOf("string");
  const one = await type(["status", "uat"], { CALL_ME_URL: server.url });
  expect(one.stdout).toMatch(/^ {2}next is gateway, in line for \d+ [sm].*, turn in about 12 m \(9 in 10 within 40 m\)$/m);
});

test.each([
  [
    "shorter than half of the holds are",
    12,
    600,
    "its queue timeout of 10 m is shorter than half of the holds are (12 m, by the last 23 holds): it may well time out",
  ],
  ["over before its turn", 30, 1_200, "its queue timeout is 20 m, and its turn is expected in about 30 m, by the last 23 holds"],
])("a queue timeout that is %s is warned of", async (_, turn, timeout, told) => {
  const { server } = await office(waiting(turn, 40, seconds(timeout)));
  await using __ = server;
  const session = open(["acquire", "uat", "--queue-timeout", `${timeout}s`], { CALL_ME_URL: server.url });
  await session.stderr.shows(told);
  session.interrupt("SIGINT");
  await session.exit;
});

test("where it cannot be told nothing is said of it, and a turn that is over-due may come at any moment", async () => {
  const plain = await office(lease(LeaseState.QUEUED, { holders: [HOLDER] }));
  await using _ = plain.server;
  expect((await type(["queue", "uat"], { CALL_ME_URL: plain.server.url })).stdout).not.toMatch(/turn/i);
  const late = await office(waiting(-5, -1));
  await using __ = late.server;
  expect((await type(["queue", "uat"], { CALL_ME_URL: late.server.url })).stdout).toMatch(/turn at any moment, by the last 23 holds/);
});
