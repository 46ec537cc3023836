// Cleaning between holders (docs/contract.md, the life of an environment), from outside.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Outcome } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { EndReason, EnvironmentState, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { type Clients, clientsOf, failureOf, fenceOf, leaseIn, refusal, seconds } from "./clients.ts";
import { Fleet, REQUIRED } from "./fleet.ts";
import { Server } from "./server.ts";

const { AVAILABLE, DIRTY, CLEANING, QUARANTINED } = EnvironmentState;

let server: Server;
let clients: Clients;
const fleet = new Fleet(() => clients);
beforeAll(async () => {
  server = await Server.start();
  clients = clientsOf(server);
});
afterAll(() => server[Symbol.asyncDispose]());

describe("between two holders", () => {
  test("a cleaner has it, ahead of the whole line, and the next holder has it in the moment in which it is clean", async () => {
    const { locks, environments } = clients;
    await fleet.make("between", ["between"]);
    const cleaner = environments.acquireForCleaning({ pool: "between", wait: seconds(20), holder: { name: "janitor" } });
    const first = leaseIn(await locks.acquire({ environment: "between", holder: { name: "job 1" } }));
    const next = locks.acquire({ environment: "between", priority: 10, requestId: "next", wait: seconds(20) });
    await locks.release({ leaseId: first.id });
    const { lease, leaseToken } = await cleaner;
    expect(lease).toMatchObject({ state: LeaseState.HELD, cleaning: true, environments: [{ name: "between" }] });
    const { environments: statuses } = await locks.check({ environment: "between" });
    expect(statuses).toMatchObject([{ state: CLEANING, available: false, holders: [{ cleaning: true, holder: { name: "janitor" } }] }]);
    // The token is all that it takes.
    const own = clientsOf({ url: server.url, key: leaseToken }).locks;
    expect(leaseIn(await own.renew({ leaseId: lease?.id ?? "" })).state).toBe(LeaseState.HELD);
    const fencingToken = fenceOf(leaseIn({ lease }));
    expect(await own.checkFence({ environment: "between", fencingToken })).toMatchObject({ valid: true });
    await own.release({ leaseId: lease?.id ?? "" });
    expect(leaseIn(await next).state).toBe(LeaseState.HELD);
    expect(await locks.checkFence({ environment: "between", fencingToken })).toMatchObject({ valid: false });
  });

  test("nothing dirty is not_found, with or without a wait; what is asked for wrongly is told by its field", async () => {
    const { environments } = clients;
    await fleet.make("clean", ["clean"]);
    expect(await refusal(environments.acquireForCleaning({ pool: "clean" }))).toBe("not_found NOTHING_DIRTY");
    expect(await refusal(environments.acquireForCleaning({ environment: "clean", wait: seconds(0.2) }))).toBe("not_found NOTHING_DIRTY");
    expect((await failureOf(environments.acquireForCleaning({ environment: "clean" }))).message).toContain("it is AVAILABLE");
    expect(await refusal(environments.acquireForCleaning({ environment: "cleann" }))).toBe("not_found ENVIRONMENT_NOT_FOUND");
    expect(await refusal(environments.acquireForCleaning({ pool: "claen" }))).toBe("not_found POOL_NOT_FOUND");
    expect(await refusal(environments.acquireForCleaning({ pool: "other", environment: "clean" }))).toBe("invalid_argument POOL_MISMATCH");
    expect(await refusal(environments.acquireForCleaning({ pool: "clean", ttl: seconds(0.5) }))).toBe("invalid_argument BAD_FIELD");
  });

  test("a hundred who wait are each given another one, the longest dirty first", async () => {
    const { environments } = clients;
    const names = Array.from({ length: 100 }, (_, index) => `crowd-${String(index).padStart(3, "0")}`);
    await fleet.make("crowd", names);
    const waiting = names.map(() => environments.acquireForCleaning({ pool: "crowd", wait: seconds(30), ttl: seconds(60) }));
    await Promise.all(names.map((name) => fleet.soil(name)));
    const given = (await Promise.all(waiting)).map(({ lease }) => lease?.environments[0]?.name ?? "");
    expect(given.toSorted()).toEqual(names);
    expect(await refusal(environments.acquireForCleaning({ pool: "crowd" }))).toBe("not_found NOTHING_DIRTY");
  });

  test("two calls that wait by one request_id are given the same: one of them may be dead without anybody having noticed", async () => {
    const { environments } = clients;
    await fleet.make("twice", ["twice-1", "twice-2"]);
    const ask = () => environments.acquireForCleaning({ pool: "twice", wait: seconds(30), requestId: "twice" });
    const both = [ask(), ask()];
    expect(await refusal(environments.acquireForCleaning({ pool: "twice" }))).toBe("not_found NOTHING_DIRTY");
    await fleet.soil("twice-1");
    const [one, two] = (await Promise.all(both)).map(({ lease }) => lease);
    expect(one).toMatchObject({ environments: [{ name: "twice-1" }] });
    expect(two?.id).toBe(one?.id);
    await fleet.soil("twice-2");
    expect((await ask()).lease?.id).toBe(one?.id);
  });

  test("a selector gives the longest dirty of those that match, and waits for one", async () => {
    const { environments } = clients;
    await fleet.make("picky-boards", ["picky-1", "picky-2"], { ...REQUIRED, labels: { kind: "board" } });
    await fleet.make("picky-boards", ["picky-3"]);
    await fleet.soil("picky-3", "picky-2");
    const give = (selector: string) => environments.acquireForCleaning({ pool: "picky-boards", selector, wait: seconds(20) });
    const name = async (given: ReturnType<typeof give>) => (await given).lease?.environments[0]?.name;
    expect(await name(give("kind=board"))).toBe("picky-2");
    const next = give("kind in (board,rack)");
    await fleet.soil("picky-1");
    expect([await name(next), await name(give("!kind"))]).toEqual(["picky-1", "picky-3"]);
    expect(await refusal(environments.acquireForCleaning({ environment: "picky-1", selector: "kind" }))).toBe("invalid_argument BAD_FIELD");
    expect(await refusal(environments.acquireForCleaning({ pool: "picky-boards", selector: "a==b==c" }))).toBe(
      "invalid_argument BAD_FIELD",
    );
  });

  test("one that a waiting caller has left is given to the next, and what a lost answer gave is there for the same request_id", async () => {
    const { environments } = clients;
    await fleet.make("left", ["left"]);
    const gone = new AbortController();
    const first = failureOf(environments.acquireForCleaning({ pool: "left", wait: seconds(30) }, { signal: gone.signal }));
    gone.abort();
    await first;
    const second = environments.acquireForCleaning({ pool: "left", wait: seconds(30), requestId: "second" });
    await fleet.soil("left");
    const { lease } = await second;
    expect(lease).toMatchObject({ state: LeaseState.HELD, environments: [{ name: "left" }] });
    const again = await environments.acquireForCleaning({ pool: "left", requestId: "second", wait: seconds(1) });
    expect(again.lease?.id).toBe(lease?.id);
    expect(await refusal(environments.acquireForCleaning({ pool: "left", requestId: "second", reason: "other" }))).toBe(
      "already_exists IDEMPOTENCY_MISMATCH",
    );
  });
});

describe("a cleaner", () => {
  test("that dies leaves it DIRTY, for the next one", async () => {
    const { environments, locks } = clients;
    await fleet.make("dying", ["dying"]);
    await fleet.soil("dying");
    const { lease } = await environments.acquireForCleaning({ pool: "dying", ttl: seconds(1), holder: { name: "janitor" } });
    const next = await environments.acquireForCleaning({ pool: "dying", wait: seconds(30) });
    expect(next.lease?.environments[0]?.name).toBe("dying");
    expect(leaseIn(await locks.getLease({ leaseId: lease?.id ?? "" }))).toMatchObject({ endReason: EndReason.EXPIRED });
  });

  test("that takes too long loses it, and it is put aside until an operator has looked", async () => {
    const { environments, locks } = clients;
    await fleet.make("slow", ["slow"], { ...REQUIRED, cleaning: { required: true, timeout: seconds(1) } });
    await fleet.soil("slow");
    const { lease } = await environments.acquireForCleaning({ pool: "slow", ttl: seconds(600) });
    expect(lease?.latestEnd).toBeDefined();
    expect(await fleet.comesTo("slow", QUARANTINED)).toBe("not cleaned in time");
    expect(await refusal(locks.renew({ leaseId: lease?.id ?? "" }))).toBe("failed_precondition LEASE_ENDED");
    await environments.setEnvironmentState({ environment: "slow", state: AVAILABLE });
    expect(leaseIn(await locks.acquire({ environment: "slow" })).state).toBe(LeaseState.HELD);
  });

  test.each([
    [Outcome.FAILED, DIRTY, "janitor did not clean it: no network"],
    [Outcome.BROKEN, QUARANTINED, "janitor could not clean it: no network"],
    [Outcome.OK, AVAILABLE, ""],
  ])("that releases it with outcome %i leaves it in state %i", async (outcome, state, stateReason) => {
    const { environments, locks } = clients;
    const name = `outcome-${outcome}`;
    await fleet.make(name, [name]);
    await fleet.soil(name);
    const { lease } = await environments.acquireForCleaning({ pool: name, holder: { name: "janitor" } });
    await locks.release({ leaseId: lease?.id ?? "", outcome, note: "no network" });
    expect(await fleet.stateOf(name)).toEqual({ state, stateReason });
  });

  test("is not ended by whoever gives back the name", async () => {
    const { environments, locks } = clients;
    await fleet.make("named", ["named"]);
    await fleet.soil("named");
    await environments.acquireForCleaning({ pool: "named" });
    expect(await refusal(locks.release({ environment: "named" }))).toBe("failed_precondition NAME_THE_LEASE");
  });

  test("waits for the last of those who were there before the capacity was reduced", async () => {
    const { environments, locks } = clients;
    await fleet.make("reduced", ["reduced"], { capacity: 2 });
    const [one, two] = [leaseIn(await locks.acquire({ environment: "reduced" })), leaseIn(await locks.acquire({ environment: "reduced" }))];
    await fleet.make("reduced", ["reduced"], { ...REQUIRED, capacity: 1 });
    await locks.release({ leaseId: one.id });
    expect(await fleet.stateOf("reduced")).toMatchObject({ state: DIRTY });
    expect(await refusal(environments.acquireForCleaning({ pool: "reduced" }))).toBe("not_found NOTHING_DIRTY");
    const cleaner = environments.acquireForCleaning({ pool: "reduced", wait: seconds(20) });
    await locks.release({ leaseId: two.id });
    expect((await cleaner).lease?.environments).toMatchObject([{ name: "reduced" }]);
  });
});

test("the original API takes what is dirty for locked", async () => {
  await fleet.make("old", ["old"]);
  await fleet.soil("old");
  const ask = async (method: string) => {
    const answer = await fetch(`${server.url}/maybe?environment=old`, { method, headers: { "x-api-key": server.key } });
    return answer.status;
  };
  expect([await ask("GET"), await ask("POST"), await ask("DELETE")]).toEqual([403, 403, 403]);
});

test("a server that stops sends those away who wait for something to clean, and they come back", async () => {
  await using own = await Server.start();
  const { environments } = clientsOf(own);
  await environments.applyEnvironments({ environments: [{ name: "stopping" }] });
  const waiting = refusal(environments.acquireForCleaning({ environment: "stopping", wait: seconds(30) }));
  // Answered behind it.
  expect(await refusal(environments.acquireForCleaning({ environment: "stopping" }))).toBe("not_found NOTHING_DIRTY");
  expect(await own.stop()).toBe(0);
  expect(await waiting).toBe("unavailable DRAINING");
});

test("a restart keeps what is dirty, who cleans, and what is put aside", async () => {
  const { environments, locks } = clients;
  await fleet.make("kept", ["kept-1", "kept-2", "kept-3", "kept-4"], { ...REQUIRED, quarantineAfter: 2 });
  await fleet.soil("kept-1", "kept-2", "kept-3");
  const { lease, leaseToken } = await environments.acquireForCleaning({ pool: "kept", environment: "kept-1", ttl: seconds(60) });
  const broken = await environments.acquireForCleaning({ pool: "kept", environment: "kept-3" });
  await locks.release({ leaseId: broken.lease?.id ?? "", outcome: Outcome.BROKEN });
  const failed = leaseIn(await locks.acquire({ environment: "kept-4" }));
  await locks.release({ leaseId: failed.id, outcome: Outcome.FAILED });
  const before = await Promise.all(["kept-1", "kept-2", "kept-3", "kept-4"].map((name) => fleet.stateOf(name)));
  expect(before.map(({ state }) => state)).toEqual([CLEANING, DIRTY, QUARANTINED, DIRTY]);
  await server.kill9();
  await server.restart();
  clients = clientsOf(server);
  expect(await Promise.all(["kept-1", "kept-2", "kept-3", "kept-4"].map((name) => fleet.stateOf(name)))).toEqual(before);
  await clientsOf({ url: server.url, key: leaseToken }).locks.release({ leaseId: lease?.id ?? "" });
  expect(await fleet.stateOf("kept-1")).toMatchObject({ state: AVAILABLE });
  const given = await clients.environments.acquireForCleaning({ pool: "kept" });
  expect(given.lease?.environments).toMatchObject([{ name: "kept-2" }]);
});
