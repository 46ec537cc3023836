// What operators do with environments, and what that does to those who hold them or wait.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ChangeKind } from "../../gen/ts/callme/v1/environment_service_pb.ts";
import { EndReason, EnvironmentState, type Lease, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { type Clients, clientsOf, failureOf, fenceOf, leaseIn, refusal, seconds } from "./clients.ts";
import { Server } from "./server.ts";

let server: Server;
let clients: Clients;
beforeAll(async () => {
  server = await Server.start();
  clients = clientsOf(server);
});
afterAll(() => server[Symbol.asyncDispose]());

describe("limits of an environment", () => {
  test("bound ttl and max_hold, and the answer states them", async () => {
    const { locks, environments } = clients;
    const environment = "clamped";
    const times = { defaultTtl: seconds(20), maxTtl: seconds(30), maxHold: seconds(45) };
    await environments.applyEnvironments({ environments: [{ name: environment, ...times }] });
    const terms = ({ ttl, maxHold }: Lease) => [ttl?.seconds, maxHold?.seconds];
    const usual = leaseIn(await locks.acquire({ environment }));
    expect(terms(usual)).toEqual([20n, 45n]);
    expect(leaseIn(await locks.renew({ leaseId: usual.id, ttl: seconds(300) })).ttl?.seconds).toBe(30n);
    await locks.release({ environment });
    expect(terms(leaseIn(await locks.acquire({ environment, ttl: seconds(300), maxHold: seconds(40) })))).toEqual([30n, 40n]);
  });

  test("of several environments the strictest counts", async () => {
    const { locks, environments } = clients;
    await environments.applyEnvironments({
      environments: [
        { name: "strict-a", maxTtl: seconds(30) },
        { name: "strict-b", maxTtl: seconds(20) },
      ],
    });
    const lease = leaseIn(await locks.acquire({ needs: [{ environment: "strict-a" }, { environment: "strict-b" }] }));
    expect(lease.ttl?.seconds).toBe(20n);
  });

  test("without any they are one hour and four hours, and a longer ttl takes max_hold with it", async () => {
    const { locks } = clients;
    expect(leaseIn(await locks.acquire({ environment: "default-1" }))).toMatchObject({
      ttl: { seconds: 3_600n },
      maxHold: { seconds: 14_400n },
    });
    const long = leaseIn(await locks.acquire({ environment: "default-2", ttl: seconds(86_400) }));
    expect(long).toMatchObject({ ttl: { seconds: 86_400n }, maxHold: { seconds: 86_400n } });
  });
});

describe("Apply", () => {
  test("checks a name only where one is created: what /maybe made can be configured as it is called", async () => {
    const { environments } = clients;
    const name = "the old rack: 7";
    await fetch(`${server.url}/maybe?environment=${encodeURIComponent(name)}`, { method: "POST", headers: { "x-api-key": server.key } });
    const listed = (await environments.listEnvironments({ pageSize: 1_000 })).environments.filter((one) => one.name === name);
    expect(listed).toMatchObject([{ onDemand: true }]);
    const { changes } = await environments.applyEnvironments({ environments: listed });
    expect(changes).toMatchObject([{ name, kind: ChangeKind.UNCHANGED }]);
    expect(await refusal(environments.applyEnvironments({ environments: [{ name: "a new rack: 8" }] }))).toBe("invalid_argument BAD_FIELD");
  });

  test("refuses a name that is given twice, and says where else", async () => {
    const error = await failureOf(clients.environments.applyEnvironments({ environments: [{ name: "a" }, { name: "b" }, { name: "a" }] }));
    expect(error.rawMessage).toBe('environments[2].name: "a" is given twice: it is the name of environments[0], too');
  });

  test("is all or nothing, over several pools", async () => {
    const { environments } = clients;
    await environments.applyEnvironments({ environments: [{ name: "taken", pool: "one" }] });
    const apply = environments.applyEnvironments({
      environments: [
        { name: "fresh", pool: "one" },
        { name: "taken", pool: "two" },
      ],
    });
    expect(await refusal(apply)).toBe("failed_precondition POOL_FIXED");
    expect((await environments.listEnvironments({ pool: "one" })).environments.map(({ name }) => name)).toEqual(["taken"]);
  });

  test("replaces the configuration whole, and never touches state or leases", async () => {
    const { environments, locks } = clients;
    const name = "replaced";
    await environments.applyEnvironments({ environments: [{ name, description: "d", labels: { a: "1" }, capacity: 2 }] });
    const lease = leaseIn(await locks.acquire({ needs: [{ environment: name, slots: 2 }] }));
    await environments.setEnvironmentState({ environment: name, state: EnvironmentState.DRAINING, reason: "later" });
    const state = EnvironmentState.AVAILABLE;
    const { changes } = await environments.applyEnvironments({
      environments: [{ name, state, stateReason: "no", links: { l: "https://x" } }],
    });
    expect(changes).toMatchObject([{ kind: ChangeKind.UPDATED, fields: ["capacity", "description", "labels", "links"] }]);
    const { environment, status } = await environments.getEnvironment({ environment: name });
    expect(environment).toMatchObject({ description: "", labels: {}, capacity: 1, state: EnvironmentState.DRAINING, stateReason: "later" });
    expect(status).toMatchObject({ used: 2, capacity: 1 });
    expect(leaseIn(await locks.renew({ leaseId: lease.id })).state).toBe(LeaseState.HELD);
  });

  test("a dry run tells the same and changes nothing; a smaller capacity turns away who needs more", async () => {
    const { environments, locks } = clients;
    const name = "shrunk";
    await environments.applyEnvironments({ environments: [{ name, capacity: 2 }] });
    await locks.acquire({ environment: name });
    const waiter = leaseIn(await locks.acquire({ needs: [{ environment: name, slots: 2 }] }));
    const change = { environments: [{ name }] };
    const dry = await environments.applyEnvironments({ ...change, dryRun: true });
    expect(leaseIn(await locks.getLease({ leaseId: waiter.id })).state).toBe(LeaseState.QUEUED);
    expect((await environments.applyEnvironments(change)).changes).toEqual(dry.changes);
    expect(leaseIn(await locks.getLease({ leaseId: waiter.id }))).toMatchObject({ endReason: EndReason.UNSATISFIABLE });
  });

  test("a larger capacity hands over at once", async () => {
    const { environments, locks } = clients;
    await locks.acquire({ environment: "grown" });
    const waiting = locks.acquire({ environment: "grown", requestId: "grown", wait: seconds(15) });
    await environments.applyEnvironments({ environments: [{ name: "grown", capacity: 2 }] });
    expect(leaseIn(await waiting).state).toBe(LeaseState.HELD);
  });

  test("prune deletes what is not named, on the whole server, unless it is held", async () => {
    await using other = await Server.start();
    const { environments, locks } = clientsOf(other);
    await environments.applyEnvironments({ environments: [{ name: "a", pool: "one" }, { name: "b", pool: "two" }, { name: "c" }] });
    const { id: leaseId } = leaseIn(await locks.acquire({ environment: "b" }));
    const prune = () => environments.applyEnvironments({ environments: [{ name: "c" }], prune: true });
    expect(await refusal(prune())).toBe("failed_precondition ENVIRONMENT_IN_USE");
    await locks.release({ leaseId });
    expect((await prune()).changes.map(({ name, kind }) => [name, kind])).toEqual([
      ["a", ChangeKind.DELETED],
      ["b", ChangeKind.DELETED],
      ["c", ChangeKind.UNCHANGED],
    ]);
    expect((await environments.listEnvironments({})).environments.map(({ name }) => name)).toEqual(["c"]);
  });
});

describe("state", () => {
  test.each([EnvironmentState.DRAINING, EnvironmentState.MAINTENANCE, EnvironmentState.QUARANTINED])(
    "out of service (%i): who holds it may go on, nobody is served, nobody is turned away, and back in service the line goes on",
    async (state) => {
      const { environments, locks } = clients;
      const environment = `out-${state}`;
      const first = leaseIn(await locks.acquire({ environment }));
      await environments.setEnvironmentState({ environment, state, reason: "disk" });
      expect(leaseIn(await locks.renew({ leaseId: first.id })).state).toBe(LeaseState.HELD);
      const waiting = locks.acquire({ environment, requestId: environment, wait: seconds(15) });
      await locks.release({ leaseId: first.id });
      const { environments: seen } = await locks.check({ environment });
      expect(seen).toMatchObject([{ state, stateReason: "disk", available: false }]);
      await environments.setEnvironmentState({ environment, state: EnvironmentState.AVAILABLE });
      expect(leaseIn(await waiting).state).toBe(LeaseState.HELD);
    },
  );

  test("`until` brings it back by itself, and must lie ahead", async () => {
    const { environments, locks } = clients;
    const environment = "until";
    await environments.applyEnvironments({ environments: [{ name: environment }] });
    const at = (milliseconds: number) => ({ seconds: BigInt(Math.floor(milliseconds / 1e3)), nanos: (milliseconds % 1e3) * 1e6 });
    const set = (until: { seconds: bigint; nanos: number }) =>
      environments.setEnvironmentState({ environment, state: EnvironmentState.MAINTENANCE, until });
    expect(await refusal(set(at(Date.now() - 1_000)))).toBe("invalid_argument STATE_UNTIL_PAST");
    const far = { seconds: 253_402_300_799n, nanos: 999_999_999 };
    expect(await refusal(set(far))).toBe("invalid_argument BAD_FIELD");
    const day = at(Date.now() + 86_400_000);
    await set(day);
    expect((await locks.check({ environment })).environments).toMatchObject([{ stateUntil: { seconds: day.seconds } }]);
    await set(at(Date.now() + 500));
    expect(leaseIn(await locks.acquire({ environment, wait: seconds(15) })).state).toBe(LeaseState.HELD);
    const back = await environments.getEnvironment({ environment });
    expect(back.environment).toMatchObject({ state: EnvironmentState.AVAILABLE, stateReason: "" });
    expect(back.environment?.stateUntil).toBeUndefined();
  });

  test.each([EnvironmentState.UNSPECIFIED, EnvironmentState.CLEANING, 99 as EnvironmentState])("%i cannot be set", async (state) => {
    await clients.environments.applyEnvironments({ environments: [{ name: "unset" }] });
    const { environments } = clientsOf(server, "gRPC");
    expect(await refusal(environments.setEnvironmentState({ environment: "unset", state }))).toBe("invalid_argument BAD_FIELD");
  });
});

describe("Delete", () => {
  test("is refused while somebody is on it, ends those who wait, and a new one of that name goes on with higher tokens", async () => {
    const { environments, locks } = clients;
    const environment = "recreated";
    const first = leaseIn(await locks.acquire({ environment }));
    const error = await failureOf(environments.deleteEnvironment({ environment }));
    expect(error.message).toContain(first.id);
    await environments.setEnvironmentState({ environment, state: EnvironmentState.DRAINING });
    const waiting = locks.acquire({ environment, requestId: "recreated", wait: seconds(15) });
    await locks.release({ leaseId: first.id });
    await environments.deleteEnvironment({ environment });
    expect(leaseIn(await waiting)).toMatchObject({ endReason: EndReason.UNSATISFIABLE, endNote: "environment recreated was deleted" });
    const again = await locks.acquire({ environment });
    expect(again.environmentCreated).toBe(true);
    expect(fenceOf(leaseIn(again))).toBeGreaterThan(fenceOf(first));
  });
});

describe("lists", () => {
  test("page through everything once, whatever the size of a page", async () => {
    const { environments, locks } = clients;
    const names = Array.from({ length: 12 }, (_, index) => `paged-${String(index).padStart(2, "0")}`);
    await environments.applyEnvironments({ environments: names.map((name) => ({ name, pool: "paged", capacity: 2 })) });
    const leases: string[] = [];
    for (const environment of names) leases.push(leaseIn(await locks.acquire({ environment })).id);
    for (const pageSize of [1, 5, 12, 1_000_000]) {
      const seen: string[] = [];
      for (let token: string | undefined; token !== ""; ) {
        const page = await environments.listEnvironments({ pool: "paged", pageSize, pageToken: token ?? "" });
        seen.push(...page.environments.map(({ name }) => name));
        token = page.nextPageToken;
      }
      expect(seen).toEqual(names);
      const ids: string[] = [];
      for (let token: string | undefined; token !== ""; ) {
        const page = await environments.listLeases({ filter: { pool: "paged" }, pageSize, pageToken: token ?? "" });
        ids.push(...page.leases.map(({ id }) => id));
        token = page.nextPageToken;
      }
      expect(ids).toEqual(leases);
    }
    for (const key of ['["x","y"]', '["1"]', "[1,2]", "{}"])
      expect(await refusal(environments.listLeases({ pageToken: Buffer.from(key).toString("base64url") }))).toBe(
        "invalid_argument BAD_FIELD",
      );
    expect(await refusal(environments.listLeases({ pageToken: "nonsense" }))).toBe("invalid_argument BAD_FIELD");
    expect(await refusal(environments.listEnvironments({ pageSize: -1 }))).toBe("invalid_argument BAD_FIELD");
  });

  test("ListLeases filters by all that is given, and shows ended ones when asked", async () => {
    const { environments, locks } = clients;
    const environment = "filtered";
    const first = leaseIn(await locks.acquire({ environment, holder: { name: "ann" }, tags: ["x", "y"] }));
    const second = leaseIn(await locks.acquire({ environment, holder: { name: "bob" }, tags: ["y"] }));
    const ids = async (filter: object) =>
      (await environments.listLeases({ filter: { environment, ...filter } })).leases.map(({ id }) => id);
    expect(await ids({})).toEqual([first.id, second.id]);
    expect(await ids({ tag: "x" })).toEqual([first.id]);
    expect(await ids({ tag: "y", holder: "bob" })).toEqual([second.id]);
    expect(await ids({ states: [LeaseState.QUEUED] })).toEqual([second.id]);
    await locks.release({ leaseId: first.id });
    expect(await ids({})).toEqual([second.id]);
    expect(await ids({ states: [LeaseState.ENDED] })).toEqual([first.id]);
    expect(await ids({ pool: "other" })).toEqual([]);
  });
});
