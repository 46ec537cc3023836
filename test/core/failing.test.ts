/** Acquire with if_busy FAIL: an answer means HELD. */
import { describe, expect, test } from "vitest";
import { decide } from "../../src/core/decide.ts";
import { limits } from "../../src/core/limits.ts";
import { ADMIN, acquireCommand, MINUTE, SECOND, World } from "./world.ts";

const FAIL = { ifBusy: "FAIL", wait: MINUTE } as const;

describe("FAIL with a wait stands in line as long as a call for it is open", () => {
  test("held, it is a lease as any other", () => {
    const world = new World();
    world.acquire("holder", "a");
    expect(world.acquire("x", "a", FAIL)).toMatchObject({ state: "QUEUED", transient: true, queueTimeout: MINUTE });
    world.release("holder");
    world.claim("x");
    expect([world.state("x"), world.lease("x").transient, world.lease("x").calls]).toEqual(["HELD", undefined, undefined]);
  });

  test("its request_id is free again within the transaction that it ended in", () => {
    const world = new World();
    world.acquire("holder", "a");
    world.acquire("x", "a", { ...FAIL, requestId: "r" });
    const again = world.draft((draft) => {
      decide(draft, { type: "giveUp", lease: "x" });
      return decide(draft, acquireCommand("y", "a", { ...FAIL, requestId: "r" }));
    });
    expect(again).toMatchObject({ ok: true, lease: { id: "y", state: "QUEUED" } });
  });

  test("it stands in line as everybody else: behind who came before, ahead of who comes later", () => {
    const world = new World();
    world.acquire("holder", "a");
    world.acquire("first", "a");
    world.acquire("x", "a", FAIL);
    world.acquire("last", "a");
    world.release("holder");
    world.release("first");
    expect(world.states("x", "last")).toBe("x OFFERED, last QUEUED");
  });

  test.each([
    ["its wait is over", { type: "giveUp", lease: "x" }, "TIMED_OUT"],
    ["its call is lost", { type: "hangUp", lease: "x", revision: 0, written: false }, "WITHDRAWN"],
  ] as const)("nothing is left of it when %s, and its request_id is free", (_, command, reason) => {
    const world = new World();
    world.acquire("holder", "a");
    world.acquire("x", "a", { ...FAIL, requestId: "r" });
    expect(world.do(command)).toMatchObject({ ok: true, lease: { endReason: reason } });
    expect([world.lease("x").transient, world.pool.leases.has("x"), world.pool.waiters]).toEqual([true, false, 0]);
    expect(world.acquire("y", "a", { ...FAIL, requestId: "r" }).id).toBe("y");
  });

  test.each(["QUEUED", "OFFERED"])("a start ends it (%s), and serves those whom it kept waiting", (state) => {
    const world = new World();
    world.acquire("holder", "a");
    world.acquire("x", ["a", "b"], FAIL);
    world.acquire("next", "b");
    if (state === "OFFERED") world.release("holder");
    expect(world.states("x", "next")).toBe(`x ${state}, next QUEUED`);
    world.do({ type: "recover" });
    expect(world.states("x", "next")).toBe("x WITHDRAWN, next OFFERED");
  });

  test("of two calls for it the one that waits longer keeps it in line", () => {
    const world = new World();
    world.acquire("holder", "a");
    world.acquire("x", "a", { ...FAIL, requestId: "r" });
    world.at += MINUTE;
    world.acquire("again", "a", { ...FAIL, requestId: "r" });
    expect(world.do({ type: "giveUp", lease: "x" })).toMatchObject({ lease: { state: "QUEUED" } });
    world.pass(MINUTE);
    expect(world.do({ type: "giveUp", lease: "x" })).toMatchObject({ lease: { state: "ENDED" } });
  });

  test("it ends soon after its wait by itself, should its call not end it", () => {
    const world = new World();
    world.acquire("holder", "a");
    world.acquire("x", "a", FAIL);
    world.pass(MINUTE);
    expect(world.state("x")).toBe("QUEUED");
    world.pass(limits.waitSlack);
    expect(world.state("x")).toBe("TIMED_OUT");
  });

  test.each([false, true])(
    "a hold whose answer was lost (written: %s) is over when no retry claims it, and stands in no line",
    (written) => {
      const world = new World();
      world.acquire("x", "a", { ifBusy: "FAIL", requestId: "r", claimTimeout: SECOND });
      world.acquire("next", "a");
      world.hangUp("x", written);
      world.pass(SECOND);
      expect(world.states("x", "next")).toBe(`x WITHDRAWN, next ${written ? "QUEUED" : "OFFERED"}`);
    },
  );

  test("an offer that comes just before the wait is over is held", () => {
    const world = new World();
    world.acquire("holder", "a");
    world.acquire("x", "a", FAIL);
    world.release("holder");
    expect(world.do({ type: "giveUp", lease: "x" })).toMatchObject({ ok: true, lease: { state: "HELD" } });
  });

  test("an offer that is lost is no offer any more, request_id or not", () => {
    const world = new World();
    world.acquire("holder", "a");
    world.acquire("x", "a", { ...FAIL, requestId: "r" });
    world.acquire("next", "a");
    world.release("holder");
    world.hangUp("x");
    expect(world.state("next")).toBe("OFFERED");
    expect(world.pool.leases.has("x")).toBe(false);
  });
});

describe("busy", () => {
  const message = (world: World, needs: string | string[]) => {
    const reply = world.do(acquireCommand("new", needs, { ifBusy: "FAIL" }));
    return reply.ok ? "granted" : reply.message;
  };

  test("it says who is on what, and never calls an offer a hold", () => {
    const world = new World();
    world.acquire("holder", "a");
    world.acquire("waiter", "a");
    expect(message(world, "a")).toContain("a is held by holder, claimed by 1 in line");
    world.release("holder");
    expect(message(world, ["a", "b"])).toContain("a is offered to waiter");
  });

  test("it names what is out of service, and what rests", () => {
    const world = new World();
    world.apply({ a: {}, b: {} });
    world.do({ type: "setState", by: ADMIN, environment: "a", state: "MAINTENANCE", reason: "disk" });
    expect(message(world, "a")).toContain("a is MAINTENANCE (disk)");
    world.acquire("x", "b");
    world.do({ type: "forceRelease", by: ADMIN, lease: "x", reason: "needed" });
    expect(message(world, "b")).toContain("b is resting after its last holder");
  });

  test("of many holders it names ten", () => {
    const world = new World();
    world.apply({ a: { capacity: 30 } });
    for (let index = 0; index < 30; index++) world.acquire(`h${index}`, "a");
    const reply = world.do(acquireCommand("new", "a", { ifBusy: "FAIL" }));
    expect(reply).toMatchObject({
      message: expect.stringContaining("20 more"),
      metadata: { holders: expect.stringMatching(/^(h\d, ){9}h9$/) },
    });
  });
});
