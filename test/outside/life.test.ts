// What becomes of an environment between its holders (docs/contract.md, the life of an environment), from outside.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OnExpiry } from "../../gen/ts/callme/v1/environment_service_pb.ts";
import { Outcome } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { EndReason, EnvironmentState, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { type Clients, clientsOf, failureOf, leaseIn, refusal, seconds } from "./clients.ts";
import { Fleet, NOW } from "./fleet.ts";
import { Server } from "./server.ts";

const { AVAILABLE, DIRTY, CLEANING, MAINTENANCE, QUARANTINED, DRAINING } = EnvironmentState;

let server: Server;
let clients: Clients;
const fleet = new Fleet(() => clients);
beforeAll(async () => {
  server = await Server.start();
  clients = clientsOf(server);
});
afterAll(() => server[Symbol.asyncDispose]());

describe("what becomes of an environment", () => {
  test.each([
    [OnExpiry.RELEASE, AVAILABLE],
    [OnExpiry.CLEAN, DIRTY],
    [OnExpiry.HOLD, QUARANTINED],
  ])("on_expiry %i: whose holder died it is in state %i", async (onExpiry, state) => {
    const { locks } = clients;
    const environment = `expiry-${onExpiry}`;
    await fleet.make(environment, [environment], { onExpiry, lockDelay: NOW });
    const { id: leaseId } = leaseIn(await locks.acquire({ environment, ttl: seconds(1), holder: { name: "job 7" } }));
    const ended = leaseIn(await locks.getLease({ leaseId, wait: seconds(20) }));
    expect(ended).toMatchObject({ state: LeaseState.ENDED, endReason: EndReason.EXPIRED });
    expect((await fleet.stateOf(environment)).state).toBe(state);
  });

  test("after so many failures in a row it is put aside, and says so", async () => {
    const { locks, environments } = clients;
    await fleet.make("failing", ["failing"], { quarantineAfter: 2, lockDelay: NOW });
    const use = async (outcome: Outcome, note: string) => {
      const { id: leaseId } = leaseIn(await locks.acquire({ environment: "failing", holder: { name: "job 7" } }));
      await locks.release({ leaseId, outcome, note });
      return (await fleet.stateOf("failing")).state;
    };
    expect([await use(Outcome.FAILED, "red"), await use(Outcome.OK, ""), await use(Outcome.FAILED, "red")]).toEqual(
      Array(3).fill(AVAILABLE),
    );
    await use(Outcome.FAILED, "red again");
    expect(await fleet.stateOf("failing")).toEqual({
      state: QUARANTINED,
      stateReason: "2 leases in a row failed, the last that of job 7: red again",
    });
    await environments.setEnvironmentState({ environment: "failing", state: AVAILABLE });
    expect(await use(Outcome.BROKEN, "no disk")).toBe(MAINTENANCE);
  });

  test("drained, its holder finishes, nobody new is served, and afterwards it is cleaned", async () => {
    const { locks, environments } = clients;
    await fleet.make("drained", ["drained"]);
    const held = leaseIn(await locks.acquire({ environment: "drained" }));
    const until = Date.now() + 1_000;
    const time = { seconds: BigInt(Math.floor(until / 1_000)), nanos: (until % 1_000) * 1e6 };
    await environments.setEnvironmentState({ environment: "drained", state: DRAINING, reason: "moving", until: time });
    const next = locks.acquire({ environment: "drained", requestId: "after the drain", wait: seconds(20) });
    await locks.release({ leaseId: held.id });
    expect(await fleet.stateOf("drained")).toEqual({ state: DRAINING, stateReason: "moving" });
    const { lease } = await environments.acquireForCleaning({ pool: "drained", wait: seconds(20) });
    await locks.release({ leaseId: lease?.id ?? "" });
    expect(leaseIn(await next).state).toBe(LeaseState.HELD);
  });

  test("a maintenance tells who watches another environment that nobody claims it any more, and when it ends that somebody does", async () => {
    const { locks, environments } = clients;
    await fleet.make("claims", ["claimed", "free"], {});
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
    await fleet.make("told", ["told"], config);
    const { environment } = await environments.getEnvironment({ environment: "told" });
    expect(environment).toMatchObject({ ...config, cleaning: { required: true, timeout: { seconds: 90n } } });
    const { changes } = await environments.applyEnvironments({ environments: environment === undefined ? [] : [environment] });
    expect(changes).toMatchObject([{ kind: 3, fields: [] }]);
  });
});
