// What a caller sees of what happened, and of the figures of it.
import { afterAll, beforeAll, expect, test } from "vitest";
import { Role } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { type Event, EventKind, GroupBy } from "../../gen/ts/callme/v1/insight_service_pb.ts";
import { EnvironmentState } from "../../gen/ts/callme/v1/types_pb.ts";
import { type Clients, clientsOf, keyFor, leaseIn, refusal } from "./clients.ts";
import { eventually } from "./eventually.ts";
import { Server } from "./server.ts";

let server: Server;
let admin: Clients;
let red: Clients & { readonly id: string };
let blue: typeof red;
let dashboard: typeof red;

beforeAll(async () => {
  server = await Server.start();
  admin = clientsOf(server);
  const team = (name: string) => ({ name, labels: { kind: "x", team: name.split("-")[0] ?? "" } });
  const environments = [team("red-1"), team("blue-1"), { ...team("gold-1"), pool: "vault" }];
  await admin.environments.applyEnvironments({ environments, pools: [{ name: "vault", maxQueue: 9 }] });
  red = await keyFor(server, [{ role: Role.USE, patterns: ["red-*"] }]);
  blue = await keyFor(server, [{ role: Role.USE, patterns: ["blue-*", "vault:g*"] }]);
  dashboard = await keyFor(server, [{ role: Role.VIEW, patterns: ["*"] }]);
  const pair = async (clients: Clients, environment: string, repository: string) => {
    const lease = leaseIn(await clients.locks.acquire({ environment, holder: { name: `job on ${environment}`, repository } }));
    await clients.locks.release({ leaseId: lease.id });
  };
  await pair(red, "red-1", "shop/red");
  await pair(blue, "blue-1", "shop/blue");
  await pair(blue, "gold-1", "shop/blue");
  await admin.locks.acquire({ needs: [{ environment: "red-1" }, { environment: "blue-1" }], holder: { repository: "shop/both" } });
  // Waits by selector, and is withdrawn: of no environment.
  for (const { locks } of [admin, red]) {
    const waits = leaseIn(await locks.acquire({ needs: [{ selector: "kind=x" }], requestId: "waits" }));
    await locks.release({ leaseId: waits.id });
  }
  // On record with the server itself, not with what it was about.
  const operator = await keyFor(server, [{ role: Role.OPERATE, patterns: ["blue-*"] }]);
  await refusal(operator.environments.setEnvironmentState({ environment: "red-1", state: EnvironmentState.DRAINING, reason: "x" }));
  await eventually(async () => (await admin.insight.listEvents({ filter: { kinds: [EventKind.REFUSED] } })).events.length > 0);
});
afterAll(() => server[Symbol.asyncDispose]());

/** All events, by pages of `pageSize`, of which all but the last are full; without the addresses, which are not for everybody. */
async function eventsOf(
  clients: Clients,
  filter: Parameters<Clients["insight"]["listEvents"]>[0]["filter"] = {},
  pageSize = 100,
): Promise<Event[]> {
  const all: Event[] = [];
  for (let pageToken = ""; ; ) {
    const page = await clients.insight.listEvents({ filter, pageSize, pageToken });
    for (const event of page.events) all.push(event.by === undefined ? event : { ...event, by: { ...event.by, address: "" } });
    if (page.nextPageToken === "") return all;
    expect(page.events).toHaveLength(pageSize);
    pageToken = page.nextPageToken;
  }
}

const where = (events: readonly Event[]) => [...new Set(events.map(({ pool, environment }) => `${pool}:${environment}`))].sort();

test("events are those of environments that are seen, and of nothing in particular where all of a pool is, or they are one's own", async () => {
  expect(where(await eventsOf(red))).toEqual(["default:", "default:red-1"]);
  expect(where(await eventsOf(blue))).toEqual(["default:blue-1", "vault:gold-1"]);
  expect(new Set((await eventsOf(red)).filter(({ environment }) => environment === "").map(({ principal }) => principal))).toEqual(
    new Set([`key:${red.id}`]),
  );
  expect(where(await eventsOf(dashboard))).toEqual(["default:", "default:blue-1", "default:red-1", "vault:", "vault:gold-1"]);
  const all = await eventsOf(admin);
  expect(where(all)).toEqual([":", ":red-1", "default:", "default:blue-1", "default:red-1", "vault:", "vault:gold-1"]);
  expect(all.filter(({ kind }) => kind === EventKind.KEY_CREATED)).toHaveLength(4);
  expect(all.find(({ kind }) => kind === EventKind.REFUSED)).toMatchObject({ pool: "", environment: "red-1" });
  const withoutKeys = all.filter(({ pool }) => pool !== "");
  expect(await eventsOf(dashboard)).toEqual(withoutKeys);
  expect(await eventsOf(red, {}, 2)).toEqual(
    withoutKeys.filter((one) => one.environment === "red-1" || (one.environment === "" && one.principal === `key:${red.id}`)),
  );
});

test("a filter finds nothing else, and what can never be seen is refused alike whether it exists", async () => {
  const [lease] = await eventsOf(admin, { environment: "gold-1", kinds: [EventKind.GRANTED] });
  expect(await eventsOf(red, { leaseId: lease?.leaseId ?? "" })).toEqual([]);
  expect(await eventsOf(red, { principal: `key:${blue.id}` })).toEqual([]);
  expect(await eventsOf(red, { pool: "vault" })).toEqual([]);
  expect(await eventsOf(red, { kinds: [EventKind.KEY_CREATED] })).toEqual([]);
  for (const environment of ["gold-1", "gold-2"])
    expect(await refusal(red.insight.listEvents({ filter: { environment } }))).toBe("permission_denied NOT_ALLOWED");
  expect(await refusal(red.insight.getStats({ filter: { environment: "blue-1" } }))).toBe("permission_denied NOT_ALLOWED");
  const narrow = await keyFor(server, [{ role: Role.VIEW, patterns: ["vault:*"] }]);
  expect(await refusal(narrow.insight.listEvents({ filter: { pool: "default" } }))).toBe("permission_denied NOT_ALLOWED");
  expect(await refusal(narrow.insight.getStats({ filter: { pool: "default" } }))).toBe("permission_denied NOT_ALLOWED");
  expect(where(await eventsOf(narrow))).toEqual(["vault:", "vault:gold-1"]);
});

test("figures count what is seen, however they are grouped", async () => {
  const figures = async (clients: Clients, groupBy: GroupBy, labelKey = "") => {
    const { rows } = await clients.insight.getStats({ groupBy, labelKey });
    return rows.map(({ key, grants }) => `${key} ${grants}`);
  };
  expect(await figures(red, GroupBy.ENVIRONMENT)).toEqual(["red-1 2"]);
  expect(await figures(blue, GroupBy.ENVIRONMENT)).toEqual(["blue-1 2", "gold-1 1"]);
  expect(await figures(red, GroupBy.POOL)).toEqual(["default 2"]);
  expect(await figures(blue, GroupBy.POOL)).toEqual(["default 2", "vault 1"]);
  expect(await figures(dashboard, GroupBy.POOL)).toEqual(["default 4", "vault 1"]);
  expect(await figures(red, GroupBy.REPOSITORY)).toEqual([" 0", "shop/both 1", "shop/red 1"]);
  expect(await figures(blue, GroupBy.REPOSITORY)).toEqual(["shop/blue 2", "shop/both 1"]);
  expect(await figures(red, GroupBy.LABEL, "team")).toEqual(["red 2"]);
  expect(await figures(dashboard, GroupBy.LABEL, "team")).toEqual(["blue 2", "gold 1", "red 2"]);
  expect(await figures(admin, GroupBy.ENVIRONMENT)).toEqual(await figures(dashboard, GroupBy.ENVIRONMENT));
});

test("what was deleted counts for who saw it, and no capacity of anything else dilutes it", async () => {
  await using other = await Server.start();
  const root = clientsOf(other);
  await root.environments.applyEnvironments({
    environments: [{ name: "red-1" }, { name: "blue-1", capacity: 1_000 }, { name: "gone", capacity: 1_000 }],
  });
  const hers = await keyFor(other, [{ role: Role.VIEW, patterns: ["red-*"] }]);
  const his = await keyFor(other, [{ role: Role.VIEW, patterns: ["gone"] }]);
  await root.environments.deleteEnvironment({ environment: "gone" });
  await root.locks.acquire({ environment: "red-1", holder: { repository: "shop" } });
  const utilisation = async (clients: Clients, groupBy: GroupBy) =>
    (await clients.insight.getStats({ groupBy })).rows.find(({ grants }) => grants > 0n)?.utilisation ?? 0;
  for (const groupBy of [GroupBy.ENVIRONMENT, GroupBy.POOL, GroupBy.REPOSITORY])
    expect(await utilisation(hers, groupBy)).toBeLessThanOrEqual(1);
  const alone = await root.insight.getStats({ groupBy: GroupBy.ENVIRONMENT });
  const share = alone.rows.find(({ key }) => key === "red-1")?.utilisation ?? 0;
  expect(await utilisation(hers, GroupBy.POOL)).toBeGreaterThanOrEqual(share / 2);
  expect(await utilisation(hers, GroupBy.REPOSITORY)).toBeGreaterThanOrEqual(share / 2);
  expect((await his.insight.getStats({ groupBy: GroupBy.ENVIRONMENT })).rows.map(({ key }) => key)).toEqual(["gone"]);
  expect((await hers.insight.getStats({ groupBy: GroupBy.ENVIRONMENT })).rows.map(({ key }) => key)).toEqual(["red-1"]);
});

test("why something could not be had is told to who sees it all: it names other environments", async () => {
  await using other = await Server.start();
  const root = clientsOf(other);
  await root.environments.applyEnvironments({ environments: [{ name: "red-1" }, { name: "blue-1" }] });
  const hers = await keyFor(other, [{ role: Role.VIEW, patterns: ["red-*"] }]);
  const all = await keyFor(other, [{ role: Role.VIEW, patterns: ["default:*"] }]);
  await root.locks.acquire({ environment: "red-1" });
  const both = leaseIn(await root.locks.acquire({ needs: [{ environment: "red-1" }, { environment: "blue-1" }], requestId: "both" }));
  await root.environments.deleteEnvironment({ environment: "blue-1" });
  const reasons = async (clients: Clients) =>
    (await eventsOf(clients, { leaseId: both.id, kinds: [EventKind.UNSATISFIABLE] })).map(({ reason }) => reason);
  expect(new Set(await reasons(all))).toEqual(new Set(["environment blue-1 was deleted"]));
  expect(await reasons(hers)).toEqual([""]);
  expect(leaseIn(await hers.locks.getLease({ leaseId: both.id }))).toMatchObject({ environments: [{ name: "red-1" }], endNote: "" });
});
