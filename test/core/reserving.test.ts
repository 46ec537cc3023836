/** Leases that begin, or end, at a fixed time, and those that claim themselves. */
import { describe, expect, test } from "vitest";
import { nextDeadline } from "../../src/core/decide.ts";
import { latestEnd } from "../../src/core/ledger.ts";
import { limits } from "../../src/core/limits.ts";
import { placeOf } from "../../src/core/standing.ts";
import { reservationBehind, statusOf } from "../../src/core/view.ts";
import { ADMIN, acquireCommand, HOUR, MINUTE, SECOND, World } from "./world.ts";

/** What a person asks for: from so long ahead on, for so long. */
function reserve(world: World, id: string, from: number, length: number, more: Parameters<World["acquire"]>[2] = {}) {
  const begin = world.at + from;
  const later = from > 0 ? { notBefore: begin } : {};
  return world.acquire(id, "a", { ...later, notAfter: begin + length, autoClaim: true, ...more });
}

function extend(world: World, lease: string, notAfter: number) {
  return world.do({ type: "renew", by: ADMIN, lease, notAfter });
}

describe("before its not_before", () => {
  test("a reservation keeps nobody waiting, counts in no position, and is not next", () => {
    const world = new World();
    world.acquire("holder", "a");
    expect(reserve(world, "later", HOUR, HOUR).state).toBe("QUEUED");
    const waiter = world.acquire("waiter", "a");
    expect(placeOf(world.pool, waiter)).toMatchObject({ position: 1, queueLength: 1, ahead: [] });
    expect(statusOf(world.pool, "a")).toMatchObject({ queueLength: 1, next: { leaseId: "waiter" } });
    expect(placeOf(world.pool, world.lease("later"))).toEqual({ position: 0, queueLength: 0, ahead: [], holders: [] });
    world.release("holder");
    expect(world.states("waiter", "later")).toBe("waiter OFFERED, later QUEUED");
  });

  test("nobody gets it, free as everything may be", () => {
    const world = new World();
    reserve(world, "later", HOUR, HOUR);
    world.claim("later");
    world.pass(HOUR - 1);
    expect(world.state("later")).toBe("QUEUED");
    expect(statusOf(world.pool, "a").available).toBe(true);
  });

  test("the environment and its holder tell of it, where it will cut in", () => {
    const world = new World();
    world.apply({ a: { capacity: 2 } });
    const short = world.acquire("short", "a", { maxHold: 10 * MINUTE });
    const long = world.acquire("long", "a");
    reserve(world, "later", HOUR, HOUR, { reason: "demo" });
    const told = { at: world.at + HOUR, until: world.at + 2 * HOUR, leaseId: "later", reason: "demo" };
    expect(statusOf(world.pool, "a").nextReservation).toMatchObject(told);
    expect(reservationBehind(world.pool, long)).toMatchObject(told);
    expect(reservationBehind(world.pool, short)).toBeUndefined();
    world.release("short");
    // One slot is left for it.
    expect(reservationBehind(world.pool, long)).toBeUndefined();
    world.pass(HOUR);
    expect(statusOf(world.pool, "a").nextReservation).toBeUndefined();
  });

  test("it is not abandoned, does not time out, and can be withdrawn", () => {
    const world = new World();
    reserve(world, "later", HOUR, HOUR, { autoClaim: false, queueTimeout: MINUTE });
    world.do({ type: "abandon", leases: ["later"] });
    world.pass(HOUR - 1);
    expect(world.state("later")).toBe("QUEUED");
    world.release("later");
    expect(world.state("later")).toBe("WITHDRAWN");
    expect(nextDeadline(world.pool)).toBe(world.at + limits.idle);
  });

  test("an environment that only it wants is not forgotten; deleted, or made too small, it is UNSATISFIABLE", () => {
    const world = new World();
    world.apply({ b: { capacity: 2, labels: { os: "linux" } } });
    reserve(world, "later", 3 * HOUR, HOUR);
    const notBefore = world.at + 3 * HOUR;
    world.acquire("wide", "b:2", { notBefore });
    world.acquire("any", { selector: [{ key: "os", operator: "EXISTS", values: [] }], count: 1, slots: 2 }, { notBefore });
    world.pass(2 * HOUR);
    expect(world.states("later", "wide", "any")).toBe("later QUEUED, wide QUEUED, any QUEUED");
    world.apply({ b: { capacity: 1, labels: { os: "linux" } } });
    world.do({ type: "delete", by: ADMIN, environment: "a" });
    expect(world.states("later", "wide", "any")).toBe("later UNSATISFIABLE, wide UNSATISFIABLE, any UNSATISFIABLE");
  });
});

describe("at its not_before", () => {
  test("it is first in line, before all who came after it, and behind who was there", () => {
    const world = new World();
    world.acquire("holder", "a");
    world.acquire("early bird", "a");
    world.pass(SECOND);
    reserve(world, "booked", MINUTE, HOUR);
    world.pass(SECOND);
    world.acquire("late", "a");
    world.pass(MINUTE);
    expect(placeOf(world.pool, world.lease("booked"))).toMatchObject({ position: 2, queueLength: 3 });
    world.release("holder");
    world.claim("early bird");
    world.release("early bird");
    expect(world.states("booked", "late")).toBe("booked HELD, late QUEUED");
  });

  test("it is held at once, and everybody is told that it has entered the line", () => {
    const world = new World();
    world.acquire("holder", "a");
    reserve(world, "booked", MINUTE, HOUR);
    const before = world.events.length;
    world.pass(MINUTE);
    expect(world.events.slice(before)).toMatchObject([
      { cause: { leaseId: "booked", state: "QUEUED" }, environments: [{ queueLength: 1, next: { leaseId: "booked" } }] },
    ]);
    world.release("holder");
    expect(world.lease("booked")).toMatchObject({ state: "HELD", deadline: world.at + HOUR });
  });

  test("its queue_timeout begins", () => {
    const world = new World();
    world.acquire("holder", "a");
    world.acquire("booked", "a", { notBefore: world.at + HOUR, queueTimeout: MINUTE });
    world.pass(HOUR + MINUTE - 1);
    expect(world.state("booked")).toBe("QUEUED");
    world.pass(1);
    expect(world.state("booked")).toBe("TIMED_OUT");
  });

  test("all that it wants is wanted together: several environments, and others by selector", () => {
    const world = new World();
    world.apply({ a: {}, b: {}, c: { labels: { os: "linux" } } });
    world.acquire("on b", "b");
    const linux = { selector: [{ key: "os", operator: "EXISTS", values: [] }], count: 1, slots: 1 } as const;
    world.acquire("both", ["a", "b", linux], { notBefore: world.at + MINUTE, notAfter: world.at + HOUR, autoClaim: true });
    expect(world.acquire("between", ["a"]).state).toBe("HELD");
    world.pass(MINUTE);
    world.release("between");
    expect(statusOf(world.pool, "a").available).toBe(false);
    world.release("on b");
    expect(world.state("both")).toBe("HELD");
  });

  test("a not_before that is over means now", () => {
    const world = new World();
    const lease = world.acquire("now", "a", { notBefore: world.at - HOUR });
    expect(lease.state).toBe("HELD");
    world.acquire("behind", "a", { notBefore: world.at - HOUR, queueTimeout: MINUTE });
    world.pass(MINUTE - 1);
    expect(world.state("behind")).toBe("QUEUED");
  });
});

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
