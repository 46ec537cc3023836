// A server that has too much to do for now: it refuses with a RetryInfo, has changed nothing, and is asked again.
import assert from "node:assert/strict";
import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema, RetryInfoSchema } from "../../../gen/ts/google/rpc/error_details_pb.ts";
import { failure } from "../../../src/rpc/errors.ts";
import { type Call, held, queued, type ScriptedServer } from "../scripted.ts";
import { PATIENCE } from "../testee.ts";
import { lasts, type Scenarios, type World } from "../world.ts";

const overloaded = () => failure("OVERLOADED", "20000 commands wait already; try again a little later");
/** What a later server may answer: no client knows the reason, and each knows the RetryInfo. */
const unheardOf = () =>
  new ConnectError("not now", Code.ResourceExhausted, undefined, [
    { desc: ErrorInfoSchema, value: { domain: "call-me", reason: "UNHEARD_OF" } },
    { desc: RetryInfoSchema, value: { retryDelay: { seconds: 1n } } },
  ]);

/** Waits until so many of them came. */
async function come(scripted: ScriptedServer, method: Call["method"], count: number): Promise<void> {
  const timeout = AbortSignal.timeout(PATIENCE);
  for (; scripted.count(method) < count; await lasts(20)) {
    if (timeout.aborted) throw new Error(`${scripted.count(method)} calls of ${method} came, and never ${count}`);
  }
}

/** Asked once: the hold ends with the error itself. */
function isAskedOnce(refuse: () => ConnectError, outcome: string) {
  return async (world: World) => {
    const { scripted, testee } = await world.scripted();
    scripted.refuse = (call) => (call === "Acquire" ? refuse() : undefined);
    assert.equal(await testee.hold(["uat"]).outcome(), outcome);
    assert.equal(scripted.count("Acquire"), 1);
  };
}

/** Refused the first time, it is sent again, and the hold takes its course. */
function sentAgain(method: Call["method"], refuse: () => ConnectError) {
  return async (world: World) => {
    const { scripted, testee } = await world.scripted();
    scripted.refuse = (call, time) => (call === method && time === 1 ? refuse() : undefined);
    const hold = testee.hold(["uat"], { ttl: "3s" });
    await hold.hears("held");
    assert.equal(await hold.finish(), "ok");
    assert.deepEqual([scripted.count(method), hold.times("held"), hold.said("cancelled")], [2, 1, false]);
  };
}

export const overload: Scenarios = {
  "overloaded: the Acquire is sent again": sentAgain("Acquire", overloaded),
  "overloaded: the Renew before the body is sent again": sentAgain("Renew", overloaded),
  "overloaded: the Release is sent again": sentAgain("Release", overloaded),
  "a limit is reached: the Acquire is sent again": sentAgain("Acquire", () => failure("LIMIT_REACHED", "too many leases")),
  "asked too often: the Acquire is sent again when it was said, and not before": async (world) => {
    const { scripted, testee } = await world.scripted();
    let first = 0;
    scripted.refuse = (call) => {
      first ||= Date.now();
      const early = call === "Acquire" && Date.now() - first < 2_900;
      return early ? failure("RATE_LIMITED", "too many requests", { retryAfter: 3 }) : undefined;
    };
    const hold = testee.hold(["uat"], { ttl: "3s" });
    await hold.hears("held");
    assert.equal(await hold.finish(), "ok");
    assert.equal(scripted.count("Acquire"), 2);
  },
  "a newer server: what it says may be tried again is, whatever the reason": sentAgain("Acquire", unheardOf),

  "overloaded for a while, with a body that runs: renewed until it is answered": async (world) => {
    const { scripted, testee } = await world.scripted();
    scripted.refuse = (call, time) => (call === "Renew" && (time === 2 || time === 3) ? overloaded() : undefined);
    const hold = testee.hold(["uat"], { ttl: "3s" });
    await hold.hears("held");
    await come(scripted, "Renew", 5);
    assert.equal(await hold.finish(), "ok");
    assert.equal(hold.said("cancelled"), false);
  },

  "as many watches as may be open: who waits asks again for its place, and watches then": async (world) => {
    const { scripted, testee } = await world.scripted();
    scripted.acquire = queued;
    scripted.tell(queued());
    scripted.refuse = (call, time) =>
      call === "WatchLease" && time === 1 ? failure("LIMIT_REACHED", "the limit of 1 open watches is reached") : undefined;
    const hold = testee.hold(["uat"], { ttl: "3s" });
    await hold.hears("waiting");
    await come(scripted, "WatchLease", 2);
    scripted.tell(held());
    await hold.hears("held");
    assert.equal(await hold.finish(), "ok");
    assert.ok(scripted.count("Acquire") >= 2);
  },

  "too large: asked once, since the same request stays as large": isAskedOnce(
    () => failure("TOO_LARGE", "more than 64 KiB"),
    "resource_exhausted TOO_LARGE",
  ),
  "a pool that is broken: asked once, since only an operator can help": isAskedOnce(
    () => failure("POOL_BROKEN", "its stored rows contradict each other"),
    "internal POOL_BROKEN",
  ),
};
