/** What holders tell of their environments. */
import { describe, expect, test } from "vitest";
import type { Told } from "../../src/core/model/environment.ts";
import { ADMIN, acquireCommand, HOUR, MINUTE, SECOND, World } from "./world.ts";

const DAY = 24 * HOUR;

function renew(world: World, lease: string, facts?: Told) {
  return world.do({ type: "renew", by: ADMIN, lease, ...(facts && { facts }) });
}

function release(world: World, lease: string, facts: Told) {
  return world.do({ type: "release", by: ADMIN, lease, outcome: "OK", note: "", facts });
}

/** `version=1 by x at 0`, in the order of their age; times in seconds since the world began. */
function factsOf(world: World, name: string): string {
  const { facts = {} } = world.pool.sites.get(name)?.environment ?? {};
  return Object.entries(facts)
    .map(([key, { value, leaseId, holder, at }]) => `${key}=${value} by ${holder.name} (${leaseId}) at ${(at - 1_000 * HOUR) / SECOND}`)
    .join(", ");
}

describe("facts", () => {
  test("go to every environment of a lease, and stand until the next one of their name", () => {
    const world = new World();
    world.acquire("x", ["a", "b"]);
    renew(world, "x", { version: "1", sha: "abc" });
    release(world, "x", { sha: "def" });
    const told = "version=1 by x (x) at 0, sha=def by x (x) at 0";
    expect([factsOf(world, "a"), factsOf(world, "b")]).toEqual([told, told]);
    world.at += MINUTE;
    world.acquire("y", "a");
    renew(world, "y", { version: "2" });
    expect([factsOf(world, "a"), factsOf(world, "b")]).toEqual(["sha=def by x (x) at 0, version=2 by y (y) at 60", told]);
  });

  test("an empty text takes one back; the last one leaves nothing behind", () => {
    const world = new World();
    world.acquire("x", "a");
    renew(world, "x", { version: "1", sha: "abc" });
    renew(world, "x", { version: "", never: "" });
    expect(factsOf(world, "a")).toBe("sha=abc by x (x) at 0");
    renew(world, "x", { sha: "" });
    expect(world.pool.sites.get("a")?.environment).not.toHaveProperty("facts");
  });

  test("a change of them is one event with the state after it; the same again by the same lease is none", () => {
    const world = new World();
    world.acquire("x", "a");
    const events = () =>
      world.events.splice(0).map(({ environments, cause }) => [cause?.state, environments[0]?.facts?.["version"]?.value]);
    events();
    renew(world, "x", { version: "1" });
    expect(events()).toEqual([[undefined, "1"]]);
    const { length } = world.rows;
    renew(world, "x", { version: "1" });
    renew(world, "x");
    expect([events(), world.rows.slice(length).map(({ kind }) => kind)]).toEqual([[], ["lease", "lease"]]);
    release(world, "x", { version: "2" });
    expect(events()).toEqual([["ENDED", "2"]]);
    world.acquire("y", "a");
    events();
    renew(world, "y", { version: "2" });
    expect(events()).toEqual([[undefined, "2"]]);
    expect(factsOf(world, "a")).toBe("version=2 by y (y) at 0");
  });

  test("an environment keeps sixteen: the oldest go, and nobody's work fails of it", () => {
    const world = new World();
    world.acquire("x", "a");
    const many = (from: number) => Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`f${from + n}`, "v"]));
    renew(world, "x", many(0));
    world.at += SECOND;
    renew(world, "x", { f0: "again" });
    world.at += SECOND;
    expect(release(world, "x", many(10))).toMatchObject({ ok: true });
    const names = Object.keys(world.pool.sites.get("a")?.environment.facts ?? {});
    expect(names).toEqual(["f5", "f6", "f7", "f8", "f9", "f0", ...Object.keys(many(10))]);
  });

  test("who waits tells none, by a Renew, which is a sign of life all the same, or by a withdrawal", () => {
    const world = new World();
    world.acquire("x", "a");
    world.acquire("y", "a");
    expect(renew(world, "y", { version: "1" })).toMatchObject({ ok: true, lease: { state: "QUEUED" } });
    release(world, "y", { version: "1" });
    expect([world.state("y"), factsOf(world, "a")]).toEqual(["WITHDRAWN", ""]);
  });

  test("an offer that a Renew claims tells them with it; one that is given back unclaimed does not", () => {
    const world = new World();
    for (const id of ["x", "y", "z"]) world.acquire(id, "a");
    release(world, "x", {});
    expect(world.state("y")).toBe("OFFERED");
    renew(world, "y", { version: "1" });
    expect([world.state("y"), factsOf(world, "a")]).toEqual(["HELD", "version=1 by y (y) at 0"]);
    release(world, "y", {});
    release(world, "z", { version: "2" });
    expect([world.state("z"), factsOf(world, "a")]).toEqual(["RELEASED", "version=1 by y (y) at 0"]);
  });

  test("a Renew of one that was passed over, and that is served by it, tells them, as its answer says", () => {
    const world = new World();
    world.acquire("x", "a");
    world.acquire("y", "a", { claimTimeout: SECOND });
    world.release("x");
    world.pass(SECOND);
    expect(world.lease("y")).toMatchObject({ state: "QUEUED", passedOver: true });
    expect(renew(world, "y", { version: "1" })).toMatchObject({ lease: { state: "HELD" } });
    expect(factsOf(world, "a")).toBe(`version=1 by y (y) at 1`);
  });

  test("an ended lease tells none", () => {
    const world = new World();
    world.acquire("x", "a");
    world.release("x");
    expect(renew(world, "x", { version: "1" })).toMatchObject({ ok: false, reason: "LEASE_ENDED" });
    expect(release(world, "x", { version: "1" })).toMatchObject({ ok: true, alreadyEnded: true });
    expect(factsOf(world, "a")).toBe("");
  });

  test("configuration and state leave them alone; the environment's end is theirs", () => {
    const world = new World();
    world.apply({ a: {} });
    world.acquire("x", "a");
    release(world, "x", { version: "1" });
    world.apply({ a: { description: "new" } });
    world.do({ type: "setState", by: ADMIN, environment: "a", state: "MAINTENANCE", reason: "" });
    expect(factsOf(world, "a")).toBe("version=1 by x (x) at 0");
    world.do({ type: "delete", by: ADMIN, environment: "a" });
    world.apply({ a: {} });
    expect(factsOf(world, "a")).toBe("");
  });

  test("keep a name made on demand for thirty days more; where room is needed it goes, after those without any", () => {
    const world = new World();
    for (const name of ["told", "plain"]) {
      world.acquire(name, name);
      release(world, name, name === "told" ? { version: "1" } : {});
    }
    world.pass(30 * DAY);
    expect([...world.pool.sites.keys()]).toEqual(["told"]);
    world.do(acquireCommand("later", "later"));
    world.release("later");
    world.do({ type: "forget", count: 1 });
    expect([...world.pool.sites.keys()]).toEqual(["told"]);
    world.pass(HOUR);
    expect(world.pool.sites.size).toBe(0);
  });
});
