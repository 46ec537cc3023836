/** Leases that end at a fixed time, and those that claim themselves. */
import { describe, expect, test } from "vitest";
import { latestEnd } from "../../src/core/ledger.ts";
import { extend, reserve } from "./booking.ts";
import { ADMIN, acquireCommand, HOUR, MINUTE, SECOND, World } from "./world.ts";

describe("not_after", () => {
  test("ends what is held, however often it is renewed", () => {
    const world = new World();
    const notAfter = world.at + 90 * SECOND;
    const lease = world.acquire("l", "a", { ttl: MINUTE, notAfter });
    expect([lease.deadline, latestEnd(lease)]).toEqual([world.at + MINUTE, notAfter]);
    world.pass(50 * SECOND);
    world.do({ type: "renew", by: ADMIN, lease: "l" });
    expect(world.lease("l").deadline).toBe(notAfter);
    world.pass(40 * SECOND);
    expect(world.lease("l")).toMatchObject({ endReason: "EXPIRED", endNote: "its not_after was reached" });
  });

  test("ends what waits, and what is offered, as TIMED_OUT", () => {
    const world = new World();
    world.acquire("holder", "a");
    world.acquire("l", "a", { notAfter: world.at + MINUTE, claimTimeout: 30 * SECOND, queueTimeout: HOUR });
    world.acquire("m", "a", { notAfter: world.at + 30 * SECOND });
    world.pass(50 * SECOND);
    expect(world.lease("m")).toMatchObject({ endReason: "TIMED_OUT", endNote: "its not_after was reached" });
    world.release("holder");
    expect(world.lease("l")).toMatchObject({ state: "OFFERED", deadline: world.at + 10 * SECOND });
    const before = world.events.length;
    world.pass(10 * SECOND);
    expect(world.state("l")).toBe("TIMED_OUT");
    expect(world.events.slice(before).map(({ kind }) => kind)).toEqual(["TIMED_OUT"]);
  });

  test("is set anew by a renewal: later, or before the grant and without a ttl also earlier", () => {
    const world = new World();
    reserve(world, "person", 0, HOUR);
    world.acquire("waiter", "a", { notAfter: world.at + MINUTE });
    extend(world, "person", world.at + 3 * HOUR);
    extend(world, "waiter", world.at + 2 * HOUR);
    expect([world.lease("person").deadline, world.lease("waiter").deadline]).toEqual([world.at + 3 * HOUR, world.at + 2 * HOUR]);
    extend(world, "person", world.at + MINUTE);
    world.pass(MINUTE);
    expect(world.states("person", "waiter")).toBe("person EXPIRED, waiter QUEUED");
  });

  test("that is new is told to who watches, although a renewal is not", () => {
    const world = new World();
    const end = world.at + HOUR;
    reserve(world, "person", 0, HOUR);
    const before = world.events.length;
    world.do({ type: "renew", by: ADMIN, lease: "person" });
    extend(world, "person", end + HOUR);
    expect(world.events.slice(before)).toMatchObject([{ environments: [{ holders: [{ leaseId: "person", until: end + HOUR }] }] }]);
  });

  test("takes nothing back of a ttl that was promised", () => {
    const world = new World();
    world.acquire("l", "a", { ttl: MINUTE });
    extend(world, "l", world.at + 10 * SECOND);
    world.pass(MINUTE - 1);
    expect(world.state("l")).toBe("HELD");
    world.do({ type: "renew", by: ADMIN, lease: "l" });
    world.pass(1);
    expect(world.state("l")).toBe("EXPIRED");
  });

  test("extends nothing beyond granted_at + max_hold, and the answer says so", () => {
    const world = new World();
    world.apply({ a: { maxHold: 2 * HOUR } });
    const granted = world.at;
    reserve(world, "l", 0, HOUR);
    const reply = extend(world, "l", granted + 5 * HOUR);
    expect(reply.ok && reply.lease && [reply.lease.deadline, latestEnd(reply.lease)]).toEqual([granted + 2 * HOUR, granted + 2 * HOUR]);
  });

  test("of a reservation can be set anew before it begins", () => {
    const world = new World();
    reserve(world, "l", HOUR, HOUR);
    extend(world, "l", world.at + 4 * HOUR);
    world.pass(HOUR);
    expect(world.lease("l")).toMatchObject({ state: "HELD", deadline: world.at + 3 * HOUR });
  });

  test.each([
    ["not_before", { notBefore: 31 * 24 * HOUR }, "not_before: lies 31 d ahead; give a time within 30 d"],
    ["not_after", { notAfter: -HOUR }, "not_after: lies 60 min in the past; give a time ahead"],
    ["not_after", { notAfter: 0 }, "not_after: lies 0 s in the past; give a time ahead"],
    ["not_after", { notBefore: HOUR, notAfter: HOUR }, "not_after: lies 0 s before not_before; give a later time"],
    ["not_after", { notAfter: 31 * 24 * HOUR }, "not_after: lies 31 d after the beginning; nothing is held for longer than 30 d"],
  ])("out of range (%s %j) is refused, and nothing is stored", (field, times, message) => {
    const world = new World();
    const absolute = Object.fromEntries(Object.entries(times).map(([name, ahead]) => [name, world.at + ahead]));
    const refused = { ok: false, reason: "TIME_OUT_OF_RANGE", field, message };
    expect(world.do(acquireCommand("l", "a", absolute))).toMatchObject(refused);
    expect([world.pool.leases.size, world.pool.sites.size]).toEqual([0, 0]);
    if (!("notAfter" in times) || "notBefore" in times) return;
    world.acquire("l", "a");
    expect(extend(world, "l", world.at + times.notAfter)).toMatchObject(refused);
  });

  test("that is over does not keep a retry from its lease", () => {
    const world = new World();
    const asked = { requestId: "r", notAfter: world.at + MINUTE } as const;
    world.acquire("l", "a", asked);
    world.pass(MINUTE);
    expect(world.acquire("again", "a", asked)).toMatchObject({ id: "l", endReason: "EXPIRED" });
  });
});

describe("auto_claim", () => {
  test("holds what it is granted without anybody, and needs no sign of life while it waits", () => {
    const world = new World();
    world.acquire("holder", "a");
    reserve(world, "person", 0, 8 * HOUR);
    world.do({ type: "abandon", leases: ["person"] });
    world.release("holder");
    expect(world.lease("person")).toMatchObject({ state: "HELD", deadline: world.at + 8 * HOUR });
    expect(world.lease("person").ttl).toBeUndefined();
  });

  test("with a ttl it must be renewed like any other", () => {
    const world = new World();
    reserve(world, "person", 0, HOUR, { ttl: MINUTE });
    world.pass(MINUTE);
    expect(world.lease("person")).toMatchObject({ endReason: "EXPIRED", endNote: "it was not renewed in time" });
  });

  test("is bounded by the environment's own max_hold", () => {
    const world = new World();
    world.apply({ a: { maxHold: HOUR } });
    expect(reserve(world, "person", 0, 8 * HOUR).deadline).toBe(world.at + HOUR);
  });

  test("stays held when its answer is lost, as nobody has to come back for it", () => {
    const world = new World();
    reserve(world, "keyed", 0, HOUR, { requestId: "r" });
    world.hangUp("keyed", true);
    expect(world.state("keyed")).toBe("HELD");
  });

  test("has no more after a start than before it", () => {
    const world = new World();
    world.apply({ a: { lockDelay: 0 } });
    reserve(world, "person", 0, HOUR);
    reserve(world, "next", 2 * HOUR, HOUR);
    const end = world.at + HOUR;
    world.at = end - SECOND;
    world.do({ type: "recover" });
    expect(world.lease("person").deadline).toBe(end);
    // The server was down when its time came.
    world.at = end + HOUR + 30 * MINUTE;
    world.do({ type: "recover" });
    expect(world.lease("next")).toMatchObject({ state: "HELD", deadline: end + 2 * HOUR });
  });
});
