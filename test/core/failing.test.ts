/** Acquire with if_busy FAIL: an answer means HELD. */
import { describe, expect, test } from "vitest";
import { poolOfRows } from "../../src/core/loading.ts";
import { storedEnvironment } from "../../src/core/site.ts";
import { ADMIN, acquireCommand, MINUTE, World } from "./world.ts";

const FAIL = { ifBusy: "FAIL", wait: MINUTE } as const;
const stored = (world: World, id: string) => world.rows.filter((row) => row.kind === "lease" && row.lease.id === id).length;

describe("FAIL with a wait stands in line, in memory only", () => {
  test("it is stored when it is held, and not before", () => {
    const world = new World();
    world.acquire("holder", "a");
    expect(world.acquire("x", "a", FAIL)).toMatchObject({ state: "QUEUED", transient: true, queueTimeout: MINUTE });
    world.release("holder");
    expect([world.state("x"), stored(world, "x")]).toEqual(["OFFERED", 0]);
    world.claim("x");
    expect([world.state("x"), stored(world, "x"), world.lease("x").transient]).toEqual(["HELD", 1, undefined]);
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
    ["its call is lost", { type: "hangUp", lease: "x", written: false }, "WITHDRAWN"],
  ] as const)("nothing is left of it when %s, and its request_id is free", (_, command, reason) => {
    const world = new World();
    world.acquire("holder", "a");
    world.acquire("x", "a", { ...FAIL, requestId: "r" });
    expect(world.do(command)).toMatchObject({ ok: true, lease: { endReason: reason } });
    expect([stored(world, "x"), world.pool.leases.has("x"), world.pool.waiters]).toEqual([0, false, 0]);
    expect(world.acquire("y", "a", { ...FAIL, requestId: "r" }).id).toBe("y");
  });

  test("after a start, without it, those are served whom it kept waiting", () => {
    const world = new World();
    world.acquire("holder", "b");
    world.acquire("x", ["a", "b"], FAIL);
    world.acquire("next", "a");
    expect(world.state("next")).toBe("QUEUED");
    const leases = [...world.pool.leases.values()].filter((lease) => lease.transient !== true);
    world.pool = poolOfRows(world.pool, [...world.pool.sites.values()].map(storedEnvironment), leases);
    world.do({ type: "recover" });
    expect(world.state("next")).toBe("OFFERED");
  });

  test("an offer that comes just before the wait is over is held", () => {
    const world = new World();
    world.acquire("holder", "a");
    world.acquire("x", "a", FAIL);
    world.release("holder");
    expect(world.do({ type: "giveUp", lease: "x" })).toMatchObject({ ok: true, lease: { state: "HELD" } });
    expect(stored(world, "x")).toBe(1);
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
