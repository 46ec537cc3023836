/** What becomes of an offer that nobody claims, and of a grant whose answer was lost: rule 4. */
import { describe, expect, test } from "vitest";
import { limits } from "../../src/core/limits.ts";
import { placeOf } from "../../src/core/standing.ts";
import { statusOf } from "../../src/core/view.ts";
import { MINUTE, SECOND, World } from "./world.ts";

/** A pool in which `absent` was passed over for `next`, who holds. */
function passedOver(more: Parameters<World["acquire"]>[2] = {}): World {
  const world = new World();
  world.acquire("holder", "a");
  world.acquire("absent", "a", { claimTimeout: 5 * SECOND, ...more });
  world.acquire("next", "a");
  world.release("holder");
  world.pass(5 * SECOND);
  world.claim("next");
  return world;
}

describe("an offer that is not claimed in time", () => {
  test("goes back to its old place, without slots, token or time of grant", () => {
    const world = passedOver();
    const { fencingToken, grantedAt, deadline, needs, ...absent } = world.lease("absent");
    expect(absent).toMatchObject({ state: "QUEUED", passedOver: true });
    expect([fencingToken, grantedAt, deadline, needs]).toMatchObject([undefined, undefined, undefined, [{ indexes: [] }]]);
  });

  test("is offered nothing and counts in nobody's position, but in queue_length", () => {
    const world = passedOver();
    const third = world.acquire("third", "a");
    expect(placeOf(world.pool, third)).toMatchObject({ position: 1, queueLength: 2, ahead: [] });
    expect(statusOf(world.pool, "a").queueLength).toBe(2);
    world.release("next");
    expect(world.states("absent", "third")).toBe("absent QUEUED, third OFFERED");
  });

  test("claims nothing: a free slot is nobody's", () => {
    const world = passedOver();
    world.release("next");
    expect(statusOf(world.pool, "a").available).toBe(true);
    expect(world.acquire("late", "a").state).toBe("HELD");
  });

  test.each(["acquire", "renew", "claim"] as const)(
    "is in line again with the next sign of life (%s), before whoever came later",
    (sign) => {
      const world = passedOver({ requestId: "r" });
      world.acquire("third", "a");
      if (sign === "acquire") world.acquire("again", "a", { requestId: "r", claimTimeout: 5 * SECOND });
      else if (sign === "renew") world.do({ type: "renew", by: { principal: "admin" }, lease: "absent" });
      else world.claim("absent");
      expect(placeOf(world.pool, world.lease("absent"))).toMatchObject({ position: 1, queueLength: 2 });
      const before = world.lease("next").fencingToken ?? 0;
      world.release("next");
      world.claim("absent");
      expect(world.states("absent", "third")).toBe("absent HELD, third QUEUED");
      expect(world.lease("absent").fencingToken).toBeGreaterThan(before);
    },
  );

  test("is held at once when its sign of life finds the slot free", () => {
    const world = passedOver();
    world.release("next");
    expect(world.claim("absent")).toMatchObject({ ok: true, lease: { state: "HELD" } });
  });

  test("ends by its queue_timeout, which counts from its arrival", () => {
    const world = passedOver({ queueTimeout: MINUTE });
    world.pass(55 * SECOND - 1);
    expect(world.state("absent")).toBe("QUEUED");
    world.pass(1);
    expect(world.state("absent")).toBe("TIMED_OUT");
  });

  test("stands for 30 s at least in the minute after a start, as everybody comes back at once", () => {
    const world = new World();
    world.acquire("holder", "a");
    world.acquire("absent", "a", { claimTimeout: 5 * SECOND });
    world.do({ type: "recover" });
    world.release("holder");
    expect(world.lease("absent").deadline).toBe(world.at + limits.claimTimeout.afterStart);
  });

  test("is made anew after a start that its max_hold has passed before, so that its claim is a hold", () => {
    const world = new World();
    world.acquire("holder", "a");
    const first = world.acquire("waiter", "a", { ttl: 10 * SECOND, maxHold: MINUTE });
    world.release("holder");
    const { fencingToken: lost = 0 } = world.lease("waiter");
    world.at += 10 * MINUTE;
    world.do({ type: "recover" });
    expect(world.lease("waiter")).toMatchObject({ state: "OFFERED", sequence: first.sequence, grantedAt: world.at });
    world.pass(20 * SECOND);
    world.claim("waiter");
    expect(world.lease("waiter")).toMatchObject({ state: "HELD", deadline: world.at + 10 * SECOND });
    expect(world.lease("waiter").fencingToken).toBeGreaterThan(lost);
  });

  test("stands no longer than max_hold", () => {
    const world = new World();
    world.acquire("holder", "a");
    world.acquire("short", "a", { maxHold: 2 * SECOND, claimTimeout: MINUTE });
    expect(world.lease("short").claimTimeout).toBe(2 * SECOND);
  });
});

test("an offer of what was configured away meanwhile ends when it is passed over, as nothing can serve it any more", () => {
  const world = new World();
  world.apply({ a: { capacity: 2, labels: { kind: "board" } }, b: { labels: { kind: "board" } } });
  world.acquire("holder", ["a:2", "b"]);
  world.acquire("named", "a:2", { claimTimeout: SECOND });
  world.acquire("board", { selector: [{ key: "kind", operator: "EXISTS", values: [] }], count: 1, slots: 1 }, { claimTimeout: SECOND });
  world.release("holder");
  expect(world.states("named", "board")).toBe("named OFFERED, board OFFERED");
  world.apply({ a: { capacity: 1 }, b: {} });
  world.pass(SECOND);
  expect(world.states("named", "board")).toBe("named UNSATISFIABLE, board UNSATISFIABLE");
});

describe("a grant whose answer was lost", () => {
  test("is an offer again with a request_id, and its max_hold runs on: neither a late claim nor a retry outlives it", () => {
    const world = new World();
    const { grantedAt = 0 } = world.acquire("x", "a", { requestId: "r", ttl: MINUTE, maxHold: MINUTE, claimTimeout: 20 * SECOND });
    for (let retry = 0; retry < 5; retry++) {
      world.pass(10 * SECOND);
      world.hangUp("x");
      expect(world.acquire("again", "a", { requestId: "r" })).toMatchObject({ id: "x", state: "HELD", deadline: grantedAt + MINUTE });
    }
    world.pass(10 * SECOND);
    expect(world.state("x")).toBe("EXPIRED");
  });

  test("an offer that was held before ends as EXPIRED with its max_hold", () => {
    const world = new World();
    world.acquire("x", "a", { requestId: "r", maxHold: MINUTE, claimTimeout: 20 * SECOND });
    world.pass(50 * SECOND);
    world.hangUp("x", true);
    world.pass(10 * SECOND);
    expect(world.lease("x")).toMatchObject({ endReason: "EXPIRED", endNote: "max_hold was reached" });
  });

  test.each([
    ["with a request_id", { requestId: "r", claimTimeout: 5 * SECOND }],
    ["without one", {}],
  ])("its slots rest as after an expiry if the answer was written, %s: somebody may be at work", (_, more) => {
    for (const written of [false, true]) {
      const world = new World();
      world.acquire("x", "a", more);
      world.acquire("next", "a");
      world.hangUp("x", written);
      world.pass(5 * SECOND);
      expect(world.state("x")).toBe("requestId" in more ? "QUEUED" : "WITHDRAWN");
      expect(world.state("next"), `written: ${written}`).toBe(written ? "QUEUED" : "OFFERED");
      world.pass(10 * SECOND);
      world.claim("next");
      expect(world.state("next")).toBe("HELD");
    }
  });

  test("its slots rest, whoever ends it meanwhile: that its key was revoked, too, its holder may not know", () => {
    for (const written of [false, true]) {
      const world = new World();
      world.acquire("x", "a", { requestId: "r" });
      world.acquire("next", "a", { by: { principal: "other" } });
      world.hangUp("x", written);
      world.do({ type: "disown", by: { principal: "ops" }, principal: "admin", held: false });
      expect(world.state("x")).toBe("WITHDRAWN");
      expect(world.state("next"), `written: ${written}`).toBe(written ? "QUEUED" : "OFFERED");
    }
  });

  test("what a revoked key holds ends as by force where that is wanted, and its slots rest", () => {
    const world = new World();
    world.acquire("x", "a", { ttl: MINUTE });
    world.acquire("next", "a", { by: { principal: "other" } });
    world.do({ type: "disown", by: { principal: "ops" }, principal: "admin", held: false });
    expect(world.state("x")).toBe("HELD");
    world.do({ type: "disown", by: { principal: "ops" }, principal: "admin", held: true });
    expect(world.lease("x")).toMatchObject({ endReason: "FORCE_RELEASED", endedBy: { principal: "ops" } });
    expect(world.state("next")).toBe("QUEUED");
    world.pass(10 * SECOND);
    expect(world.state("next")).toBe("OFFERED");
  });

  test("a hold that was renewed, or claimed, since its answer was lost stays a hold", () => {
    const world = new World();
    const { revision } = world.acquire("x", "a", { requestId: "r" });
    world.do({ type: "renew", by: { principal: "admin" }, lease: "x" });
    expect(world.do({ type: "hangUp", lease: "x", revision, written: true })).toMatchObject({ lease: { state: "HELD" } });
  });

  test("a renewal after a start brings no second grace beyond max_hold", () => {
    const world = new World();
    world.acquire("x", "a", { ttl: MINUTE, maxHold: 2 * MINUTE });
    for (let start = 0; start < 4; start++) {
      world.at += 50 * SECOND;
      world.do({ type: "recover" });
      if (world.state("x") === "HELD") world.do({ type: "renew", by: { principal: "admin" }, lease: "x" });
    }
    expect(world.state("x")).toBe("EXPIRED");
  });

  test("a claim after a start keeps the grace, even beyond max_hold", () => {
    const world = new World();
    world.acquire("x", "a", { requestId: "r", ttl: MINUTE, maxHold: MINUTE });
    world.hangUp("x", true);
    world.at += 10 * MINUTE;
    world.do({ type: "recover" });
    const grace = world.at + limits.claimTimeout.afterStart;
    world.pass(10 * SECOND);
    world.claim("x");
    expect(world.lease("x")).toMatchObject({ state: "HELD", deadline: grace, graced: true });
    world.pass(20 * SECOND);
    expect(world.state("x")).toBe("EXPIRED");
  });

  test("its slots rest if any answer of it was written, although a later one was not: also after a start nobody else remembers", () => {
    const world = new World();
    world.acquire("x", "a", { requestId: "r", claimTimeout: 5 * SECOND });
    world.acquire("next", "a");
    world.hangUp("x", true);
    world.do({ type: "recover" });
    world.claim("x");
    world.hangUp("x", false);
    world.pass(30 * SECOND);
    expect(world.states("x", "next")).toBe("x QUEUED, next QUEUED");
    world.pass(10 * SECOND);
    expect(world.state("next")).toBe("OFFERED");
  });

  test("keeps the grace of a start as an offer, even beyond max_hold", () => {
    const world = new World();
    world.acquire("x", "a", { requestId: "r", ttl: MINUTE, maxHold: MINUTE });
    world.at += 10 * MINUTE;
    world.do({ type: "recover" });
    const grace = world.at + MINUTE;
    world.pass(40 * SECOND);
    world.hangUp("x", true);
    expect(world.lease("x")).toMatchObject({ state: "OFFERED", deadline: grace, graced: true });
    world.pass(15 * SECOND);
    world.claim("x");
    expect(world.lease("x")).toMatchObject({ state: "HELD", deadline: grace, graced: true });
    world.pass(5 * SECOND);
    expect(world.state("x")).toBe("EXPIRED");
  });

  test("of two that were held at once in the same moment, both keep a place, in the order of their grants", () => {
    const world = new World();
    world.apply({ a: { capacity: 2 } });
    for (const id of ["first", "second"]) world.acquire(id, "a", { requestId: id, claimTimeout: SECOND });
    for (const id of ["first", "second"]) world.hangUp(id);
    world.pass(SECOND);
    expect(world.states("first", "second")).toBe("first QUEUED, second QUEUED");
    expect([...(world.pool.sites.get("a")?.passed.values() ?? [])]).toEqual(["first", "second"]);
  });
});
