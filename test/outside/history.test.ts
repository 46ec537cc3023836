// What happened, told by InsightService of a real server, through kill -9.
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EventKind, GroupBy } from "../../gen/ts/callme/v1/insight_service_pb.ts";
import { EnvironmentState } from "../../gen/ts/callme/v1/types_pb.ts";
import { type Clients, clientsOf, failureOf, refusal } from "./clients.ts";
import { Server } from "./server.ts";

let server: Server;
let clients: Clients;

beforeAll(async () => {
  server = await Server.start();
  clients = clientsOf(server, "gRPC");
});
afterAll(() => server[Symbol.asyncDispose]());

function nameOf(kind: EventKind): string {
  return Object.entries(EventKind).find(([, value]) => value === kind)?.[0] ?? String(kind);
}

/** Each event in a word, oldest first. */
async function told(filter: Parameters<Clients["insight"]["listEvents"]>[0]["filter"]): Promise<string[]> {
  const { events } = await clients.insight.listEvents({ filter });
  return events.map(({ kind, holder }) => `${nameOf(kind)} ${holder?.name ?? ""}`.trim()).reverse();
}

test("who had an environment, who took it away and why, is told at once, and after a kill -9", async () => {
  const environment = "uat";
  const asked = (name: string) => ({ environment, holder: { name, runUrl: `https://ci.example/${name}`, repository: "shop" } });
  await clients.environments.applyEnvironments({ environments: [{ name: environment, lockDelay: { seconds: 0n, nanos: 0 } }] });
  const first = await clients.locks.acquire({ ...asked("first"), reason: "nightly" });
  const second = clients.locks.acquire({ ...asked("second"), requestId: "second", wait: { seconds: 30n, nanos: 0 } });
  const leaseId = first.lease?.id ?? "";
  while ((await told({ environment, kinds: [EventKind.QUEUED] })).length === 0);
  await clients.environments.forceRelease({ leaseId, reason: "stuck in a loop" });
  const granted = (await second).lease;
  const state = { environment, state: EnvironmentState.DRAINING, reason: "new disk" };
  await clients.environments.setEnvironmentState(state);
  const expected = [
    "ENVIRONMENT_CREATED",
    "GRANTED first",
    "QUEUED second",
    "FORCE_RELEASED first",
    "OFFERED second",
    "GRANTED second",
    "STATE_CHANGED",
  ];
  expect(await told({ environment })).toEqual(expected);
  await server.kill9();
  await server.restart();
  expect(await told({ environment })).toEqual(expected);
  const { events } = await clients.insight.listEvents({ filter: { leaseId } });
  expect(events).toMatchObject([
    {
      ...{ kind: EventKind.FORCE_RELEASED, reason: "stuck in a loop", by: { principal: "admin" }, principal: "admin" },
      ...{ holder: { runUrl: "https://ci.example/first" }, slots: 1, grantedAt: {}, createdAt: {} },
    },
    { kind: EventKind.GRANTED, reason: "nightly" },
  ]);
  const heldAt = events[0]?.grantedAt;
  expect((await clients.insight.listEvents({ filter: { environment, ...(heldAt && { heldAt }) } })).events).toMatchObject([{ leaseId }]);
  expect(await told({ environment, holder: "second" })).toEqual(["QUEUED second", "OFFERED second", "GRANTED second"]);
  const [change] = (await clients.insight.listEvents({ filter: { kinds: [EventKind.STATE_CHANGED] } })).events;
  expect(change).toMatchObject({ reason: "new disk", state: EnvironmentState.DRAINING, by: { principal: "admin" } });
  expect(granted?.id).not.toBe(leaseId);
});

test("a page stays where it is while more happens, and times bound what is told", async () => {
  const environment = "paged";
  const pair = async (name: string) => {
    const { lease } = await clients.locks.acquire({ environment, holder: { name } });
    await clients.locks.release({ leaseId: lease?.id ?? "" });
  };
  for (let n = 0; n < 10; n++) await pair(`n${n}`);
  const seen: string[] = [];
  let pageToken = "";
  do {
    const page = await clients.insight.listEvents({ filter: { environment, kinds: [EventKind.RELEASED] }, pageSize: 3, pageToken });
    seen.push(...page.events.map(({ holder }) => holder?.name ?? ""));
    pageToken = page.nextPageToken;
    await pair("meanwhile");
  } while (pageToken !== "");
  expect(seen).toEqual(["n9", "n8", "n7", "n6", "n5", "n4", "n3", "n2", "n1", "n0"]);
  const { events } = await clients.insight.listEvents({ filter: { environment, holder: "n4" } });
  const [until, since] = events.map(({ time }) => time);
  const between = await clients.insight.listEvents({ filter: { environment, ...(since && { since }), ...(until && { until }) } });
  expect(between.events.map(({ kind }) => nameOf(kind))).toEqual(["GRANTED"]);
});

test("a lease on two environments has an event on each; renewals are none", async () => {
  const { lease } = await clients.locks.acquire({ needs: [{ environment: "left" }, { environment: "right" }] });
  await clients.locks.renew({ leaseId: lease?.id ?? "" });
  const { events } = await clients.insight.listEvents({ filter: { leaseId: lease?.id ?? "" } });
  expect(events.map(({ environment }) => environment).sort()).toEqual(["left", "right"]);
  expect(new Set(events.map(({ revision }) => revision)).size).toBe(1);
});

test("GetStats counts what there was, in each environment, from when on it knows all of it", async () => {
  const since = timestampFromDate(new Date());
  await clients.environments.applyEnvironments({
    environments: [
      { name: "idle", pool: "counted" },
      { name: "busy", pool: "counted", capacity: 2 },
    ],
  });
  const kept = await clients.locks.acquire({ environment: "busy", holder: { name: "kept", repository: "shop/web" } });
  for (let n = 0; n < 3; n++) {
    const { lease } = await clients.locks.acquire({ environment: "busy", holder: { name: "brief" } });
    await clients.locks.release({ leaseId: lease?.id ?? "" });
  }
  const forced = await clients.locks.acquire({ environment: "busy" });
  await clients.environments.forceRelease({ leaseId: forced.lease?.id ?? "", reason: "test" });
  const { rows } = await clients.insight.getStats({ filter: { pool: "counted" } });
  expect(rows).toMatchObject([
    { key: "busy", grants: 5n, forced: 1n, expired: 0n, abandoned: 0n },
    { key: "idle", grants: 0n, utilisation: 0 },
  ]);
  // Where nothing was measured, nothing is said.
  expect(rows.map(({ wait, hold }) => [wait === undefined, hold === undefined])).toEqual([
    [false, false],
    [true, true],
  ]);
  const [busy] = rows;
  // One of two slots was held nearly all the time.
  expect(busy?.utilisation).toBeGreaterThan(0.2);
  expect(busy?.utilisation).toBeLessThanOrEqual(1);
  expect(busy?.coversFrom && timestampDate(busy.coversFrom) >= timestampDate(since)).toBe(true);
  const by = await clients.insight.getStats({ filter: { pool: "counted" }, groupBy: GroupBy.REPOSITORY });
  expect(by.rows.map(({ key, grants }) => [key, grants])).toEqual([
    ["", 4n],
    ["shop/web", 1n],
  ]);
  expect(kept.lease?.id).toBeTypeOf("string");
});

test("who waited by selector, and got none, is of the pool, and of no environment", async () => {
  const { locks, environments, insight } = clients;
  await environments.applyEnvironments({ environments: [{ name: "taken", pool: "chosen", labels: { tier: "only" } }] });
  await locks.acquire({ environment: "taken" });
  const waiting = await locks.acquire({ needs: [{ selector: "tier=only" }], pool: "chosen" });
  await locks.release({ leaseId: waiting.lease?.id ?? "" });
  const filter = { pool: "chosen" };
  const keys = async (groupBy: GroupBy, labelKey = "") =>
    (await insight.getStats({ filter, groupBy, labelKey })).rows.map(({ key }) => key);
  expect(await keys(GroupBy.ENVIRONMENT)).toEqual(["taken"]);
  expect(await keys(GroupBy.LABEL, "tier")).toEqual(["only"]);
  expect(await keys(GroupBy.POOL)).toEqual(["chosen"]);
  expect((await insight.listEvents({ filter: { ...filter, kinds: [EventKind.WITHDRAWN] } })).events).toHaveLength(1);
});

test("a history that cannot be written keeps nobody from anything, is refused by itself, and catches up when it can be", async () => {
  await using other = await Server.start();
  await other.stop();
  const file = path.join(other.directory, "call-me.db-history");
  await rm(file);
  await mkdir(file);
  await other.restart();
  const { locks, insight } = clientsOf(other);
  const { lease } = await locks.acquire({ environment: "uat" });
  expect(await refusal(insight.listEvents({}))).toBe("unavailable STORAGE_FAILED");
  expect((await failureOf(insight.listEvents({}))).rawMessage).toMatch(/; retry, with the same request_id if it had one$/);
  expect(await refusal(insight.getStats({}))).toBe("unavailable STORAGE_FAILED");
  await locks.release({ leaseId: lease?.id ?? "" });
  expect((await fetch(`${other.url}/readyz`)).status).toBe(200);
  await rm(file, { recursive: true });
  const { events } = await insight.listEvents({});
  expect(events.map(({ kind }) => nameOf(kind))).toEqual(["RELEASED", "GRANTED"]);
  await expect
    .poll(() => other.complaints.map(({ msg }) => msg))
    .toEqual(["could not write the history; leases are not concerned, and it is tried again"]);
});

test("what cannot be asked is refused by the field's name", async () => {
  const { insight } = clients;
  const asked = [
    insight.listEvents({ filter: { kinds: [99 as EventKind] } }),
    insight.listEvents({ pageToken: "x" }),
    insight.getStats({ groupBy: GroupBy.LABEL }),
    insight.getStats({ labelKey: "os" }),
    insight.getStats({ window: { seconds: 0n, nanos: 1 } }),
    insight.getStats({ filter: { kinds: [EventKind.GRANTED] } }),
    insight.getStats({ filter: { since: { seconds: 9_000_000_000n, nanos: 0 } } }),
    insight.getStats({ filter: { since: { seconds: 1n, nanos: 0 } }, window: { seconds: 60n, nanos: 0 } }),
  ];
  expect(new Set(await Promise.all(asked.map(refusal)))).toEqual(new Set(["invalid_argument BAD_FIELD"]));
});

test("a lease_token opens nothing of it, and the server complains of nothing", async () => {
  const { leaseToken } = await clients.locks.acquire({ environment: "own" });
  const { insight } = clientsOf({ url: server.url, key: leaseToken });
  expect(await refusal(insight.listEvents({}))).toBe("permission_denied TOKEN_TOO_NARROW");
  expect(await refusal(insight.getStats({}))).toBe("permission_denied TOKEN_TOO_NARROW");
  expect(server.complaints).toEqual([]);
});
