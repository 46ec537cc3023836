// Cleaning between holders (docs/contract.md, the life of an environment), from outside.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Environment, OnExpiry } from "../../gen/ts/callme/v1/environment_service_pb.ts";
import { Outcome } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { EndReason, EnvironmentState, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { type Clients, clientsOf, failureOf, fenceOf, leaseIn, refusal, seconds } from "./clients.ts";
import { Server } from "./server.ts";

const { AVAILABLE, DIRTY, CLEANING, MAINTENANCE, QUARANTINED, DRAINING } = EnvironmentState;
const NOW = { seconds: 0n, nanos: 0 };
const REQUIRED = { cleaning: { required: true }, lockDelay: NOW } as const;

let server: Server;
let clients: Clients;
beforeAll(async () => {
  server = await Server.start();
  clients = clientsOf(server);
});
afterAll(() => server[Symbol.asyncDispose]());

/** A pool of its own, with environments of that configuration. */
async function fleet(pool: string, names: readonly string[], config: object = REQUIRED): Promise<void> {
  await clients.environments.applyEnvironments({ environments: names.map((name) => ({ name, pool, ...config })) });
}

async function dirty(...names: readonly string[]): Promise<void> {
  for (const environment of names) await clients.environments.setEnvironmentState({ environment, state: DIRTY });
}

async function stateOf(environment: string): Promise<Pick<Environment, "state" | "stateReason">> {
  const { environment: found } = await clients.environments.getEnvironment({ environment });
  if (found === undefined) throw new Error(`no environment ${environment}`);
  return { state: found.state, stateReason: found.stateReason };
}

/** The state that an environment comes to by itself, told by a watch. */
async function comesTo(environment: string, state: EnvironmentState): Promise<string> {
  for await (const { environments } of clients.locks.watchEnvironment({ environment }, { timeoutMs: 20_000 }))
    if (environments[0]?.state === state) return environments[0].stateReason;
  throw new Error(`the watch of ${environment} has ended`);
}

describe("between two holders", () => {
  test("a cleaner has it, ahead of the whole line, and the next holder has it in the moment in which it is clean", async () => {
    const { locks, environments } = clients;
    await fleet("between", ["between"]);
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
    await fleet("clean", ["clean"]);
    expect(await refusal(environments.acquireForCleaning({ pool: "clean" }))).toBe("not_found NOTHING_DIRTY");
    expect(await refusal(environments.acquireForCleaning({ environment: "clean", wait: seconds(0.2) }))).toBe("not_found NOTHING_DIRTY");
    expect((await failureOf(environments.acquireForCleaning({ environment: "clean" }))).message).toContain("it is AVAILABLE");
    expect(await refusal(environments.acquireForCleaning({ environment: "cleann" }))).toBe("not_found ENVIRONMENT_NOT_FOUND");
    expect(await refusal(environments.acquireForCleaning({ pool: "claen" }))).toBe("not_found POOL_NOT_FOUND");
    expect(await refusal(environments.acquireForCleaning({ pool: "other", environment: "clean" }))).toBe("invalid_argument BAD_FIELD");
    expect(await refusal(environments.acquireForCleaning({ pool: "clean", ttl: seconds(0.5) }))).toBe("invalid_argument BAD_FIELD");
  });

  test("a hundred who wait are each given another one, the longest dirty first", async () => {
    const { environments } = clients;
    const names = Array.from({ length: 100 }, (_, index) => `crowd-${String(index).padStart(3, "0")}`);
    await fleet("crowd", names);
    const waiting = names.map(() => environments.acquireForCleaning({ pool: "crowd", wait: seconds(30), ttl: seconds(60) }));
    await Promise.all(names.map((name) => dirty(name)));
    const given = (await Promise.all(waiting)).map(({ lease }) => lease?.environments[0]?.name ?? "");
    expect(given.toSorted()).toEqual(names);
    expect(await refusal(environments.acquireForCleaning({ pool: "crowd" }))).toBe("not_found NOTHING_DIRTY");
  });

  test("one that a waiting caller has left is given to the next, and what a lost answer gave is there for the same request_id", async () => {
    const { environments } = clients;
    await fleet("left", ["left"]);
    const gone = new AbortController();
    const first = failureOf(environments.acquireForCleaning({ pool: "left", wait: seconds(30) }, { signal: gone.signal }));
    gone.abort();
    await first;
    const second = environments.acquireForCleaning({ pool: "left", wait: seconds(30), requestId: "second" });
    await dirty("left");
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
    await fleet("dying", ["dying"]);
    await dirty("dying");
    const { lease } = await environments.acquireForCleaning({ pool: "dying", ttl: seconds(1), holder: { name: "janitor" } });
    const next = await environments.acquireForCleaning({ pool: "dying", wait: seconds(30) });
    expect(next.lease?.environments[0]?.name).toBe("dying");
    expect(leaseIn(await locks.getLease({ leaseId: lease?.id ?? "" }))).toMatchObject({ endReason: EndReason.EXPIRED });
  });

  test("that takes too long loses it, and it is put aside until an operator has looked", async () => {
    const { environments, locks } = clients;
    await fleet("slow", ["slow"], { ...REQUIRED, cleaning: { required: true, timeout: seconds(1) } });
    await dirty("slow");
    const { lease } = await environments.acquireForCleaning({ pool: "slow", ttl: seconds(600) });
    expect(lease?.latestEnd).toBeDefined();
    expect(await comesTo("slow", QUARANTINED)).toBe("not cleaned in time");
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
    await fleet(name, [name]);
    await dirty(name);
    const { lease } = await environments.acquireForCleaning({ pool: name, holder: { name: "janitor" } });
    await locks.release({ leaseId: lease?.id ?? "", outcome, note: "no network" });
    expect(await stateOf(name)).toEqual({ state, stateReason });
  });

  test("is not ended by whoever gives back the name", async () => {
    const { environments, locks } = clients;
    await fleet("named", ["named"]);
    await dirty("named");
    await environments.acquireForCleaning({ pool: "named" });
    expect(await refusal(locks.release({ environment: "named" }))).toBe("failed_precondition NAME_THE_LEASE");
  });

  test("waits for the last of those who were there before the capacity was reduced", async () => {
    const { environments, locks } = clients;
    await fleet("reduced", ["reduced"], { capacity: 2 });
    const [one, two] = [leaseIn(await locks.acquire({ environment: "reduced" })), leaseIn(await locks.acquire({ environment: "reduced" }))];
    await fleet("reduced", ["reduced"], { ...REQUIRED, capacity: 1 });
    await locks.release({ leaseId: one.id });
    expect(await stateOf("reduced")).toMatchObject({ state: DIRTY });
    expect(await refusal(environments.acquireForCleaning({ pool: "reduced" }))).toBe("not_found NOTHING_DIRTY");
    const cleaner = environments.acquireForCleaning({ pool: "reduced", wait: seconds(20) });
    await locks.release({ leaseId: two.id });
    expect((await cleaner).lease?.environments).toMatchObject([{ name: "reduced" }]);
  });
});

describe("what becomes of an environment", () => {
  test.each([
    [OnExpiry.RELEASE, AVAILABLE],
    [OnExpiry.CLEAN, DIRTY],
    [OnExpiry.HOLD, QUARANTINED],
  ])("on_expiry %i: whose holder died it is in state %i", async (onExpiry, state) => {
    const { locks } = clients;
    const environment = `expiry-${onExpiry}`;
    await fleet(environment, [environment], { onExpiry, lockDelay: NOW });
    const { id: leaseId } = leaseIn(await locks.acquire({ environment, ttl: seconds(1), holder: { name: "job 7" } }));
    const ended = leaseIn(await locks.getLease({ leaseId, wait: seconds(20) }));
    expect(ended).toMatchObject({ state: LeaseState.ENDED, endReason: EndReason.EXPIRED });
    expect((await stateOf(environment)).state).toBe(state);
  });

  test("after so many failures in a row it is put aside, and says so", async () => {
    const { locks, environments } = clients;
    await fleet("failing", ["failing"], { quarantineAfter: 2, lockDelay: NOW });
    const use = async (outcome: Outcome, note: string) => {
      const { id: leaseId } = leaseIn(await locks.acquire({ environment: "failing", holder: { name: "job 7" } }));
      await locks.release({ leaseId, outcome, note });
      return (await stateOf("failing")).state;
    };
    expect([await use(Outcome.FAILED, "red"), await use(Outcome.OK, ""), await use(Outcome.FAILED, "red")]).toEqual(
      Array(3).fill(AVAILABLE),
    );
    await use(Outcome.FAILED, "red again");
    expect(await stateOf("failing")).toEqual({
      state: QUARANTINED,
      stateReason: "2 leases in a row failed, the last that of job 7: red again",
    });
    await environments.setEnvironmentState({ environment: "failing", state: AVAILABLE });
    expect(await use(Outcome.BROKEN, "no disk")).toBe(MAINTENANCE);
  });

  test("drained, its holder finishes, nobody new is served, and afterwards it is cleaned", async () => {
    const { locks, environments } = clients;
    await fleet("drained", ["drained"]);
    const held = leaseIn(await locks.acquire({ environment: "drained" }));
    const until = Date.now() + 1_000;
    const time = { seconds: BigInt(Math.floor(until / 1_000)), nanos: (until % 1_000) * 1e6 };
    await environments.setEnvironmentState({ environment: "drained", state: DRAINING, reason: "moving", until: time });
    const next = locks.acquire({ environment: "drained", requestId: "after the drain", wait: seconds(20) });
    await locks.release({ leaseId: held.id });
    expect(await stateOf("drained")).toEqual({ state: DRAINING, stateReason: "moving" });
    const { lease } = await environments.acquireForCleaning({ pool: "drained", wait: seconds(20) });
    await locks.release({ leaseId: lease?.id ?? "" });
    expect(leaseIn(await next).state).toBe(LeaseState.HELD);
  });

  test("a maintenance tells who watches another environment that nobody claims it any more, and when it ends that somebody does", async () => {
    const { locks, environments } = clients;
    await fleet("claims", ["claimed", "free"], {});
    await locks.acquire({ environment: "claimed" });
    await locks.acquire({ needs: [{ environment: "claimed" }, { environment: "free" }], requestId: "both" });
    const seen: boolean[] = [];
    for await (const { environments: statuses } of locks.watchEnvironment({ environment: "free" }, { timeoutMs: 20_000 })) {
      if (statuses[0] === undefined) continue;
      seen.push(statuses[0].available);
      if (seen.length === 3) break;
      const state = seen.length === 1 ? MAINTENANCE : AVAILABLE;
      await environments.setEnvironmentState({ environment: "claimed", state });
    }
    expect(seen).toEqual([false, true, false]);
  });

  test("cleaning needs capacity 1: refused where it is configured, and where it is set by hand", async () => {
    const { environments } = clients;
    const apply = (config: object) => environments.applyEnvironments({ environments: [{ name: "wide", capacity: 2, ...config }] });
    const message = async (config: object) => (await failureOf(apply(config))).message;
    expect(await message({ cleaning: { required: true } })).toContain("environments[0].cleaning.required: needs capacity 1, and it is 2");
    expect(await message({ onExpiry: OnExpiry.CLEAN })).toContain("environments[0].on_expiry: needs capacity 1");
    await apply({ onExpiry: OnExpiry.HOLD, quarantineAfter: 3 });
    const set = (state: EnvironmentState, more: object = {}) => environments.setEnvironmentState({ environment: "wide", state, ...more });
    expect(await refusal(set(DIRTY))).toBe("failed_precondition NOT_CLEANABLE");
    expect(await refusal(set(DIRTY, { until: { seconds: 9_000_000_000n, nanos: 0 } }))).toBe("invalid_argument BAD_FIELD");
    expect(await refusal(set(CLEANING))).toBe("invalid_argument BAD_FIELD");
  });

  test("what is configured is told as it is, and applied again it changes nothing", async () => {
    const { environments } = clients;
    const config = { onExpiry: OnExpiry.CLEAN, cleaning: { required: true, timeout: seconds(90) }, quarantineAfter: 3 };
    await fleet("told", ["told"], config);
    const { environment } = await environments.getEnvironment({ environment: "told" });
    expect(environment).toMatchObject({ ...config, cleaning: { required: true, timeout: { seconds: 90n } } });
    const { changes } = await environments.applyEnvironments({ environments: environment === undefined ? [] : [environment] });
    expect(changes).toMatchObject([{ kind: 3, fields: [] }]);
  });
});

test("a restart keeps what is dirty, who cleans, and what is put aside", async () => {
  const { environments, locks } = clients;
  await fleet("kept", ["kept-1", "kept-2", "kept-3", "kept-4"], { ...REQUIRED, quarantineAfter: 2 });
  await dirty("kept-1", "kept-2", "kept-3");
  const { lease, leaseToken } = await environments.acquireForCleaning({ pool: "kept", environment: "kept-1", ttl: seconds(60) });
  const broken = await environments.acquireForCleaning({ pool: "kept", environment: "kept-3" });
  await locks.release({ leaseId: broken.lease?.id ?? "", outcome: Outcome.BROKEN });
  const failed = leaseIn(await locks.acquire({ environment: "kept-4" }));
  await locks.release({ leaseId: failed.id, outcome: Outcome.FAILED });
  const before = await Promise.all(["kept-1", "kept-2", "kept-3", "kept-4"].map(stateOf));
  expect(before.map(({ state }) => state)).toEqual([CLEANING, DIRTY, QUARANTINED, DIRTY]);
  await server.kill9();
  await server.restart();
  clients = clientsOf(server);
  expect(await Promise.all(["kept-1", "kept-2", "kept-3", "kept-4"].map(stateOf))).toEqual(before);
  await clientsOf({ url: server.url, key: leaseToken }).locks.release({ leaseId: lease?.id ?? "" });
  expect(await stateOf("kept-1")).toMatchObject({ state: AVAILABLE });
  const given = await clients.environments.acquireForCleaning({ pool: "kept" });
  expect(given.lease?.environments).toMatchObject([{ name: "kept-2" }]);
});
