/** What watches are told of environments whose slots somebody claims who waits for others as well. */
import { expect, test } from "vitest";
import { statusOf } from "../../src/core/view.ts";
import { CLEANED, Fleet } from "./fleet.ts";
import { ADMIN, HOUR, SECOND } from "./world.ts";

const BOARD = { selector: [{ key: "kind", operator: "EXISTS", values: [] }], count: 1, slots: 1 } as const;

/** What is told of an environment while something is done: whether it is available, at each event. */
function told(fleet: Fleet, name: string, act: () => unknown): boolean[] {
  const from = fleet.events.length;
  act();
  return fleet.events
    .slice(from)
    .flatMap(({ environments }) => environments.filter((one) => one.name === name).map((one) => one.available));
}

test("a maintenance that begins, or ends, tells of the others whose claims move with it", () => {
  const fleet = new Fleet({ a: {}, b: {} });
  fleet.acquire("x", "a");
  fleet.acquire("both", ["a", "b"]);
  expect(statusOf(fleet.pool, "b").available).toBe(false);
  expect(told(fleet, "b", () => fleet.set("a", "MAINTENANCE", HOUR))).toEqual([true]);
  expect(told(fleet, "b", () => fleet.pass(HOUR))).toEqual([false]);
  expect(told(fleet, "b", () => fleet.set("a", "AVAILABLE"))).toEqual([]);
});

test("a sign of life that tells of an environment, and claims it again, tells of it twice", () => {
  const fleet = new Fleet({ a: {}, b: {} });
  fleet.acquire("x", "a");
  fleet.acquire("both", ["a", "b"], { claimTimeout: SECOND });
  fleet.release("x");
  fleet.acquire("next", "a");
  fleet.pass(SECOND);
  expect(fleet.states("both", "next")).toBe("both QUEUED, next OFFERED");
  expect(statusOf(fleet.pool, "b").available).toBe(true);
  const renew = { type: "renew", by: ADMIN, lease: "both", notAfter: fleet.at + HOUR } as const;
  expect(told(fleet, "b", () => fleet.do(renew)).at(-1)).toBe(false);
});

test("so does cleaning", () => {
  const fleet = new Fleet({ a: CLEANED, b: {} });
  fleet.acquire("x", "a");
  fleet.acquire("both", ["a", "b"]);
  expect(told(fleet, "b", () => fleet.release("x"))).toEqual([true]);
  expect(told(fleet, "b", () => fleet.clean("c"))).toEqual([false]);
  expect(told(fleet, "b", () => fleet.giveBack("c", "FAILED"))).toEqual([true]);
});

test("whoever waits by a selector moves on to another one, and both are told of", () => {
  const labels = { kind: "board" };
  const fleet = new Fleet({ a: { labels }, b: { labels }, c: {} });
  fleet.acquire("x", "c");
  fleet.acquire("wide", [{ environment: "c", slots: 1 }, BOARD]);
  const claimed = ["a", "b"].find((name) => !statusOf(fleet.pool, name).available) ?? "";
  const other = claimed === "a" ? "b" : "a";
  expect(told(fleet, other, () => fleet.set(claimed, "MAINTENANCE"))).toEqual([false]);
});

test("whoever claims one by a selector leaves it for another that has been unused for longer", () => {
  const labels = { kind: "board" };
  const fleet = new Fleet({ a: { labels }, b: { labels }, c: {} });
  for (const [id, name] of Object.entries({ first: "b", second: "a", third: "c" })) fleet.acquire(id, name);
  fleet.release("second");
  fleet.acquire("wide", [{ environment: "c", slots: 1 }, BOARD]);
  fleet.acquire("next", "a");
  expect(fleet.state("next")).toBe("QUEUED");
  fleet.release("first");
  expect(fleet.state("next")).toBe("OFFERED");
});

test("in any pool without somebody who waits for several nothing more is told", () => {
  const fleet = new Fleet({ a: CLEANED, b: {} });
  const from = fleet.events.length;
  fleet.acquire("x", "a");
  fleet.acquire("next", "a");
  fleet.release("x");
  fleet.clean("c");
  fleet.giveBack("c");
  fleet.claim("next");
  const kinds = fleet.events.slice(from).map(({ kind }) => kind);
  expect(kinds).toEqual([
    ...["GRANTED", "QUEUED", "STATE_CHANGED", "RELEASED", "STATE_CHANGED", "CLEANING"],
    ...["STATE_CHANGED", "RELEASED", "OFFERED", "GRANTED"],
  ]);
});
