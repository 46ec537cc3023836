/** Environments that were made on demand, and have nothing of their own, are forgotten. */
import { describe, expect, test } from "vitest";
import { nextDeadline } from "../../src/core/decide.ts";
import { limits } from "../../src/core/limits.ts";
import { ADMIN, acquireCommand, HOUR, SECOND, World } from "./world.ts";

function used(world: World, name: string): void {
  world.acquire(`on-${name}`, name);
  world.release(`on-${name}`);
}

describe("an environment made on demand", () => {
  test("is forgotten an hour after its last use, without an event", () => {
    const world = new World();
    used(world, "a");
    const events = world.events.length;
    expect(nextDeadline(world.pool)).toBe(world.at + HOUR);
    world.pass(HOUR - 1);
    expect(world.pool.sites.has("a")).toBe(true);
    used(world, "b");
    world.pass(1);
    expect([...world.pool.sites.keys()]).toEqual(["b"]);
    expect(world.events.length - events).toBe(2);
    expect(world.rows.at(-1)).toEqual({ kind: "environment", name: "a" });
  });

  test.each<[string, (world: World) => unknown]>([
    ["a lease on it", (world) => world.acquire("x", "a")],
    ["a configuration", (world) => world.apply({ a: {} })],
    ["a state", (world) => world.do({ type: "setState", by: ADMIN, environment: "a", state: "MAINTENANCE", reason: "" })],
  ])("is kept by %s", (_, keep) => {
    const world = new World();
    used(world, "a");
    keep(world);
    world.pass(2 * HOUR - SECOND);
    expect(world.pool.sites.has("a")).toBe(true);
  });

  test("a rest keeps it as long as it lasts, and the hour begins then", () => {
    const world = new World();
    world.acquire("x", "a");
    world.do({ type: "forceRelease", by: ADMIN, lease: "x", reason: "" });
    world.pass(10 * SECOND);
    expect(nextDeadline(world.pool)).toBe(world.at + HOUR);
  });

  test("a configured one is never forgotten", () => {
    const world = new World();
    world.apply({ a: {} });
    world.pass(100 * HOUR);
    expect(world.pool.sites.has("a")).toBe(true);
    expect(nextDeadline(world.pool)).toBeUndefined();
  });

  test("counts towards no limit that refuses somebody: the one idle for longest makes room", () => {
    const world = new World();
    const { pool } = limits.environments;
    world.acquire("holder", "held");
    for (let index = 0; index < pool - 1; index++) {
      const config = { name: `n${index}`, pool: "default", description: "", labels: {}, capacity: 1, links: {} };
      world.draft((draft) =>
        draft.putEnvironment({ config, state: "AVAILABLE", stateReason: "", fence: 0, onDemand: true, revision: 0 }, false),
      );
    }
    expect(world.pool.sites.size).toBe(pool);
    expect(world.do(acquireCommand("new", "new"))).toMatchObject({ ok: true, lease: { state: "HELD" } });
    expect([world.pool.sites.size, world.pool.sites.has("n0"), world.pool.sites.has("held")]).toEqual([pool, false, true]);
  }, 120_000);

  test("makes no room that its own request needs", () => {
    const world = new World();
    const { pool } = limits.environments;
    for (let index = 0; index < pool - 1; index++) {
      const config = { name: `n${index}`, pool: "default", description: "", labels: {}, capacity: 1, links: {} };
      world.draft((draft) =>
        draft.putEnvironment({ config, state: "AVAILABLE", stateReason: "", fence: 0, onDemand: true, revision: 0 }, false),
      );
    }
    expect(world.do(acquireCommand("x", ["n0", "new", "newer"]))).toMatchObject({ ok: true, lease: { state: "HELD" } });
    expect([world.pool.sites.has("n0"), world.pool.sites.has("n1"), world.pool.sites.size]).toEqual([true, false, pool]);
  }, 120_000);

  test("is forgotten on request, the idlest first", () => {
    const world = new World();
    for (const name of ["a", "b", "c"]) {
      used(world, name);
      world.pass(SECOND);
    }
    world.do({ type: "forget", count: 2 });
    expect([...world.pool.sites.keys()]).toEqual(["c"]);
  });
});
