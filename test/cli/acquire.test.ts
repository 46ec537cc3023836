import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { type AcquireRequest, IfBusy } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { EndReason, HolderKind, LeaseState, OccupantSchema, WatchKind } from "../../gen/ts/callme/v1/types_pb.ts";
import { lease, refusal, ScriptedServer } from "./scripted.ts";
import { type } from "./terminal.ts";

const until = timestampFromDate(new Date("2030-01-02T03:04:05.678Z"));
/** As a person at this machine writes it. */
const minute = new Date("2030-01-02T03:04:05Z").toLocaleString("sv-SE").slice(0, 16);
const HELD = lease(LeaseState.HELD, { expiresAt: until, ttlRemaining: { seconds: 3600n } });
const QUEUED = lease(LeaseState.QUEUED, {
  position: 2,
  queueLength: 3,
  holders: [create(OccupantSchema, { leaseId: "L0", holder: { name: "checkout #7", runUrl: "https://ci/7" }, until, reason: "nightly" })],
});
const GO_DURATION = String.raw`(\d+h)?(\d+m)?\d+(\.\d+)?(ns|µs|ms|s)`;

/** A server that grants at once, and keeps the requests. */
async function generous() {
  const requests: AcquireRequest[] = [];
  const acquire = (request: AcquireRequest) => {
    requests.push(request);
    const environments = request.needs.length > 0 ? request.needs.map(({ environment: name, slots }) => ({ name, slots })) : undefined;
    return { lease: lease(LeaseState.HELD, { expiresAt: until, ...(environments && { environments }) }), leaseToken: "cml_L1_x" };
  };
  return { requests, server: await new ScriptedServer({ locks: { acquire } }).start() };
}

test.each([
  ["request", "in the original's unit", GO_DURATION],
  ["acquire", "in a unit that people count in", String.raw`\d+(\.\d)? s`],
])("%s of a free environment says how long it waited %s, and on stderr until when it is held", async (verb, _, waited) => {
  await using server = await new ScriptedServer({ locks: { acquire: () => ({ lease: HELD, leaseToken: "cml_L1_x" }) } }).start();
  const { code, stdout, stderr } = await type([verb, "uat"], { CALL_ME_URL: server.url });
  expect(code).toBe(0);
  expect(stdout).toMatch(new RegExp(`^acquired slot for environment: uat\nwaited ${waited}\n$`));
  expect(stderr).toBe(`call-me: lease L1 is held until ${minute} (for 1 h) unless it is renewed or released\n`);
});

test("a busy environment is waited for, and stderr says who has it", async () => {
  await using server = await new ScriptedServer({
    locks: {
      acquire: () => ({ lease: QUEUED, leaseToken: "cml_L1_x" }),
      async *watchLease() {
        yield { lease: QUEUED, kind: WatchKind.SNAPSHOT };
        yield { lease: lease(LeaseState.OFFERED), kind: WatchKind.CHANGE };
        yield { lease: HELD, kind: WatchKind.CHANGE };
      },
    },
  }).start();
  const { code, stdout, stderr } = await type(["request", "uat"], { CALL_ME_URL: server.url });
  expect(code).toBe(0);
  expect(stdout).toMatch(
    new RegExp(`^waiting for free slot on environment: uat\nacquired slot for environment: uat\nwaited ${GO_DURATION}\n$`),
  );
  expect(stderr).toContain(`position 2 of 3, held by checkout #7 until ${minute} unless renewed (nightly, https://ci/7)\n`);
  expect(stderr.match(/position/g)).toHaveLength(1);
});

test.each([
  [EndReason.TIMED_OUT, "", /not acquired: timed out/],
  [EndReason.UNSATISFIABLE, "uat has 1 slot", /not acquired: unsatisfiable: uat has 1 slot/],
  [EndReason.FORCE_RELEASED, "ops: upgrade", /not acquired: force released: ops: upgrade/],
  [EndReason.ABANDONED, "", /not acquired: abandoned/],
])("a lease that ends while it waits (%i) ends the command with 4 and the reason", async (endReason, endNote, words) => {
  await using server = await new ScriptedServer({
    locks: {
      acquire: () => ({ lease: QUEUED }),
      async *watchLease() {
        yield { lease: lease(LeaseState.ENDED, { endReason, endNote }) };
      },
    },
  }).start();
  const { code, stderr } = await type(["request", "uat"], { CALL_ME_URL: server.url });
  expect(code).toBe(4);
  expect(stderr).toMatch(words);
});

test("who is offered it does not hold it yet", async () => {
  const ada = create(OccupantSchema, { leaseId: "L0", state: LeaseState.OFFERED, holder: { name: "ada" } });
  const answer = { lease: lease(LeaseState.QUEUED, { position: 2, queueLength: 2, holders: [ada] }), leaseToken: "cml_L1_x" };
  await using server = await new ScriptedServer({ locks: { acquire: () => answer } }).start();
  const { stderr } = await type(["acquire", "uat", "--no-wait"], { CALL_ME_URL: server.url });
  expect(stderr).toContain("position 2 of 2, offered to ada; ");
  expect(stderr).not.toContain("held by");
});

test("--no-wait takes a place in line and leaves it at that", async () => {
  await using server = await new ScriptedServer({ locks: { acquire: () => ({ lease: QUEUED, leaseToken: "cml_L1_x" }) } }).start();
  const said = await type(["acquire", "uat", "--no-wait"], { CALL_ME_URL: server.url });
  expect(said).toMatchObject({ code: 4, stdout: "" });
  expect(said.stderr).toMatch(/not acquired: position 2 of 3, .*; lease L1 waits in line/);
  const json = await type(["acquire", "uat", "--no-wait", "--json"], { CALL_ME_URL: server.url });
  expect(json.code).toBe(4);
  expect(JSON.parse(json.stdout)).toMatchObject({ lease: { id: "L1", state: "LEASE_STATE_QUEUED" }, leaseToken: "cml_L1_x" });
});

test("--json prints the answer and nothing else on stdout, with the lease as it was granted", async () => {
  await using server = await new ScriptedServer({
    locks: {
      acquire: () => ({ lease: QUEUED, leaseToken: "cml_L1_x" }),
      async *watchLease() {
        yield { lease: HELD };
      },
    },
  }).start();
  const { code, stdout } = await type(["acquire", "uat", "--json"], { CALL_ME_URL: server.url });
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    lease: { state: "LEASE_STATE_HELD", environments: [{ name: "uat" }] },
    leaseToken: "cml_L1_x",
  });
});

test("every option reaches the server", async () => {
  const { requests, server } = await generous();
  await using _ = server;
  const args =
    "uat --pool p --ttl 30m --max-hold 2h --fail --queue-timeout 1h --ticket-ttl 90s --claim-timeout 20s --priority=-3 --request-id r --reason why --name me --run-url https://ci/1 --tag a --tag b";
  expect((await type(["acquire", ...args.split(" ")], { CALL_ME_URL: server.url })).code).toBe(0);
  expect(requests[0]).toMatchObject({
    environment: "uat",
    needs: [],
    pool: "p",
    ttl: { seconds: 1800n },
    maxHold: { seconds: 7200n },
    ifBusy: IfBusy.FAIL,
    queueTimeout: { seconds: 3600n },
    ticketTtl: { seconds: 90n },
    claimTimeout: { seconds: 20n },
    priority: -3,
    requestId: "r",
    reason: "why",
    holder: { name: "me", runUrl: "https://ci/1", kind: HolderKind.HUMAN },
    tags: ["a", "b"],
  });
});

test("several environments and slots go into one request", async () => {
  const { requests, server } = await generous();
  await using _ = server;
  const { stdout } = await type(["request", "uat", "db=2"], { CALL_ME_URL: server.url });
  expect(requests[0]).toMatchObject({
    environment: "",
    needs: [
      { environment: "uat", slots: 1 },
      { environment: "db", slots: 2 },
    ],
  });
  expect(stdout).toMatch(/^acquired slot for environment: uat, db\n/);
  await type(["request", "db-host:5432"], { CALL_ME_URL: server.url });
  expect(requests[1]).toMatchObject({ environment: "db-host:5432" });
  await type(["request", "odd=name=1", "--slots", "3"], { CALL_ME_URL: server.url });
  expect(requests[2]).toMatchObject({ needs: [{ environment: "odd=name=1", slots: 3 }] });
  expect(requests[0]?.requestId).not.toBe(requests[1]?.requestId);
});

test.each([
  [
    {
      GITHUB_SERVER_URL: "https://gh",
      GITHUB_REPOSITORY: "shop/web",
      GITHUB_RUN_ID: "99",
      GITHUB_RUN_NUMBER: "4",
      GITHUB_ACTOR: "ada",
      GITHUB_REF_NAME: "main",
    },
    { runUrl: "https://gh/shop/web/actions/runs/99", name: "shop/web #4", actor: "ada", ref: "main", repository: "shop/web" },
  ],
  [
    {
      CI_PIPELINE_URL: "https://gl/-/pipelines/9",
      CI_JOB_URL: "https://gl/-/jobs/1",
      CI_PROJECT_PATH: "g/p",
      CI_PIPELINE_IID: "5",
      CI_JOB_NAME: "e2e",
    },
    { runUrl: "https://gl/-/pipelines/9", name: "g/p #5", job: "e2e" },
  ],
  [
    { BUILD_URL: "https://j/job/x/3/", JOB_NAME: "x", BUILD_NUMBER: "3" },
    { runUrl: "https://j/job/x/3/", name: "x #3" },
  ],
  [
    { BUILDKITE_BUILD_URL: "https://bk/1", BUILDKITE_PIPELINE_SLUG: "s", BUILDKITE_BUILD_NUMBER: "1" },
    { runUrl: "https://bk/1", name: "s #1" },
  ],
])("in a CI system the holder is the run: %j", async (env, holder) => {
  const { requests, server } = await generous();
  await using _ = server;
  await type(["request", "uat"], { ...(env as Record<string, string>), CALL_ME_URL: server.url });
  expect(requests[0]?.holder).toMatchObject({ ...holder, kind: HolderKind.PIPELINE });
});

test("what others wrote cannot command the terminal", async () => {
  const evil = create(OccupantSchema, { leaseId: "L0", holder: { name: "\u001b[2Jx\n::error::y\u202e\u009b" }, reason: "a\r\nb" });
  await using server = await new ScriptedServer({
    locks: {
      acquire: () => ({ lease: lease(LeaseState.QUEUED, { holders: [evil] }) }),
      async *watchLease() {
        yield { lease: HELD };
      },
    },
  }).start();
  const { stderr } = await type(["request", "uat"], { CALL_ME_URL: server.url });
  expect(stderr).toContain("position 1 of 1, held by [2Jx: :error: :y until it is released (ab)\n");
});

test("other content under a known request id is an error that says so", async () => {
  const acquire = () => {
    throw refusal(Code.AlreadyExists, "IDEMPOTENCY_MISMATCH", "request_id r was used with other content");
  };
  await using server = await new ScriptedServer({ locks: { acquire } }).start();
  const { code, stderr } = await type(["request", "uat", "--request-id", "r"], { CALL_ME_URL: server.url });
  expect({ code, stderr }).toEqual({ code: 1, stderr: "call-me: request_id r was used with other content\n" });
});
