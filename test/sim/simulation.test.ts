/**
 * Hundreds of short lives of a server. A failing one prints its seed, and shrinks to the few steps that matter:
 * `SIM_SEED=… npm test -- test/sim` plays it again; `SIM_RUNS=100000` plays more.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { seen } from "./seen.ts";
import { Simulation, type Step } from "./simulation.ts";

const runs = Number(process.env["SIM_RUNS"] ?? 600);
const seed = process.env["SIM_SEED"];
const who = fc.nat(5);
const span = fc.constantFrom(1_000, 900_000, 4_000_000, 12_000_000, 31_000_000, 70_000_000);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      what: fc.constant("acquire" as const),
      who,
      needs: fc.uniqueArray(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 2 }),
      keyed: fc.boolean(),
      ttl: fc.constantFrom(2_000_000, 30_000_000, 3_600_000_000),
      fail: fc.constantFrom(false, false, false, true),
      wait: fc.constantFrom(0, 0, 5_000_000, 60_000_000),
    }),
  },
  {
    weight: 9,
    arbitrary: fc.record({
      what: fc.constantFrom("retry", "poll", "attend", "leave", "renew", "release", "vanish"),
      who,
    }) as fc.Arbitrary<Step>,
  },
  { weight: 3, arbitrary: fc.record({ what: fc.constantFrom("pass", "pass", "stall"), span }) as fc.Arbitrary<Step> },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("die" as const), effects: fc.nat(6) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constantFrom("full" as const, "slow" as const), on: fc.boolean() }) },
);

test("whatever happens, nothing acknowledged is lost, nobody is granted twice, and in the end everybody is served", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 100, size: "max" }), async (steps) => {
      await new Simulation().run(steps);
    }),
    { numRuns: runs, ...(seed === undefined ? {} : { seed: Number(seed) }) },
  );
  for (const what of [
    "HELD",
    "OFFERED",
    "QUEUED",
    "RELEASED",
    "EXPIRED",
    "WITHDRAWN",
    "ABANDONED",
    "passed over",
    "ENVIRONMENT_BUSY",
    "vanished",
    "died",
    "disk full",
    "written to the reserve",
  ])
    expect(seen.get(what) ?? 0, `the runs saw ${what}`).toBeGreaterThan(5);
}, 120_000);

test("the same steps give the same history", async () => {
  const histories = await Promise.all(
    [1, 2].map(async () => {
      const simulation = new Simulation();
      await simulation.run(fc.sample(fc.array(step, { minLength: 60, maxLength: 60 }), { seed: 7, numRuns: 1 })[0] ?? []);
      return JSON.stringify(simulation.events);
    }),
  );
  expect(histories[0]).toBe(histories[1]);
  expect(histories[0]?.length).toBeGreaterThan(1_000);
});
