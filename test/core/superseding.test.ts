/** Newer requests that take the place of older ones (docs/contract.md, "Superseding"), on the bare core. */
import { describe, expect, test } from "vitest";
import type { Acquire } from "../../src/core/command.ts";
import { checkPool } from "../../src/core/invariants.ts";
import { latestEnd } from "../../src/core/ledger.ts";
import { limits } from "../../src/core/limits.ts";
import { poolOfRows } from "../../src/core/loading.ts";
import { storedEnvironment } from "../../src/core/model/site.ts";
import { statusOf } from "../../src/core/view.ts";
import { CLEANED, Fleet } from "./fleet.ts";
import { Crowd, compared } from "./work.ts";
import { ADMIN, acquireCommand, HOUR, MINUTE, SECOND, World } from "./world.ts";

const KEY: Partial<Acquire> = { supersedeKey: "shop main" };
const PENDING: Partial<Acquire> = { ...KEY, supersede: "PENDING" };
const HELD: Partial<Acquire> = { ...KEY, supersede: "HELD" };
const GRACE = limits.cancelGrace;

function renew(world: World, lease: string, ttl?: number) {
  return world.do({ type: "renew", by: ADMIN, lease, ...(ttl !== undefined && { ttl }) });
}

describe("SUPERSEDE_PENDING", () => {
  test("ends older ones that wait, were passed over, are offered or reserved for later, and leaves who holds alone", () => {
    const world = new World();
    world.acquire("holder", "a", KEY);
    world.acquire("passed", "b", { ttl: HOUR });
    world.acquire("gone", "b", { ...KEY, claimTimeout: SECOND });
    world.release("passed");
    world.pass(SECOND);
    world.acquire("x", "c");
    world.acquire("offered", "c", KEY);
    world.release("x");
    world.acquire("later", "a", { ...KEY, notBefore: world.at + HOUR });
    world.acquire("waiter", "a", KEY);
    expect(world.states("gone", "offered", "later", "waiter")).toBe("gone QUEUED, offered OFFERED, later QUEUED, waiter QUEUED");
    world.acquire("newer", "a", { ...PENDING, reason: "build 7" });
    expect(world.states("holder", "newer")).toBe("holder HELD, newer QUEUED");
    for (const id of ["gone", "offered", "later", "waiter"])
      expect(world.lease(id)).toMatchObject({
        endReason: "SUPERSEDED",
        supersededBy: "newer",
        endedBy: { principal: "admin", lease: "newer", holder: { name: "newer" } },
        endNote: 'a newer request with supersede_key "shop main": build 7',
      });
    expect(world.lease("holder").cancelRequested).toBeUndefined();
  });

  test("an offer's slots are free at once; where its answer was written before it was lost they rest", () => {
    const world = new World();
    for (const written of [false, true]) {
      const name = written ? "b" : "a";
      world.acquire(`older-${name}`, name, { ...KEY, requestId: name });
      world.hangUp(`older-${name}`, written);
      expect(world.state(`older-${name}`)).toBe("OFFERED");
      world.acquire(`newer-${name}`, name, PENDING);
    }
    expect(world.states("older-a", "newer-a", "older-b", "newer-b")).toBe(
      "older-a SUPERSEDED, newer-a HELD, older-b SUPERSEDED, newer-b QUEUED",
    );
    world.pass(limits.lockDelay.default);
    expect(world.state("newer-b")).toBe("OFFERED");
  });

  test("what only an older one kept from the newer one is had at once", () => {
    const world = new World();
    world.acquire("holder", "a");
    world.acquire("wide", ["a", "b"], KEY);
    expect(world.acquire("newer", "b", PENDING).state).toBe("HELD");
  });

  test("the newer one takes its own place, behind those who came between", () => {
    const world = new World();
    world.acquire("holder", "a");
    world.acquire("older", "a", KEY);
    world.acquire("other", "a");
    world.acquire("newer", "a", PENDING);
    world.release("holder");
    expect(world.states("older", "other", "newer")).toBe("older SUPERSEDED, other OFFERED, newer QUEUED");
  });
});

describe("SUPERSEDE_HELD", () => {
  test("asks the holder, once, and tells so: who, why, and by when", () => {
    const world = new World();
    world.acquire("older", "a", { ...KEY, ttl: MINUTE });
    const before = world.events.length;
    world.acquire("newer", "a", { ...HELD, reason: "build 7" });
    const asked = {
      by: { principal: "admin", lease: "newer", holder: { name: "newer" } },
      reason: 'a newer request with supersede_key "shop main": build 7',
      deadline: world.at + GRACE,
    };
    expect(world.lease("older")).toMatchObject({ state: "HELD", cancelRequested: asked });
    expect(statusOf(world.pool, "a").holders).toMatchObject([{ leaseId: "older", cancelRequested: asked }]);
    const told = world.events.slice(before).filter(({ kind }) => kind === "CANCEL_REQUESTED");
    expect(told).toMatchObject([{ cause: { leaseId: "older", state: "HELD", reason: asked.reason }, by: asked.by }]);
    // The first who asks stays, and so does the deadline.
    world.pass(10 * SECOND);
    world.acquire("newest", "a", HELD);
    expect(world.states("newer", "newest")).toBe("newer SUPERSEDED, newest QUEUED");
    expect(world.lease("older").cancelRequested).toMatchObject(asked);
  });

  test("a Renew then goes to the deadline and no further; at it the lease ends SUPERSEDED, and its slots rest", () => {
    const world = new World();
    world.acquire("older", "a", { ...KEY, ttl: MINUTE });
    world.acquire("newer", "a", HELD);
    const deadline = world.at + GRACE;
    expect(latestEnd(world.lease("older"))).toBe(deadline);
    for (let nth = 0; nth < 5; nth++) {
      world.pass(10 * SECOND);
      expect(renew(world, "older")).toMatchObject({ ok: true, lease: { deadline } });
    }
    world.pass(10 * SECOND - 1);
    expect(world.state("older")).toBe("HELD");
    world.pass(1);
    expect(world.lease("older")).toMatchObject({ endReason: "SUPERSEDED", supersededBy: "newer", endedBy: { lease: "newer" } });
    expect(world.state("newer")).toBe("QUEUED");
    world.pass(limits.lockDelay.default);
    expect(world.state("newer")).toBe("OFFERED");
  });

  test("what was promised before is kept: with a longer ttl it ends then, and is not renewed beyond", () => {
    const world = new World();
    world.acquire("older", "a", { ...KEY, ttl: HOUR });
    const promised = world.at + HOUR;
    world.pass(MINUTE);
    world.acquire("newer", "a", HELD);
    expect(world.lease("older").cancelRequested?.deadline).toBe(world.at + GRACE);
    expect(renew(world, "older", 2 * HOUR)).toMatchObject({ lease: { deadline: promised } });
    world.pass(promised - world.at - 1);
    expect(world.state("older")).toBe("HELD");
    world.pass(1);
    expect(world.state("older")).toBe("SUPERSEDED");
  });

  test("a holder who goes before is RELEASED, and the newer one is served at once; one who falls silent is EXPIRED", () => {
    const world = new World();
    world.acquire("older", "a", { ...KEY, ttl: MINUTE });
    world.acquire("silent", "b", { ...KEY, ttl: 5 * SECOND });
    world.acquire("newer", "a", HELD);
    world.pass(5 * SECOND);
    expect(world.state("silent")).toBe("EXPIRED");
    world.release("older");
    expect(world.states("older", "newer")).toBe("older RELEASED, newer OFFERED");
  });

  test("no deadline is told beyond its latest end", () => {
    const world = new World();
    const short = { ...KEY, ttl: 10 * SECOND, maxHold: 15 * SECOND };
    world.acquire("older", "a", short);
    world.acquire("silent", "b", short);
    const latest = world.at + 15 * SECOND;
    world.acquire("newer", "a", HELD);
    for (const id of ["older", "silent"]) expect(world.lease(id).cancelRequested).toMatchObject({ deadline: latest, until: latest });
    world.pass(5 * SECOND);
    renew(world, "older");
    world.pass(10 * SECOND);
    expect(world.states("older", "silent")).toBe("older SUPERSEDED, silent EXPIRED");
  });

  test("what nobody renews, and ends at a fixed time, is not ended before that, nor extended", () => {
    const world = new World();
    world.acquire("older", "a", { ...KEY, notAfter: world.at + HOUR, autoClaim: true });
    const end = world.at + HOUR;
    world.acquire("newer", "a", HELD);
    expect(world.do({ type: "renew", by: ADMIN, lease: "older", notAfter: end + HOUR })).toMatchObject({ lease: { deadline: end } });
    world.pass(HOUR - 1);
    expect(world.state("older")).toBe("HELD");
    world.pass(1);
    expect(world.state("older")).toBe("SUPERSEDED");
  });

  test("a start gives the holder its grace, once, and the deadline stays what it was", () => {
    const world = new World();
    world.acquire("older", "a", { ...KEY, ttl: MINUTE });
    world.acquire("newer", "a", HELD);
    const { cancelRequested } = world.lease("older");
    world.at += HOUR;
    world.do({ type: "recover" });
    expect(world.lease("older")).toMatchObject({ state: "HELD", deadline: world.at + MINUTE, graced: true, cancelRequested });
    world.at += 30 * SECOND;
    expect(renew(world, "older")).toMatchObject({ lease: { deadline: world.at + 30 * SECOND, graced: true } });
    world.do({ type: "recover" });
    world.pass(30 * SECOND);
    expect(world.state("older")).toBe("SUPERSEDED");
  });

  test("one whose answer is lost after that is not offered again", () => {
    const world = new World();
    world.acquire("older", "a", { ...KEY, requestId: "r" });
    world.acquire("newer", "a", HELD);
    world.hangUp("older", true);
    expect(world.states("older", "newer")).toBe("older SUPERSEDED, newer QUEUED");
    expect(statusOf(world.pool, "a")).toMatchObject({ resting: 1 });
  });

  test("its environment is cleaned where a use leaves it to be, and put aside by no ON_EXPIRY_HOLD", () => {
    const fleet = new Fleet({ a: CLEANED, b: { onExpiry: "CLEAN" }, c: { onExpiry: "HOLD", quarantineAfter: 1 } });
    for (const name of ["a", "b", "c"]) fleet.acquire(name, name, { ...KEY, ttl: MINUTE });
    fleet.acquire("newer", "a", HELD);
    fleet.pass(10 * SECOND);
    for (const name of ["a", "b", "c"]) renew(fleet, name);
    fleet.pass(50 * SECOND);
    expect(fleet.states("a", "b", "c")).toBe("a SUPERSEDED, b SUPERSEDED, c SUPERSEDED");
    expect(["a", "b", "c"].map((name) => fleet.stateOf(name))).toEqual(["DIRTY", "DIRTY", "AVAILABLE"]);
  });
});

describe("nobody is superseded", () => {
  const others: readonly [sentence: string, older: Partial<Acquire>, newer: Partial<Acquire>][] = [
    ["by another key", KEY, { ...HELD, supersedeKey: "shop other" }],
    ["by the same key of another principal", KEY, { ...HELD, by: { principal: "key:2" } }],
    ["who has no key", {}, HELD],
    ["by a newer one that only has the key", KEY, KEY],
  ];
  test.each(others)("%s", (_, older, newer) => {
    const world = new World();
    world.acquire("holder", "a", older);
    world.acquire("waiter", "a", older);
    world.acquire("newer", "a", newer);
    expect(world.states("holder", "waiter", "newer")).toBe("holder HELD, waiter QUEUED, newer QUEUED");
    expect(world.lease("holder").cancelRequested).toBeUndefined();
  });

  test("by what is refused, what is UNSATISFIABLE, or a retry", () => {
    const world = new World();
    world.apply({ a: {} });
    world.acquire("holder", "a", KEY);
    expect(world.do(acquireCommand("no", "a", { ...HELD, ifBusy: "FAIL" }))).toMatchObject({ reason: "ENVIRONMENT_BUSY" });
    expect(world.do(acquireCommand("never", "a:2", HELD))).toMatchObject({ lease: { endReason: "UNSATISFIABLE" } });
    world.acquire("first", "a", { ...PENDING, requestId: "r" });
    world.acquire("second", "a", KEY);
    expect(world.acquire("again", "a", { ...PENDING, requestId: "r" }).id).toBe("first");
    expect(world.states("holder", "first", "second")).toBe("holder HELD, first QUEUED, second QUEUED");
    expect(world.lease("holder").cancelRequested).toBeUndefined();
  });
});

test("with FAIL and a wait it acts while it stands in line", () => {
  const world = new World();
  world.acquire("holder", "a", KEY);
  world.acquire("waiter", "a", KEY);
  world.acquire("newer", "a", { ...HELD, ifBusy: "FAIL", wait: MINUTE });
  expect(world.states("waiter", "newer")).toBe("waiter SUPERSEDED, newer QUEUED");
  world.do({ type: "giveUp", lease: "newer" });
  expect(world.lease("holder").cancelRequested).toMatchObject({ by: { lease: "newer" } });
});

test("what is rebuilt from rows finds the same", () => {
  const world = new World();
  world.acquire("asked", "a", KEY);
  world.acquire("newer", "a", HELD);
  world.acquire("held", "b", KEY);
  const stored = [...world.pool.sites.values()].map(storedEnvironment);
  const again = poolOfRows(world.pool, stored, [...world.pool.leases.values()]);
  checkPool(again);
  expect([...again.supersedable.values()]).toEqual(["newer", "held"]);
});

describe("it costs by what it hits", () => {
  /** `count` that hold, or wait for, something with one key. */
  function crowd(count: number, key: string): Crowd {
    const world = new Crowd();
    world.apply({ a: { capacity: count } });
    for (let index = 0; index < count; index++) world.acquire(`h${index}`, "a", { supersedeKey: key });
    return world;
  }
  const sizes = [10, 1_000];

  test("not by those of other keys, by holders if only who waits is meant, or by those who are asked already", () => {
    const steps: readonly ((world: Crowd) => void)[] = [
      (world) => world.acquire("other", "b", { supersedeKey: "other", supersede: "HELD" }),
      (world) => world.acquire("pending", "b", { supersedeKey: "k", supersede: "PENDING" }),
    ];
    const worlds = sizes.map((size) => crowd(size, "k"));
    for (const step of steps) {
      const [small = 0, large = 0] = worlds.map((world) => compared(() => step(world)));
      expect(large).toBeLessThanOrEqual(2 * small);
    }
    for (const world of worlds) world.acquire("all", "b", { supersedeKey: "k", supersede: "HELD" });
    const [small = 0, large = 0] = worlds.map((world) =>
      compared(() => world.acquire("again", "b", { supersedeKey: "k", supersede: "HELD" })),
    );
    expect(large).toBeLessThanOrEqual(2 * small);
  });

  test("each of 1,000 as much as each of 10", () => {
    const [small = 0, large = 0] = sizes.map((size) => {
      const world = crowd(size, "k");
      return compared(() => world.acquire("all", "b", { supersedeKey: "k", supersede: "HELD" })) / size;
    });
    expect(large).toBeLessThanOrEqual(2 * small);
  });
});
