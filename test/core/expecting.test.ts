/** When a waiter may expect its turn, by what was held before. */
import { expect, test } from "vitest";
import { estimateOf } from "../../src/core/expecting.ts";
import { HoldTimes } from "../../src/core/hold-times.ts";
import { type Asked, MINUTE, World } from "./world.ts";

/** Holds of one to ten minutes, evenly. */
const EVEN = new HoldTimes(Array.from({ length: 10 }, (_, n) => (n + 1) * MINUTE));

/** In minutes from now: "p50 to p90 of samples", or nothing. */
function expected(world: World, id: string, times: (name: string) => HoldTimes | undefined = () => EVEN): string {
  const estimate = estimateOf(world.pool, world.lease(id), world.at, times);
  if (estimate === undefined) return "unknown";
  const minutes = (time: number) => Math.round((time - world.at) / MINUTE);
  return `${minutes(estimate.p50)} to ${minutes(estimate.p90)} of ${estimate.samples}`;
}

/** A world in which `a` is held, with a ttl of ten hours, and each of the others waits for what it asks for. */
function lined(waiters: Record<string, Asked | readonly Asked[]>): World {
  const world = new World();
  world.acquire("held", "a", { ttl: 600 * MINUTE, maxHold: 600 * MINUTE });
  for (const [id, asked] of Object.entries(waiters)) world.acquire(id, asked);
  return world;
}

test("the first in line waits for the rest of a hold, by those that lasted as long; who is behind, for those ahead as well", () => {
  const world = lined({ x: "a", y: "a", z: "a" });
  expect(["x", "y", "z"].map((id) => expected(world, id))).toEqual(["5 to 9 of 10", "11 to 16 of 10", "17 to 23 of 10"]);
  world.at += 6 * MINUTE;
  // Of the four that lasted longer than six minutes half had two more at most.
  expect(expected(world, "x")).toBe("2 to 4 of 10");
});

test("a hold that has lasted longer than any before is taken to begin anew, but for its max_hold", () => {
  const world = lined({ x: "a" });
  world.at += 30 * MINUTE;
  expect(expected(world, "x")).toBe("5 to 9 of 10");
  const brief = new World();
  brief.acquire("held", "a", { ttl: 3 * MINUTE, maxHold: 3 * MINUTE });
  brief.acquire("x", "a");
  expect(expected(brief, "x")).toBe("3 to 3 of 10");
});

test("of many slots the first that is free will do", () => {
  const world = new World();
  world.apply({ a: { capacity: 5 } });
  for (const id of ["1", "2", "3", "4", "5"]) world.acquire(id, "a");
  world.acquire("x", "a");
  expect(expected(world, "x")).toBe("1 to 2 of 10");
});

test("for several the last one counts, and the thinnest knowledge", () => {
  const world = lined({ x: ["a", "b"] });
  const rare = new HoldTimes([MINUTE, MINUTE, MINUTE, MINUTE, MINUTE]);
  expect(expected(world, "x", (name) => (name === "a" ? EVEN : rare))).toBe("5 to 9 of 5");
});

test("by selector any that matches will do", () => {
  const world = new World();
  world.apply({ a: { labels: { tier: "x" } }, b: { labels: { tier: "x" } } });
  for (const name of ["a", "b"]) world.acquire(`held ${name}`, name, { ttl: 600 * MINUTE, maxHold: 600 * MINUTE });
  const any: Asked = { selector: [{ key: "tier", operator: "IN", values: ["x"] }], count: 1, slots: 1 };
  world.acquire("x", any);
  world.acquire("y", any);
  const quick = new HoldTimes(Array.from({ length: 5 }, () => MINUTE));
  const times = (name: string) => (name === "a" ? EVEN : quick);
  expect(expected(world, "x", times)).toBe("1 to 1 of 15");
  expect(expected(world, "y", times)).not.toBe("unknown");
});

test("nothing is told where too little is known, where somebody must act, and of who is not in line", () => {
  const world = lined({ x: "a", both: ["a", "b"] });
  expect(expected(world, "x", () => undefined)).toBe("unknown");
  expect(expected(world, "both", (name) => (name === "a" ? EVEN : undefined))).toBe("unknown");
  expect(expected(world, "held")).toBe("unknown");
  world.do({ type: "setState", by: { principal: "admin" }, environment: "a", state: "MAINTENANCE", reason: "" });
  expect(expected(world, "x")).toBe("unknown");
});
