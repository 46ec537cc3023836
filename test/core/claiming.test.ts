/** Who waits by selector: what it keeps from others, and what is told of it (rule 1). */
import { describe, expect, test } from "vitest";
import { placeOf } from "../../src/core/standing.ts";
import { statusOf } from "../../src/core/view.ts";
import { labelled, on, rack } from "./rack.ts";
import { ADMIN, SECOND, World } from "./world.ts";

describe("who waits by selector", () => {
  test("keeps, of the free slots, those that it still needs from all behind it, and nothing else", () => {
    const world = rack();
    world.acquire("holder", "b1");
    world.acquire("three", labelled("kind", "board", 3));
    expect(world.acquire("behind", "b2").state).toBe("QUEUED");
    expect(world.acquire("other", "uat").state).toBe("HELD");
    world.release("holder");
    expect(world.states("three", "behind")).toBe("three OFFERED, behind QUEUED");
  });

  test("claims, of the environments that it could have, the one that has not been used for longest, however much of others is free", () => {
    const world = rack();
    world.apply({ b2: { labels: { kind: "board" }, capacity: 3 } });
    for (const name of ["b1", "b3", "b2", "uat"]) world.acquire(`at-${name}`, name);
    for (const name of ["b1", "b2", "b3"]) world.release(`at-${name}`);
    world.acquire("mixed", ["uat", labelled("kind", "board")]);
    for (const name of ["b1", "b2", "b3"]) world.acquire(`late-${name}`, name);
    expect(world.states("late-b1", "late-b2", "late-b3")).toBe("late-b1 QUEUED, late-b2 HELD, late-b3 HELD");
  });

  test("claims no more slots than it still needs, of where most is free and then of what has not been used for longest", () => {
    const world = new World();
    const config = { labels: { kind: "board" }, capacity: 3 };
    world.apply({ a: config, b: config, c: config, d: config });
    for (const need of ["c:1", "b:2", "d:2", "a:2"]) world.acquire(`at-${need}`, need);
    world.acquire("wide", labelled("kind", "board", 1, 3));
    for (const name of ["a", "b", "c", "d"]) world.acquire(`late-${name}`, name);
    expect(world.states("late-a", "late-b", "late-c", "late-d")).toBe("late-a HELD, late-b QUEUED, late-c QUEUED, late-d HELD");
  });

  test("claims for each of its wants only what that one could have", () => {
    const world = new World();
    const config = { capacity: 2 };
    world.apply({
      a: { ...config, labels: { kind: "a" } },
      b1: { ...config, labels: { kind: "b" } },
      b2: { ...config, labels: { kind: "b" } },
    });
    world.acquire("holder", "a:2");
    world.acquire("both", [labelled("kind", "a", 1, 2), labelled("kind", "b", 1, 2)]);
    world.acquire("late", "b2");
    expect(world.states("both", "late")).toBe("both QUEUED, late HELD");
  });

  test("leaves alone what is too small to ever serve it", () => {
    const world = new World();
    const labels = { kind: "board" };
    world.apply({ wide: { labels, capacity: 2 }, small: { labels } });
    world.acquire("holder", "wide");
    world.acquire("both", labelled("kind", "board", 1, 2));
    expect(world.acquire("behind", "small").state).toBe("HELD");
  });

  test("gathers for each of its wants what the others leave, so that those behind it cannot keep it waiting for ever", () => {
    const world = new World();
    world.apply({ x: { labels: { kind: "board", os: "linux" }, capacity: 2 }, y: { labels: { kind: "board" }, capacity: 2 } });
    for (const id of ["h1", "h2"]) world.acquire(id, "y");
    world.acquire("wide", [labelled("kind", "board", 1, 2), labelled("os", "linux", 1, 2)]);
    for (const id of ["s1", "s2", "s3"]) world.acquire(id, "y");
    for (const id of ["h1", "h2"]) world.release(id);
    expect(world.states("wide", "s1", "s2", "s3")).toBe("wide OFFERED, s1 QUEUED, s2 QUEUED, s3 QUEUED");
    expect(on(world, "wide")).toEqual(["y", "x"]);
  });

  test("claims another one when that has been free for longer than what it has", () => {
    const world = rack();
    world.acquire("db", "db");
    world.acquire("first", "b1");
    world.do({ type: "forceRelease", by: ADMIN, lease: "first", reason: "" });
    for (const name of ["b2", "b3"]) world.acquire(`at-${name}`, name);
    world.release("at-b2");
    world.acquire("mixed", ["db", labelled("kind", "board")]);
    world.pass(10 * SECOND);
    for (const name of ["b1", "b2"]) world.acquire(`late-${name}`, name);
    expect(world.states("late-b1", "late-b2")).toBe("late-b1 QUEUED, late-b2 HELD");
  });

  test("claims another one when that which it has is used again, however much of it is left", () => {
    const world = new World();
    const config = { labels: { kind: "board" }, capacity: 3 };
    world.apply({ a: config, b: config, db: {} });
    world.acquire("holder", "db");
    world.acquire("mixed", ["db", labelled("kind", "board")]);
    world.acquire("one", "a");
    world.acquire("late-a", "a:2");
    world.acquire("late-b", "b:3");
    expect(world.states("one", "late-a", "late-b")).toBe("one HELD, late-a HELD, late-b QUEUED");
  });

  test("claims another one when more of that gets free than of what it has", () => {
    const world = new World();
    const config = { labels: { kind: "board" }, capacity: 2 };
    world.apply({ a: config, b: config, db: { labels: { kind: "db" }, capacity: 2 } });
    for (const need of ["db:1", "a:1", "b:2"]) world.acquire(`at-${need}`, need);
    world.acquire("mixed", [labelled("kind", "db", 1, 2), labelled("kind", "board")]);
    world.release("at-b:2");
    world.acquire("late-a", "a");
    world.acquire("late-b", "b:2");
    expect(world.states("mixed", "late-a", "late-b")).toBe("mixed QUEUED, late-a HELD, late-b QUEUED");
  });

  test("is served when what gets free sets free, among what it has, what it lacks", () => {
    const world = new World();
    world.apply({ a1: { labels: { os: "linux" } }, b1: { labels: { kind: "board", os: "linux" } }, b2: { labels: { kind: "board" } } });
    for (const name of ["a1", "b2"]) world.acquire(`at-${name}`, name);
    world.acquire("both", [labelled("kind", "board"), labelled("os", "linux")]);
    world.release("at-b2");
    expect(world.state("both")).toBe("OFFERED");
    expect(on(world, "both")).toEqual(["b2", "b1"]);
  });

  test("claims nothing while only environments out of service could serve it", () => {
    const world = rack();
    world.do({ type: "setState", by: ADMIN, environment: "b1", state: "MAINTENANCE", reason: "" });
    world.acquire("three", labelled("kind", "board", 3));
    expect(world.acquire("behind", "b2").state).toBe("HELD");
  });

  test("claims nothing of what it names, which is back in service, while what its selector matches is not", () => {
    const world = rack();
    const setState = (environment: string, state: "MAINTENANCE" | "AVAILABLE") =>
      world.do({ type: "setState", by: ADMIN, environment, state, reason: "" });
    for (const name of ["b1", "uat"]) setState(name, "MAINTENANCE");
    world.acquire("mixed", ["uat", labelled("os", "linux")]);
    setState("uat", "AVAILABLE");
    expect(world.acquire("behind", "uat").state).toBe("HELD");
  });

  test("yields to a named request ahead, and is ahead of those behind it", () => {
    const world = rack();
    for (const name of ["b1", "b2", "b3"]) world.acquire(`at-${name}`, name);
    world.acquire("named", "b2");
    world.acquire("any", labelled("kind", "board"));
    world.acquire("late", "b3");
    world.release("at-b2");
    expect(world.states("named", "any")).toBe("named OFFERED, any QUEUED");
    world.release("at-b3");
    expect(world.states("any", "late")).toBe("any OFFERED, late QUEUED");
  });

  test("chooses anew, and gives back what it was offered, when it is passed over", () => {
    const world = rack();
    for (const name of ["b1", "b2", "b3"]) world.acquire(`at-${name}`, name);
    world.acquire("any", labelled("kind", "board"), { claimTimeout: SECOND });
    world.acquire("next", "b2");
    world.release("at-b2");
    expect(on(world, "any")).toEqual(["b2"]);
    world.pass(SECOND);
    expect(world.states("any", "next")).toBe("any QUEUED, next OFFERED");
    expect(world.events.some((event) => event.cause?.leaseId === "any" && event.environments[0]?.name === "b2")).toBe(true);
    world.release("at-b3");
    world.claim("any");
    expect(on(world, "any")).toEqual(["b3"]);
  });

  test("is told as the next one on each environment that would do, if nobody waits for it who came before", () => {
    const world = rack();
    world.apply({ b2: { labels: { kind: "board" }, capacity: 2 } });
    for (const [index, name] of ["b1", "b2", "b2", "b3", "uat"].entries()) world.acquire(`h${index}`, name);
    world.acquire("named", "b1");
    world.acquire("any", labelled("kind", "board"), { claimTimeout: SECOND });
    world.acquire("wide", labelled("kind", "board", 1, 2));
    world.acquire("late", "b3");
    const next = () => ["b1", "b2", "b3", "uat"].map((name) => statusOf(world.pool, name).next?.leaseId);
    expect(next()).toEqual(["named", "any", "any", undefined]);
    world.release("h0");
    world.acquire("again", "b1");
    world.release("h3");
    world.pass(SECOND);
    expect(world.states("any", "late")).toBe("any QUEUED, late OFFERED");
    expect(next()).toEqual(["again", "wide", undefined, undefined]);
  });

  test("has its place among all who do, and sees who holds what would serve it", () => {
    const world = rack();
    for (const name of ["b1", "b2", "b3"]) world.acquire(`at-${name}`, name);
    for (const id of ["first", "second"]) world.acquire(id, labelled("kind", "board"));
    const { position, queueLength, ahead, holders } = placeOf(world.pool, world.lease("second"));
    expect([position, queueLength, ahead.map((one) => one.leaseId), holders.length]).toEqual([2, 2, ["first"], 3]);
  });

  test("has nobody ahead who looks for other things, whatever they call them", () => {
    const world = rack();
    world.apply({ gpu: { labels: { kind: "gpu" } }, b1: { labels: { kind: "board", os: "linux" } } });
    for (const name of ["b1", "b2", "b3", "gpu"]) world.acquire(`at-${name}`, name);
    for (const id of ["g1", "g2", "g3"]) world.acquire(id, labelled("kind", "gpu"));
    world.acquire("linux", labelled("os", "linux"));
    world.acquire("both", [labelled("kind", "board"), labelled("kind", "gpu")]);
    world.acquire("named", "b2");
    world.acquire("board", labelled("kind", "board"));
    expect(placeOf(world.pool, world.lease("board"))).toMatchObject({ position: 2, queueLength: 2, ahead: [{ leaseId: "both" }] });
    expect(placeOf(world.pool, world.lease("both"))).toMatchObject({ position: 4, queueLength: 4 });
    expect(statusOf(world.pool, "b1")).toMatchObject({ queueLength: 3, next: { leaseId: "linux" } });
    expect(statusOf(world.pool, "b2")).toMatchObject({ queueLength: 3, next: { leaseId: "both" } });
  });

  test("is counted once on an environment that several of its needs look for", () => {
    const world = rack();
    world.acquire("holder", "b1");
    world.acquire("twice", [labelled("kind", "board", 2), labelled("os", "linux")]);
    world.acquire("named", ["b1", labelled("kind", "board", 2)]);
    world.acquire("last", labelled("kind", "board", 3));
    expect(statusOf(world.pool, "b1").queueLength).toBe(3);
    expect(placeOf(world.pool, world.lease("last"))).toMatchObject({ position: 3, queueLength: 3 });
  });

  test("is ahead of nobody once it was passed over, and still waits", () => {
    const world = rack();
    for (const name of ["b1", "b2", "b3"]) world.acquire(`at-${name}`, name);
    world.acquire("first", labelled("kind", "board"), { claimTimeout: SECOND });
    world.release("at-b1");
    world.acquire("late", "b1");
    world.acquire("second", labelled("kind", "board"));
    world.acquire("third", labelled("kind", "board"));
    world.pass(SECOND);
    expect(world.states("first", "late")).toBe("first QUEUED, late OFFERED");
    const { position, queueLength, ahead } = placeOf(world.pool, world.lease("third"));
    expect([position, queueLength, ahead.map((one) => one.leaseId)]).toEqual([2, 3, ["second"]]);
  });
});
