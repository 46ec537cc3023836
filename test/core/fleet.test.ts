/** What operators do with environments, and the bounds on what there is, on the bare core. */
import { describe, expect, test } from "vitest";
import { limits } from "../../src/core/limits.ts";
import { statusOf } from "../../src/core/view.ts";
import { ADMIN, acquireCommand, World } from "./world.ts";

describe("the fleet", () => {
  test("a smaller capacity lets holders finish, and turns away who can never fit", () => {
    const world = new World();
    world.apply({ a: { capacity: 3 } });
    for (const id of ["x", "y", "z"]) world.acquire(id, "a");
    world.acquire("wide", "a:2");
    world.acquire("narrow", "a");
    world.apply({ a: { capacity: 1 } });
    expect(world.states("x", "y", "z", "wide", "narrow")).toBe("x HELD, y HELD, z HELD, wide UNSATISFIABLE, narrow QUEUED");
    world.release("x");
    world.release("z");
    expect(world.state("narrow")).toBe("QUEUED");
    world.release("y");
    expect(world.lease("narrow")).toMatchObject({ state: "OFFERED", needs: [{ indexes: [0] }] });
  });

  test("deleting is refused while held; who waits ends as UNSATISFIABLE", () => {
    const world = new World();
    world.acquire("x", "a");
    world.acquire("both", ["a", "b"]);
    expect(world.do({ type: "delete", by: ADMIN, environment: "a" })).toMatchObject({
      reason: "ENVIRONMENT_IN_USE",
      metadata: { lease_ids: "x" },
    });
    expect(world.do({ type: "delete", by: ADMIN, environment: "b" })).toMatchObject({ ok: true });
    expect(world.lease("both")).toMatchObject({ endReason: "UNSATISFIABLE", endNote: "environment b was deleted" });
    expect(world.do({ type: "delete", by: ADMIN, environment: "bb" })).toMatchObject({ reason: "ENVIRONMENT_NOT_FOUND" });
  });

  test("apply is all or nothing, tells what changed, and never touches states or leases", () => {
    const world = new World();
    world.acquire("x", "a");
    world.acquire("y", "gone");
    world.release("y");
    world.elsewhere.set("foreign", "other");
    expect(world.apply({ a: { capacity: 2 }, foreign: {} })).toMatchObject({ reason: "POOL_FIXED" });
    expect(statusOf(world.pool, "a").capacity).toBe(1);
    expect(world.apply({ b: {}, a: { capacity: 2, labels: { os: "linux" } } }, true)).toMatchObject({
      changes: [
        { name: "b", kind: "CREATED" },
        { name: "a", kind: "UPDATED", fields: ["capacity", "labels"] },
        { name: "gone", kind: "DELETED" },
      ],
    });
    expect(world.apply({ b: {} }, true)).toMatchObject({ reason: "ENVIRONMENT_IN_USE" });
    expect(world.state("x")).toBe("HELD");
  });

  test("an unknown environment is created only where that is allowed", () => {
    const world = new World();
    world.acquire("x", "staging-2");
    const reply = world.do({ ...acquireCommand("y", "stagin-2"), autoCreate: false });
    expect(reply).toMatchObject({ reason: "ENVIRONMENT_NOT_FOUND", message: expect.stringContaining('no environment "stagin-2"') });
    world.elsewhere.set("foreign", "other");
    expect(world.do(acquireCommand("z", "foreign"))).toMatchObject({ reason: "POOL_MISMATCH" });
  });

  test("limits bound what is new, in a pool and over all pools, and nothing else", () => {
    const world = new World();
    world.acquire("x", "a", { requestId: "r" });
    Object.assign(world.others, { environments: limits.environments.total, waiters: limits.waiters.total, pools: limits.pools });
    expect(world.do(acquireCommand("y", "new"))).toMatchObject({
      reason: "LIMIT_REACHED",
      message: expect.stringContaining("environments on the server"),
    });
    expect(world.do(acquireCommand("y", "a"))).toMatchObject({ reason: "LIMIT_REACHED" });
    expect(world.acquire("z", "a", { requestId: "r" }).id).toBe("x");
    world.release("x");
    expect(world.acquire("y", "a").state).toBe("HELD");
  });
});
