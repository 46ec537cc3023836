/**
 * Hundreds of short lives of a server. A failing one prints its seed, and shrinks to the few steps that matter:
 * `SIM_SEED=… npm test -- test/sim` plays it again; `SIM_RUNS=100000` plays more.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { coverage } from "./coverage.ts";
import { seen } from "./seen.ts";
import { Simulation } from "./simulation.ts";
import { anyStep } from "./steps.ts";

const runs = Number(process.env["SIM_RUNS"] ?? 600);
const seed = process.env["SIM_SEED"];

test(
  "whatever happens, nothing acknowledged is lost, nobody is granted twice, and in the end everybody is served",
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { minLength: 20, maxLength: 50, size: "max" }), async (steps) => {
        await new Simulation().run(steps);
      }),
      { numRuns: runs, ...(seed === undefined ? {} : { seed: Number(seed) }) },
    );
    console.info(coverage());
    for (const what of [
      "HELD",
      "OFFERED",
      "QUEUED",
      "RELEASED",
      "EXPIRED",
      "WITHDRAWN",
      "ABANDONED",
      "TIMED_OUT",
      "SUPERSEDED",
      "asked to stop",
      "stopped",
      "asked, and lost",
      "FORCE_RELEASED",
      "UNSATISFIABLE",
      "passed over",
      "rested",
      "released by name",
      "facts told",
      "chosen at once",
      "chosen for who waited",
      "turned away by labels",
      "never to be had",
      "ENVIRONMENT_BUSY",
      "QUEUE_FULL",
      "QUOTA_REACHED",
      "revoked",
      "KEY_CREATED",
      "KEY_ROTATED",
      "KEY_REVOKED",
      "refused: KEY_ENDED",
      "ENVIRONMENT_NOT_FOUND",
      "vanished",
      "cut",
      "fell silent",
      "died",
      "disk full",
      "written to the reserve",
      "a write hung",
      "a damaged pool",
      "a day",
      "cleaning",
      "cleaned OK",
      "cleaned FAILED",
      "cleaned BROKEN",
      "a cleaner was lost",
      "NOTHING_DIRTY",
      "DIRTY",
      "CLEANING",
      "QUARANTINED",
      "entered the line",
      "held by itself",
      "extended",
      "its end has come",
      "TIME_OUT_OF_RANGE",
      "lease: QUEUED → OFFERED",
      "lease: OFFERED → PASSED_OVER",
      "lease: PASSED_OVER → ABANDONED",
      "lease: HELD → OFFERED",
      "lease: HELD → WITHDRAWN",
      "lease: HELD → SUPERSEDED",
      "lease: QUEUED → SUPERSEDED",
      "lease: RESERVED → QUEUED",
      "lease: RESERVED → WITHDRAWN",
      "environment: AVAILABLE → DIRTY",
      "environment: DIRTY → CLEANING",
      "environment: CLEANING → AVAILABLE",
      "environment: CLEANING → DIRTY",
      "environment: CLEANING → QUARANTINED",
      "environment: AVAILABLE → DRAINING",
      "environment: DRAINING → AVAILABLE",
      "refused: ENVIRONMENT_IN_USE",
      "refused: NOT_YOURS",
      "refused: NAME_THE_LEASE",
      "refused: NOTHING_HELD",
    ])
      expect(seen.get(what) ?? 0, `the runs saw ${what}`).toBeGreaterThan(0);
  },
  120_000 + 200 * runs,
);

test("the same steps give the same history", async () => {
  const histories = await Promise.all(
    [1, 2].map(async () => {
      const simulation = new Simulation();
      await simulation.run(fc.sample(fc.array(anyStep, { minLength: 60, maxLength: 60 }), { seed: 7, numRuns: 1 })[0] ?? []);
      return JSON.stringify(simulation.events);
    }),
  );
  expect(histories[0]).toBe(histories[1]);
  expect(histories[0]?.length).toBeGreaterThan(1_000);
});
