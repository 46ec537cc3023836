/** What a request by selector costs, counted: it goes by what matches and is free, not by the size of the pool or of the line. */
import { describe, expect, test } from "vitest";
import type { EnvironmentConfig } from "../../src/core/model/environment.ts";
import type { SelectorWant } from "../../src/core/model/lease.ts";
import { placeOf } from "../../src/core/standing.ts";
import { statusOf } from "../../src/core/view.ts";
import { labelled } from "./rack.ts";
import { Crowd, compared } from "./work.ts";
import { ADMIN, HOUR } from "./world.ts";

const TIERS = ["uat", "staging", "board", "gpu", "load"];
const UAT = labelled("tier", "uat");

/** `count` environments of five kinds, and as many waiters for uat, of which nothing is free. */
function saturated(count: number, waiters: number): Crowd {
  const world = new Crowd();
  const configs = Array.from({ length: count }, (_, index): [string, Partial<EnvironmentConfig>] => {
    const labels = { tier: TIERS[index % TIERS.length] ?? "", region: index % 2 === 0 ? "eu" : "us", serial: `s${index}` };
    return [nameOf(index), { labels }];
  });
  world.apply(Object.fromEntries(configs));
  for (let index = 0; index < count / TIERS.length; index++) world.acquire(`h${index}`, UAT);
  for (let index = 0; index < waiters; index++) world.acquire(`w${index}`, UAT);
  expect(world.pool.waiters).toBe(waiters);
  return world;
}

function nameOf(index: number): string {
  return `e${String(index).padStart(5, "0")}`;
}

/** Gets as much from the larger one as from the smaller one, with at most twice the work. */
function expectAlike(work: readonly number[]): void {
  const [small = 0, large = 0] = work;
  expect(large).toBeLessThanOrEqual(2 * small);
}

describe("with 10,000 environments, and 1,000 who wait by selector, it takes no more than with 100", () => {
  const sizes = [100, 10_000].map((count) => saturated(count, 1_000));
  const steps: readonly [sentence: string, step: (world: Crowd) => void][] = [
    ["to be granted what is free", (world) => world.acquire("granted", labelled("tier", "staging"))],
    ["to give it back", (world) => world.release("granted")],
    ["to join the line", (world) => world.acquire("next", UAT)],
    ["to hand over to the first in it", (world) => world.release("h0")],
    ["to claim that", (world) => world.claim("w0")],
    ["to tell of an environment", (world) => statusOf(world.pool, nameOf(0))],
    ["to change one that nobody waits for", (world) => world.apply({ [nameOf(1)]: { labels: { tier: "staging", region: "mars" } } })],
    ["to take one out of service that 1,000 wait for", (world) => setState(world, nameOf(10), "MAINTENANCE")],
    ["to put it back", (world) => setState(world, nameOf(10), "AVAILABLE")],
    ["to take its label", (world) => world.apply({ [nameOf(10)]: {} })],
    ["to give it back to the line by its label", (world) => world.apply({ [nameOf(11)]: { labels: { tier: "uat" } } })],
  ];
  // The first look at a label reads all environments that bear it.
  for (const world of sizes) world.release(world.acquire("first", labelled("tier", "staging")).id);
  test.each(steps)("%s", (_, step) => {
    expectAlike(sizes.map((world) => compared(() => step(world))));
  });
});

test("who may use ten of 10,000 environments costs what it does among 100, for those ten and for nobody else", () => {
  const only = ["e0001*"];
  const allowed = { ...labelled("tier", "staging"), only };
  const steps: readonly ((world: Crowd) => void)[] = [
    (world) => world.acquire("mine", allowed),
    (world) => world.acquire("second", allowed),
    (world) => world.acquire("third", allowed),
    (world) => world.release("second"),
    (world) => world.release("third"),
    (world) => setState(world, nameOf(11), "MAINTENANCE"),
    (world) => placeOf(world.pool, world.lease("mine")),
  ];
  const sizes = [100, 10_000].map((count) => saturated(count, 10));
  for (const world of sizes) world.release(world.acquire("first", labelled("tier", "staging")).id);
  for (const step of steps) expectAlike(sizes.map((world) => compared(() => step(world))));
  expect(sizes.map((world) => world.states("mine"))).toEqual(["mine HELD", "mine HELD"]);
});

test("a place in line is told with a look at some of what would serve it", () => {
  const world = saturated(10_000, 1_000);
  expect(compared(() => placeOf(world.pool, world.lease("w999")))).toBeLessThan(1_000);
});

test.each([10, 1_000])("a hand-over costs the same with %i in line, whatever else they look for", (waiters) => {
  const world = saturated(100, 0);
  const kinds: SelectorWant["selector"][] = Array.from({ length: 10 }, (_, kind) => [
    { key: "tier", operator: "IN", values: ["uat"] },
    { key: "serial", operator: "NOT_IN", values: [`s${kind}`] },
  ]);
  for (let index = 0; index < waiters; index++)
    world.acquire(`w${index}`, { selector: kinds[index % kinds.length] ?? [], count: 1, slots: 1 });
  const work = compared(() => world.release("h0"));
  expect(world.states("w0", "w1")).toBe("w0 QUEUED, w1 OFFERED");
  expect(work).toBeLessThan(1_000);
});

test("those who have all but one thing are spared when more comes of what they have", () => {
  const world = saturated(2_000, 0);
  world.apply({ db: {} });
  world.acquire("holder", "db");
  for (let index = 0; index < 300; index++) world.acquire(`both${index}`, ["db", labelled("tier", "gpu")]);
  const used = world.acquire("used", labelled("tier", "gpu"));
  const work = compared(() => world.release(used.id));
  expect(world.states("both0", "both299")).toBe("both0 QUEUED, both299 QUEUED");
  expect(work).toBeLessThan(300 * 30);
});

test("a hand-over costs the same when another label has become the rarest since", () => {
  const world = saturated(2_000, 0);
  const both: SelectorWant = { selector: [...UAT.selector, { key: "region", operator: "IN", values: ["eu"] }], count: 1, slots: 1 };
  for (let index = 0; index < 10; index++) world.acquire(`w${index}`, both);
  const others = Array.from({ length: 2_000 }, (_, index) => index).filter((index) => index % TIERS.length > 0 && index % 2 === 0);
  world.apply(Object.fromEntries(others.map((index) => [nameOf(index), { labels: { tier: "other" } }])));
  world.release("h0");
  expect(world.state("w0")).toBe("OFFERED");
  expect(compared(() => world.release("h2"))).toBeLessThan(1_000);
  expect(world.state("w1")).toBe("OFFERED");
});

test("a configuration of all environments costs each waiter once, not once for each environment", () => {
  const world = saturated(1_000, 500);
  const labels = { tier: "uat", region: "mars" };
  const configs = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [nameOf(index), { labels }]));
  const work = compared(() => world.apply(configs));
  expect(world.state("w499")).toBe("OFFERED");
  expect(work / 1_000).toBeLessThan(400);
});

test("a configuration that leaves labels and capacities as they are asks nobody who has reserved by a selector", () => {
  const work = (many: number) => {
    const world = new Crowd();
    const labels = { tier: "uat" };
    world.apply({ a: { labels } });
    for (let n = 0; n < many; n++) world.acquire(`r${n}`, UAT, { notBefore: world.at + HOUR });
    return compared(() => world.apply({ a: { labels, description: "new" } }));
  };
  expectAlike([work(10), work(1_000)]);
});

function setState(world: Crowd, environment: string, state: "MAINTENANCE" | "AVAILABLE"): void {
  world.do({ type: "setState", by: ADMIN, environment, state, reason: "" });
}
