import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { LeaseState, OccupantSchema } from "../../gen/ts/callme/v1/types_pb.ts";
import { lease, ScriptedServer } from "./fake.ts";
import { open } from "./terminal.ts";

const since = timestampFromDate(new Date("2030-01-02T03:04:05Z"));
/** As a person at this machine writes it. */
const minute = new Date("2030-01-02T03:04:05Z").toLocaleString("sv-SE").slice(0, 16);
const HOLDER = create(OccupantSchema, { leaseId: "L0", holder: { name: "checkout #7", runUrl: "https://ci/7" }, since });
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

test("on a terminal one line tells place, holder and time, and is rewritten in place", async () => {
  const { server, move, grant } = await line();
  await using _ = server;
  const session = open(["acquire", "uat"], { CALL_ME_URL: server.url }, { columns: 90 });
  const rewritten = "\r\u001b[2K";
  const told = (position: number) =>
    `waiting 0s for uat: position ${position} of 3, held by checkout #7 since ${minute}, https://ci/7`.slice(0, 89);
  await session.stderr.shows(rewritten + told(2));
  move();
  await session.stderr.shows(rewritten + told(1));
  grant();
  expect(await session.exit).toBe(0);
  const { text } = session.stderr;
  expect(text.slice(0, text.lastIndexOf(rewritten))).not.toContain("\n");
  expect(text.slice(text.lastIndexOf(rewritten))).toMatch(/^.{5}call-me: lease L1 is held until it is released\n$/s);
  expect(session.stdout.text).toMatch(/^waiting for free slot on environment: uat\nacquired slot/);
});

test("elsewhere there are lines, now and again, with the holder's run", async () => {
  const { server, move, grant } = await line();
  await using _ = server;
  const session = open(["acquire", "uat", "--json"], { CALL_ME_URL: server.url }, { pace: { notice: 1 } });
  const told = "position 2 of 3, held by checkout #7 (https://ci/7) since 2030-01-02T03:04:05Z";
  await session.stderr.shows(`${told}\ncall-me: still waiting after 0s: ${told}\ncall-me: still waiting after 0s: ${told}\n`);
  move();
  grant();
  expect(await session.exit).toBe(0);
  expect(session.stderr.text).not.toContain("\u001b");
});

test.each([
  [
    { GITHUB_ACTIONS: "true" },
    /^::group::call-me: waiting for uat\ncall-me: position 2 .*\n::endgroup::\ncall-me: done waiting, after 0s\n::notice title=call-me::waited 0s for uat: position 2 of 3, held by .*\ncall-me: lease/s,
  ],
  [{ GITLAB_CI: "true" }, /^.{4}section_start:\d+:call_me_wait\r.*section_end:\d+:call_me_wait\r/s],
  [{ TF_BUILD: "True" }, /^##\[group\]call-me: waiting for uat\n.*\n##\[endgroup\]\n/s],
  [{ BUILDKITE: "true" }, /^--- call-me: waiting for uat\n.*\n\+\+\+ call-me: done waiting, after 0s\n/s],
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
