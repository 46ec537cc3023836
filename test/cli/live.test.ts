import { create } from "@bufbuild/protobuf";
import { timestampFromDate, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { EnvironmentState, EnvironmentStatusSchema, HolderSchema, LeaseState, OccupantSchema } from "../../gen/ts/callme/v1/types_pb.ts";
import { lease, ScriptedServer } from "./scripted.ts";
import { open } from "./terminal.ts";

const since = timestampFromMs(Date.now() - 12 * 60_000);
const latestEnd = timestampFromDate(new Date("2030-01-02T03:04:05Z"));
/** As a person at this machine writes it. */
const minute = new Date("2030-01-02T03:04:05Z").toLocaleString("sv-SE").slice(0, 16);
/** Its holder renews it all the time. */
const HOLDER = create(OccupantSchema, {
  leaseId: "L0",
  holder: { name: "checkout #7", runUrl: "https://ci/7" },
  state: LeaseState.HELD,
  since,
  until: timestampFromMs(Date.now() + 50_000),
  latestEnd,
});
const place = (position: number) => lease(LeaseState.QUEUED, { position, queueLength: 3, holders: [HOLDER] });

/** A line that moves when it is told to, and a server that grants in the end. */
async function line() {
  const [moves, grants] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const server = await new ScriptedServer({
    locks: {
      acquire: () => ({ lease: place(2) }),
      async *watchLease() {
        yield { lease: place(2) };
        await moves.promise;
        yield { lease: place(1) };
        await grants.promise;
        yield { lease: lease(LeaseState.HELD) };
      },
    },
  }).start();
  return { server, move: moves.resolve, grant: grants.resolve };
}

test("on a terminal one line tells place, holder and times, and is rewritten in place", async () => {
  const { server, move, grant } = await line();
  await using _ = server;
  const session = open(["acquire", "uat"], { CALL_ME_URL: server.url }, { columns: 140 });
  const rewritten = "\r\u001b[2K";
  const told = (position: number) =>
    new RegExp(
      `\r\u001b\\[2Kwaiting \\d s for uat: position ${position} of 3, held by checkout #7 for 12 m, renewed until ${minute} at the latest, https://ci/7`,
    );
  await session.stderr.shows(told(2));
  move();
  await session.stderr.shows(told(1));
  grant();
  expect(await session.exit).toBe(0);
  const { text } = session.stderr;
  expect(text.slice(0, text.lastIndexOf(rewritten))).not.toContain("\n");
  expect(text.slice(text.lastIndexOf(rewritten))).toMatch(/^.{5}call-me: lease L1 is held until it is released\n$/s);
  expect(session.stdout.text).toMatch(/^acquired slot/);
});

test("elsewhere there are lines, now and again, that name the environment, and the holder's run", async () => {
  const { server, move, grant } = await line();
  await using _ = server;
  const session = open(["acquire", "uat", "--json"], { CALL_ME_URL: server.url }, { pace: { notice: 1 } });
  const told = `position 2 of 3, held by checkout #7 for 12 m, renewed until ${minute} at the latest \\(https://ci/7\\)\n`;
  await session.stderr.shows(new RegExp(`call-me: waiting for uat: ${told}(call-me: still waiting for uat after \\d s: ${told}){2}`));
  move();
  grant();
  expect(await session.exit).toBe(0);
  expect(session.stderr.text).not.toContain("\u001b");
});

test("what was heard before contact was lost is told as that, on a terminal and in a log", async () => {
  for (const [columns, old] of [
    [160, /waiting \d s for uat: server out of reach for \d s, last heard: position 2 of 3, held by/],
    [undefined, /call-me: still waiting for uat after \d s: server out of reach for \d s, last heard: position 2 of 3, held by/],
  ] as const) {
    const { server, grant } = await line();
    await using _ = server;
    const session = open(["exec", "uat", "--", "true"], { CALL_ME_URL: server.url }, { pace: { notice: 1 }, ...(columns && { columns }) });
    await session.stderr.shows("position 2 of 3");
    await server.die();
    await session.stderr.shows(old);
    session.interrupt("SIGINT");
    grant();
    expect(await session.exit).toBe(130);
  }
});

test("what is in the way of an environment that nobody has is looked at again and again", async () => {
  let stateReason = "database upgrade";
  const status = () => ({ name: "uat", state: EnvironmentState.MAINTENANCE, stateReason, capacity: 1 });
  await using server = await new ScriptedServer({
    locks: {
      acquire: () => ({ lease: lease(LeaseState.QUEUED) }),
      check: () => ({ environments: [create(EnvironmentStatusSchema, status())] }),
      async *watchLease(_, { signal }) {
        yield await new Promise((resolve) => signal.addEventListener("abort", () => resolve({}), { once: true }));
      },
    },
  }).start();
  const session = open(["exec", "uat", "--", "true"], { CALL_ME_URL: server.url }, { pace: { notice: 1 } });
  await session.stderr.shows("call-me: waiting for uat: position 1 of 1; uat maintenance, database upgrade\n");
  stateReason = "the disk is broken";
  await session.stderr.shows("call-me: waiting for uat: position 1 of 1; uat maintenance, the disk is broken\n");
  session.interrupt("SIGINT");
  await session.exit;
});

/** The live line on a terminal of so many columns, as soon as it is there. */
async function lineOn(columns: number, holder: string): Promise<string> {
  const one = { ...HOLDER, holder: create(HolderSchema, { name: holder, runUrl: "https://ci/7" }) };
  await using server = await new ScriptedServer({
    locks: {
      acquire: () => ({ lease: lease(LeaseState.QUEUED, { position: 2, queueLength: 3, holders: [one] }) }),
      async *watchLease(_, { signal }) {
        yield await new Promise((resolve) => signal.addEventListener("abort", () => resolve({}), { once: true }));
      },
    },
  }).start();
  const session = open(["exec", "uat", "--", "true"], { CALL_ME_URL: server.url }, { columns });
  await session.stderr.shows("held by ");
  session.interrupt("SIGINT");
  await session.exit;
  return session.stderr.text.split("\r\u001b[2K")[1]?.replace(/^waiting \d s/, "waiting 0 s") ?? "";
}

test("on a narrow terminal the name is cut, and says so; place and end are always there", async () => {
  const end = ` until ${minute} at the latest`;
  expect(await lineOn(100, "shop/checkout-service #4711 by the nightly build")).toBe(
    `waiting 0 s for uat: 2 of 3, held by shop/checkout-service #4…${end}`,
  );
  const wide = await lineOn(100, "東京の決済サービス結合試験パイプライン第四");
  expect(wide).toBe(`waiting 0 s for uat: 2 of 3, held by 東京の決済サービス結合試…${end}`);
  expect(await lineOn(40, "shop/checkout-service #4711")).toBe("waiting 0 s for uat: 2 of 3, held by s…");
});

test.each([
  [
    { GITHUB_ACTIONS: "true" },
    /^::group::call-me: waiting for uat\ncall-me: waiting for uat: position 2 .*\n::endgroup::\ncall-me: done waiting, after \d s\n::notice title=call-me::waited \d s for uat, at first position 2 of 3, held by .*\ncall-me: lease/s,
  ],
  [{ GITLAB_CI: "true" }, /^.{4}section_start:\d+:call_me_wait\r.*section_end:\d+:call_me_wait\r/s],
  [{ TF_BUILD: "True" }, /^##\[group\]call-me: waiting for uat\n.*\n##\[endgroup\]\n/s],
  [{ BUILDKITE: "true" }, /^--- call-me: waiting for uat\n.*\n\+\+\+ call-me: done waiting, after \d s\n/s],
  [{ TEAMCITY_VERSION: "2025.11" }, /^##teamcity\[blockOpened name='call-me' .*\n##teamcity\[blockClosed name='call-me'\]\n/s],
])("the log has a section for it where the system knows sections: %j", async (system, log) => {
  const { server, move, grant } = await line();
  await using _ = server;
  const session = open(["acquire", "uat"], { ...(system as Record<string, string>), CALL_ME_URL: server.url }, { columns: 80 });
  await session.stderr.shows("position 2");
  move();
  grant();
  expect(await session.exit).toBe(0);
  expect(session.stderr.text).toMatch(log);
});

test("a system that gives its jobs a terminal, and knows no sections, gets lines that begin with our name", async () => {
  const { server, move, grant } = await line();
  await using _ = server;
  const session = open(["exec", "uat", "--", "true"], { CI: "true", CIRCLECI: "true", CALL_ME_URL: server.url }, { columns: 80 });
  await session.stderr.shows("position 2");
  move();
  grant();
  await session.exit;
  for (const said of session.stderr.text.trimEnd().split("\n")) expect(said).toMatch(/^call-me: \S/);
});

test("what is granted at once opens no section", async () => {
  await using server = await new ScriptedServer({ locks: { acquire: () => ({ lease: lease(LeaseState.HELD) }) } }).start();
  const session = open(["acquire", "uat"], { GITHUB_ACTIONS: "true", CALL_ME_URL: server.url });
  expect(await session.exit).toBe(0);
  expect(session.stderr.text).toBe("call-me: lease L1 is held until it is released\n");
});
