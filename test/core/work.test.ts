/** Cost, counted: how many leases the line looks at, and how many objects a change makes. Never a time. */
import { expect, test } from "vitest";
import type { Event } from "../../src/core/event.ts";
import { withLease } from "../../src/core/ledger.ts";
import { candidates } from "../../src/core/line/line.ts";
import type { Lease } from "../../src/core/model/lease.ts";
import type { Pool } from "../../src/core/model/pool.ts";
import { statusOf } from "../../src/core/view.ts";
import { Crowd, compared } from "./work.ts";
import { ADMIN, acquireCommand, cleanCommand, SECOND, type World } from "./world.ts";

/** How many leases a change of these environments makes the line look at. */
function looked(pool: Pool, ...environments: string[]): number {
  return candidates(pool, { environments, arrived: [] }).length;
}

/** `count` leases that wait for one slot of the environment, as many objects as it takes and no decisions. */
function line(world: World, count: number, needs: (index: number) => string[]): void {
  const { fencingToken: _, grantedAt: __, heldAt: ___, deadline: ____, ...lease } = world.lease("holder");
  for (let index = 0; index < count; index++) {
    const waiter: Lease = {
      ...lease,
      id: `w${index}`,
      state: "QUEUED",
      needs: needs(index).map((environment) => ({ environment, slots: 1, indexes: [] })),
      sequence: index + 1,
      revision: 1,
    };
    world.pool = withLease(world.pool, waiter);
  }
}

test("a grant looks at the head of the line, however many wait", () => {
  for (const waiters of [10, 10_000]) {
    const world = new Crowd();
    world.acquire("holder", "a");
    line(world, waiters, () => ["a"]);
    const freed = withLease(world.pool, { ...world.lease("holder"), state: "ENDED" });
    expect(looked(freed, "a")).toBe(1);
  }
});

test("to join a line and to be served out of it is as much work with 10,000 in it as with 10", () => {
  const work = [10, 10_000].map((waiters) => {
    const world = new Crowd();
    world.acquire("holder", "a");
    line(world, waiters, () => ["a"]);
    return [compared(() => world.acquire("next", "a")), compared(() => world.release("holder")), compared(() => world.claim("w0"))];
  });
  expect(work[1]).toEqual(work[0]);
});

test("a pair of Acquire and Release by name is as little work with labels as without, and claims cost nothing where nobody waits", () => {
  const work = [{}, { labels: { tier: "uat" } }].map((config) => {
    const world = new Crowd();
    world.apply(Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`e${index}`, config])));
    return compared(() => {
      world.acquire("one", "e50");
      world.release("one");
    });
  });
  expect(work[1]).toEqual(work[0]);
  expect(work[0]).toBeLessThanOrEqual(83);
});

test("requests for one environment and the next are looked at once each, not once for each environment", () => {
  const world = new Crowd();
  const names = Array.from({ length: 301 }, (_, index) => `e${index}`);
  world.apply(Object.fromEntries(names.map((name) => [name, {}])));
  for (let index = 0; index < 300; index++) world.acquire(`w${index}`, [`e${index}`, `e${index + 1}`]);
  // The first one holds; each of the others claims what the next one wants.
  expect(world.pool.waiters).toBe(299);
  const work = compared(() => {
    for (const name of names) statusOf(world.pool, name);
  });
  expect(work).toBeLessThan(20 * names.length);
  const handover = compared(() => world.release("w0"));
  expect(world.states("w1", "w2")).toBe("w1 OFFERED, w2 QUEUED");
  expect(handover).toBeLessThan(300);
});

test.each([100, 1_000])("%i holders that expire together before as many waiters cost as much each", (count) => {
  const world = new Crowd();
  world.apply({ a: { capacity: count, lockDelay: 0 } });
  for (let index = 0; index < count; index++) world.acquire(`h${index}`, "a", { ttl: SECOND });
  for (let index = 0; index < count; index++) world.acquire(`w${index}`, "a");
  const work = compared(() => world.pass(SECOND));
  expect([...world.pool.leases.values()].every((lease) => lease.state === "OFFERED")).toBe(true);
  expect(work / count).toBeLessThan(150);
});

test.each([100, 1_000])("%i reservations that begin at the same moment cost as much each", (count) => {
  const world = new Crowd();
  world.apply({ a: { capacity: count / 2 } });
  const times = { notBefore: world.at + SECOND, notAfter: world.at + 10 * SECOND, autoClaim: true };
  for (let index = 0; index < count; index++) world.acquire(`r${index}`, "a", times);
  const work = compared(() => world.pass(SECOND));
  expect([...world.pool.leases.values()].filter((lease) => lease.state === "HELD").length).toBe(count / 2);
  expect(work / count).toBeLessThan(150);
});

test.each([100, 1_000])("%i waiters are served at the end of a maintenance, each looked at once", (count) => {
  const world = new Crowd();
  world.apply({ a: { capacity: count }, b: { capacity: count } });
  world.do({ type: "setState", by: ADMIN, environment: "a", state: "MAINTENANCE", reason: "" });
  for (let index = 0; index < count; index++) world.acquire(`w${index}`, ["a", "b"]);
  const work = compared(() => world.do({ type: "setState", by: ADMIN, environment: "a", state: "AVAILABLE", reason: "" }));
  expect(world.state(`w${count - 1}`)).toBe("OFFERED");
  expect(work / count).toBeLessThan(250);
});

test.each([100, 5_000])("a grant and a release of one of %i slots cost the same", (capacity) => {
  const world = new Crowd();
  world.apply({ a: { capacity, cooldown: SECOND } });
  for (let index = 0; index < capacity - 1; index++) world.acquire(`h${index}`, "a");
  const work = compared(() => {
    world.acquire("last", "a");
    world.release("last");
  });
  expect(work).toBeLessThan(150);
});

test("slots that rest together end their rest in one event", () => {
  const world = new Crowd();
  world.apply({ a: { capacity: 500, cooldown: SECOND } });
  for (let index = 0; index < 500; index++) world.acquire(`h${index}`, "a");
  for (let index = 0; index < 500; index++) world.release(`h${index}`);
  const events = world.events.length;
  world.pass(SECOND);
  expect(world.events.length - events).toBe(1);
  expect(statusOf(world.pool, "a")).toMatchObject({ resting: 0, used: 0, available: true });
});

test("what an event tells does not grow with the number on an environment, or in its line", () => {
  const size = (event: Event | undefined) => JSON.stringify(event).length;
  const sizes = [20, 2_000].map((capacity) => {
    const world = new Crowd();
    world.apply({ a: { capacity } });
    for (let index = 0; index < 2 * capacity; index++) world.do(acquireCommand(`l${String(index).padStart(5, "0")}`, "a"));
    return size(world.events.at(-1));
  });
  expect(Math.abs((sizes[1] ?? 0) - (sizes[0] ?? 0))).toBeLessThan(20);
});

test.each([10, 2_000])("a request by name looks at what it names, and not at the %i environments of its pool", (count) => {
  const world = new Crowd();
  world.apply(Object.fromEntries(Array.from({ length: count }, (_, index) => [`e${index}`, { labels: { kind: "board" } }])));
  const work = compared(() => {
    world.acquire("holder", "e0");
    world.acquire("waiter", ["e0", "e1"]);
    world.do(acquireCommand("failing", "e0", { ifBusy: "FAIL" }));
    world.release("holder");
  });
  expect(world.state("waiter")).toBe("OFFERED");
  expect(work).toBeLessThan(320);
});

test("to tell facts is as much work with 10,000 in line as with 10, and a Renew without any writes the lease alone", () => {
  const work = [10, 10_000].map((waiters) => {
    const world = new Crowd();
    world.acquire("holder", "a");
    line(world, waiters, () => ["a"]);
    const renew = (facts?: Record<string, string>) => world.do({ type: "renew", by: ADMIN, lease: "holder", ...(facts && { facts }) });
    const { length } = world.rows;
    renew();
    expect(world.rows.slice(length)).toMatchObject([{ kind: "lease" }]);
    return compared(() => renew({ version: "1" }));
  });
  expect(work[1]).toEqual(work[0]);
});

test("to clean between two holders is as much work with 10,000 in line as with 10", () => {
  const work = [10, 10_000].map((waiters) => {
    const world = new Crowd();
    world.apply({ a: { cleaning: { required: true } } });
    world.acquire("holder", "a");
    line(world, waiters, () => ["a"]);
    const clean = () => world.do(cleanCommand("cleaner"));
    return [compared(() => world.release("holder")), compared(clean), compared(() => world.release("cleaner")), world.state("w0")];
  });
  expect(work[1]).toEqual(work[0]);
  expect(work[0]?.[3]).toBe("OFFERED");
});

test("whoever cleans one of 10,000 that are dirty does hardly more than with 10", () => {
  const work = [10, 10_000].map((count) => {
    const world = new Crowd();
    const names = Array.from({ length: count }, (_, index) => `e${index}`);
    world.apply(Object.fromEntries(names.map((name, index) => [name, { labels: index % 1_000 === 5 ? { tier: "uat" } : {} }])));
    for (const environment of names) world.do({ type: "setState", by: ADMIN, environment, state: "DIRTY", reason: "" });
    return compared(() => {
      world.do(cleanCommand("cleaner"));
      world.do({ type: "release", by: ADMIN, lease: "cleaner", outcome: "FAILED", note: "" });
      world.do(cleanCommand("again", { selector: [{ key: "tier", operator: "IN", values: ["uat"] }] }));
      world.release("again");
    });
  });
  const [few = 0, many = 0] = work;
  // Each look-up in a sorted map of 10,000 is some three times as deep as in one of 10.
  expect(many).toBeLessThan(4 * few);
});
