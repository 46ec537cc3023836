// IF_BUSY_FAIL: an answer means HELD, and busy is final. A client that asked again by itself would wait, which it was told not to.
import assert from "node:assert/strict";
import { Code } from "@connectrpc/connect";
import { IfBusy } from "../../../gen/ts/callme/v1/lock_service_pb.ts";
import { refusal } from "../../cli/scripted.ts";
import { held } from "../scripted.ts";
import { PATIENCE } from "../testee.ts";
import { lasts, type Scenarios, type World } from "../world.ts";

/** How long an Acquire may go unanswered that asks for no wait, in ms. */
const CALL_TIMEOUT = 5_000;
/** How much earlier than that the server answers at least, in ms. */
const MARGIN = 250;
const milliseconds = (wait: { readonly seconds: bigint; readonly nanos: number } | undefined) =>
  wait === undefined ? 0 : Number(wait.seconds) * 1_000 + wait.nanos / 1e6;

/** Waits until so many stand in line. The record of leases has nobody who stands there for a call's `wait`. */
async function inLine(world: World, length: number): Promise<void> {
  const timeout = AbortSignal.timeout(PATIENCE);
  for (;;) {
    const { environments } = await world.clients.locks.check({ environment: world.environment });
    const { queueLength } = environments[0] ?? {};
    if (queueLength === length) return;
    if (timeout.aborted) throw new Error(`${queueLength} stood in line on ${world.environment}, and never ${length}`);
    await lasts(20);
  }
}

/** Refused like this, it is asked once. */
function isFinal(code: Code, reason: string) {
  return async (world: World) => {
    const { scripted, testee } = await world.scripted();
    scripted.acquire = () => {
      throw refusal(code, reason, "uat is held by checkout #1", { holders: "checkout #1" });
    };
    const hold = testee.hold(["uat"], { fail: true });
    assert.equal(await hold.outcome(), `not_acquired ${reason}`);
    assert.equal((await hold.hears("ended")).holders, "checkout #1");
    assert.deepEqual([scripted.count("Acquire"), scripted.count("Release")], [1, 0]);
  };
}

export const refusing: Scenarios = {
  "busy is final, though its code is one of those that are tried again": isFinal(Code.Aborted, "ENVIRONMENT_BUSY"),
  "busy is final with any other code": isFinal(Code.Unavailable, "ENVIRONMENT_BUSY"),
  "never satisfiable is final": isFinal(Code.FailedPrecondition, "UNSATISFIABLE"),
  "never satisfiable is final with any other code": isFinal(Code.Aborted, "UNSATISFIABLE"),

  "fail, and wait: one call, which stays for as long as that": async (world) => {
    const { scripted, testee } = await world.scripted();
    const asked: unknown[] = [];
    scripted.acquire = async ({ ifBusy, wait }, _, stays) => {
      // The server answers before the call's own time is over: that must not cut the waiting short.
      asked.push([ifBusy, stays > milliseconds(wait) + MARGIN]);
      await lasts(CALL_TIMEOUT + 1_000);
      return held();
    };
    const hold = testee.hold(["uat"], { fail: true, wait: "8s" });
    await hold.hears("held");
    assert.equal(await hold.finish(), "ok");
    assert.deepEqual(asked, [[IfBusy.FAIL, true]]);
  },

  "fail, and wait: asked again, it is for what is left of that": async (world) => {
    const { scripted, testee } = await world.scripted();
    const waits: number[] = [];
    scripted.acquire = async ({ wait }, time) => {
      waits.push(milliseconds(wait));
      if (time > 1) return held();
      await lasts(1_500);
      throw refusal(Code.Unavailable, "DRAINING", "stopping");
    };
    const hold = testee.hold(["uat"], { fail: true, wait: "20s" });
    await hold.hears("held");
    assert.equal(await hold.finish(), "ok");
    const [first = 0, second = 0] = waits;
    assert.ok(first > 15_000 && first <= 20_000 && second <= first - 1_500 && second > 0, `${waits}`);
  },

  "busy, and not to wait: not acquired, and who has it": async (world) => {
    const { principal } = await world.occupy();
    const hold = world.testee.hold([world.environment], { fail: true });
    assert.equal(await hold.outcome(), "not_acquired ENVIRONMENT_BUSY");
    assert.equal((await hold.hears("ended")).holders, principal);
    assert.equal((await world.leases()).length, 1);
  },

  "busy, and to wait a while: served if its turn comes by then": async (world) => {
    const { id } = await world.occupy();
    const hold = world.testee.hold([world.environment], { fail: true, wait: "30s" });
    await inLine(world, 1);
    await world.clients.locks.release({ leaseId: id });
    await hold.hears("held");
    assert.equal(await hold.finish(), "ok");
  },

  "busy, and to wait a while: not acquired when that is over": async (world) => {
    await world.occupy();
    const hold = world.testee.hold([world.environment], { fail: true, wait: "1s" });
    await inLine(world, 1);
    assert.equal(await hold.outcome(), "not_acquired ENVIRONMENT_BUSY");
    await inLine(world, 0);
  },

  "busy, and cancelled while it waits a while: nothing is left in line": async (world) => {
    await world.occupy();
    const hold = world.testee.hold([world.environment], { fail: true, wait: "30s" });
    await inLine(world, 1);
    hold.cancel();
    assert.equal(await hold.outcome(), "cancelled");
    await inLine(world, 0);
  },

  "more slots than there are, and not to wait: the same word as for who waits": async (world) => {
    await world.clients.environments.applyEnvironments({ environments: [{ name: world.environment, capacity: 1 }] });
    const hold = world.testee.hold([world.environment], { slots: 2, fail: true });
    assert.equal(await hold.outcome(), "not_acquired UNSATISFIABLE");
    assert.deepEqual(await world.leases(), []);
  },
};
