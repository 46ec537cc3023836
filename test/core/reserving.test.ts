/** Leases that begin at a fixed time. */
import { describe, expect, test } from "vitest";
import { nextDeadline } from "../../src/core/decide.ts";
import { latestEnd } from "../../src/core/ledger.ts";
import { limits } from "../../src/core/limits.ts";
import { placeOf } from "../../src/core/standing.ts";
import { reservationBehind, statusOf } from "../../src/core/view.ts";
import { extend, reserve } from "./booking.ts";
import { ADMIN, acquireCommand, HOUR, MINUTE, SECOND, World } from "./world.ts";

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

  test("it begins to wait, as far as the history counts waits", () => {
    const world = new World();
    reserve(world, "booked", HOUR, HOUR);
    const asked = world.at;
    world.pass(HOUR);
    const told = world.events.filter(({ cause }) => cause?.leaseId === "booked").map(({ kind, cause }) => [kind, cause?.createdAt]);
    expect(told).toEqual([
      ["RESERVED", asked],
      ["QUEUED", asked + HOUR],
      ["GRANTED", asked + HOUR],
    ]);
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

describe("the longest reservation", () => {
  const DAY = 24 * HOUR;

  test("is taken from a caller whose clock is a minute ahead, and lasts no longer for it", () => {
    const world = new World();
    expect(reserve(world, "now", 0, 30 * DAY + MINUTE)).toMatchObject({ state: "HELD", notAfter: world.at + 30 * DAY });
    expect(reserve(world, "later", 30 * DAY + MINUTE, 30 * DAY)).toMatchObject({ notAfter: world.at + 60 * DAY + MINUTE });
    expect(extend(world, "now", world.at + 30 * DAY + MINUTE)).toMatchObject({ ok: true });
    expect(latestEnd(world.lease("now"))).toBe(world.at + 30 * DAY);
  });

  test.each([
    ["not_before", { notBefore: 30 * DAY + MINUTE + 1 }],
    ["not_after", { notAfter: 30 * DAY + MINUTE + 1 }],
    ["not_after", { notBefore: HOUR, notAfter: 30 * DAY + HOUR + MINUTE + 1 }],
  ])("is refused beyond that, by its field: %s", (field, spans) => {
    const world = new World();
    const times = Object.fromEntries(Object.entries(spans).map(([name, span]) => [name, world.at + span]));
    expect(world.do(acquireCommand("l", "a", times))).toMatchObject({ reason: "TIME_OUT_OF_RANGE", field });
  });
});
