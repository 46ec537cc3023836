/** What is set for a pool as a whole, on the bare core. */
import { describe, expect, test } from "vitest";
import { limits } from "../../src/core/limits.ts";
import type { PoolConfig } from "../../src/core/model/pool-config.ts";
import { ADMIN, acquireCommand, HOUR, SECOND, World } from "./world.ts";

const FAIL = { ifBusy: "FAIL" } as const;

function worldWith(config: PoolConfig): World {
  const world = new World();
  configure(world, config);
  return world;
}

/** Applies what is set for the pool; with nothing and `prune`, it loses that. */
function configure(world: World, config?: PoolConfig, prune = false) {
  return world.do({ type: "apply", by: ADMIN, environments: [], ...(config && { config }), prune });
}

describe("max_queue", () => {
  test("beyond it nobody may wait, and nothing of the request is left; what is free is granted all the same", () => {
    const world = worldWith({ maxQueue: 1 });
    world.acquire("x", "a");
    world.acquire("y", "a");
    const before = world.pool;
    expect(world.do(acquireCommand("z", ["a", "new"], { requestId: "r" }))).toMatchObject({
      ok: false,
      reason: "QUEUE_FULL",
      message:
        'a is held by x, claimed by 1 in line; nothing is left in line, since 1 wait in pool "default", and its max_queue is 1; ask again later',
      metadata: { pool: "default", max_queue: "1", waiting: "1", lease_ids: "x" },
    });
    expect(world.pool).toEqual({ ...before, at: world.at });
    expect(world.acquire("free", "b").state).toBe("HELD");
    world.release("y");
    expect(world.acquire("z", "a", { requestId: "r" }).state).toBe("QUEUED");
  });

  test("0 lets nobody wait", () => {
    const world = worldWith({ maxQueue: 0 });
    world.acquire("x", "a");
    expect(world.do(acquireCommand("y", "a"))).toMatchObject({ reason: "QUEUE_FULL" });
    world.release("x");
    expect(world.acquire("y", "a").state).toBe("HELD");
  });

  test("who asks again with its request_id is in line already", () => {
    const world = worldWith({ maxQueue: 1 });
    world.acquire("x", "a");
    world.acquire("y", "a", { requestId: "r" });
    expect(world.acquire("again", "a", { requestId: "r" })).toMatchObject({ id: "y", state: "QUEUED" });
  });

  test("an offer that was passed over comes back to its place in a full line", () => {
    const world = worldWith({ maxQueue: 2 });
    world.acquire("x", "a");
    world.acquire("y", "a");
    world.acquire("z", "a");
    world.release("x");
    expect(world.acquire("w", "a").state).toBe("QUEUED");
    world.pass(31 * SECOND);
    expect(world.states("y", "z", "w")).toBe("y QUEUED, z OFFERED, w QUEUED");
    expect(world.pool.waiters).toBe(2);
  });

  test("a smaller one turns away nobody who waits", () => {
    const world = new World();
    for (const id of ["x", "y", "z"]) world.acquire(id, "a");
    expect(configure(world, { maxQueue: 1 })).toMatchObject({ ok: true, configured: { kind: "CREATED" } });
    expect(world.states("x", "y", "z")).toBe("x HELD, y QUEUED, z QUEUED");
    expect(world.do(acquireCommand("w", "a"))).toMatchObject({ reason: "QUEUE_FULL" });
  });

  test("a newer request that takes the place of an older one finds room in a full line, and any other does not", () => {
    const world = worldWith({ maxQueue: 2 });
    world.acquire("x", "a");
    world.acquire("other", "a");
    world.acquire("old", "a", { supersedeKey: "shop main" });
    expect(world.do(acquireCommand("y", "a", { supersedeKey: "shop main" }))).toMatchObject({ reason: "QUEUE_FULL" });
    expect(world.do(acquireCommand("y", "a", { supersedeKey: "else", supersede: "HELD" }))).toMatchObject({ reason: "QUEUE_FULL" });
    world.acquire("new", "a", { supersedeKey: "shop main", supersede: "PENDING" });
    expect(world.states("other", "old", "new")).toBe("other QUEUED, old SUPERSEDED, new QUEUED");
    // However long the line is: it grows no longer by that.
    configure(world, { maxQueue: 0 });
    world.acquire("newer", "a", { supersedeKey: "shop main", supersede: "PENDING" });
    expect(world.states("other", "new", "newer")).toBe("other QUEUED, new SUPERSEDED, newer QUEUED");
    expect(world.do(acquireCommand("z", "a"))).toMatchObject({ reason: "QUEUE_FULL" });
  });

  test("an older one that is offered something leaves no place in line, and so makes no room", () => {
    const world = worldWith({ maxQueue: 1 });
    world.acquire("x", "a");
    world.acquire("old", "a", { supersedeKey: "shop main" });
    world.release("x");
    world.acquire("y", "b");
    world.acquire("other", "b");
    expect(world.do(acquireCommand("new", "b", { supersedeKey: "shop main", supersede: "PENDING" }))).toMatchObject({
      reason: "QUEUE_FULL",
    });
    expect(world.states("old", "other")).toBe("old OFFERED, other QUEUED");
  });

  test("who would be in line for tomorrow is counted, and refused, like everybody else", () => {
    const world = worldWith({ maxQueue: 1 });
    const tomorrow = { notBefore: world.at + 24 * HOUR };
    expect(world.acquire("x", "a", tomorrow).state).toBe("QUEUED");
    expect(world.do(acquireCommand("y", "b", tomorrow))).toMatchObject({
      reason: "QUEUE_FULL",
      message: 'nothing is left in line, since 1 wait in pool "default", and its max_queue is 1; ask again later',
    });
    world.acquire("z", "c");
    expect(world.do(acquireCommand("w", "c"))).toMatchObject({ reason: "QUEUE_FULL" });
  });

  test.each([
    ["with FAIL and a wait, it would have to stand in line", { ...FAIL, wait: SECOND }, "QUEUE_FULL"],
    ["with FAIL alone, it does not ask to wait", FAIL, "ENVIRONMENT_BUSY"],
    ["what can never be granted is that, whatever the line", { ...FAIL, needs: [{ environment: "a", slots: 2 }] }, "UNSATISFIABLE"],
  ] as const)("%s", (_, more, reason) => {
    const world = worldWith({ maxQueue: 0 });
    world.acquire("x", "a");
    expect(world.do(acquireCommand("y", "a", more))).toMatchObject({ reason });
  });
});

describe("auto_create", () => {
  test.each([
    [{}, true, true],
    [{}, false, false],
    [{ autoCreate: true }, false, true],
    [{ autoCreate: false }, true, false],
  ])("a pool that is set to %j, on a server that says %s: %s", (config, autoCreate, made) => {
    const world = worldWith(config);
    const reply = world.do(acquireCommand("x", "a", { autoCreate }));
    expect(reply).toMatchObject(made ? { ok: true, environmentCreated: true } : { reason: "ENVIRONMENT_NOT_FOUND" });
  });
});

test("a prune takes names that were made on demand, but not where that is what the pool is for", () => {
  const prune = (config: PoolConfig) => {
    const world = worldWith(config);
    world.apply({ configured: {} });
    for (const id of ["x", "y"]) world.acquire(id, id);
    world.release("y");
    const reply = world.do({ type: "apply", by: ADMIN, environments: [], config, prune: true });
    return reply.ok ? reply.changes?.map(({ name }) => name) : reply.reason;
  };
  expect(prune({ autoCreate: true })).toEqual(["configured"]);
  expect(prune({})).toBe("ENVIRONMENT_IN_USE");
});

describe("the configuration of a pool", () => {
  test("is replaced whole by Apply, which tells what it does", () => {
    const world = new World();
    expect(configure(world, { maxQueue: 1, autoCreate: false })).toMatchObject({ configured: { kind: "CREATED", fields: [] } });
    expect(configure(world, { autoCreate: false, maxQueue: 1 })).toMatchObject({ configured: { kind: "UNCHANGED" } });
    expect(configure(world, { maxQueue: 2 })).toMatchObject({
      configured: { kind: "UPDATED", fields: ["autoCreate", "maxQueue"], before: { maxQueue: 1, autoCreate: false } },
    });
    expect(world.pool.config).toEqual({ maxQueue: 2 });
  });

  test("stays where an Apply does not name it, and goes where that prunes", () => {
    const world = worldWith({ maxQueue: 2 });
    expect(configure(world)).not.toHaveProperty("configured");
    expect(world.pool.config).toEqual({ maxQueue: 2 });
    expect(configure(world, undefined, true)).toMatchObject({ configured: { kind: "DELETED" } });
    expect(world.pool).not.toHaveProperty("config");
    expect(configure(world, undefined, true)).not.toHaveProperty("configured");
  });

  test("makes the pool one of the server's, which has room for so many", () => {
    const world = new World();
    Object.assign(world.others, { pools: limits.pools });
    expect(configure(world, {})).toMatchObject({ reason: "LIMIT_REACHED", message: expect.stringContaining("pools") });
    Object.assign(world.others, { pools: limits.pools - 1 });
    configure(world, {});
    expect(world.apply({ a: {} })).toMatchObject({ ok: true });
  });
});
