/** How environments are cleaned in a simulation: what can be configured, and what cleaners do. */
import fc from "fast-check";
import type { Outcome } from "../../src/core/command.ts";
import type { EnvironmentConfig } from "../../src/core/model/environment.ts";
import type { Micros } from "../../src/core/model/units.ts";

/** What becomes of an environment between its holders. */
export type Habits = Pick<EnvironmentConfig, "cleaning" | "onExpiry" | "quarantineAfter">;

/** A cleaner's step; `who` is one of a few, each with at most one lease at a time. */
export type CleanerStep =
  | {
      readonly what: "clean";
      readonly who: number;
      readonly pool: "default" | "east";
      /** This one alone. */
      readonly environment?: string;
      readonly keyed: boolean;
      readonly ttl: Micros;
      readonly wait: Micros;
    }
  | { readonly what: "cleaned"; readonly who: number; readonly outcome: Outcome }
  /** `cleanerDrops`: its connection breaks in the very moment in which something becomes dirty. */
  | { readonly what: "cleanerRenews" | "cleanerVanishes" | "cleanerDrops"; readonly who: number }
  | { readonly what: "cleanerFallsSilent"; readonly who: number; readonly noticed: Micros };

/** Some of what can be configured of it. */
export const LIVES: Habits[] = [
  {},
  { cleaning: { required: true, timeout: 20_000_000 } },
  { cleaning: { required: true } },
  { onExpiry: "CLEAN", cleaning: { required: false, timeout: 60_000_000 } },
  { onExpiry: "HOLD" },
  { quarantineAfter: 2 },
];

/** One of the cleaners. */
export const cleaner = fc.nat(2);
/** What cleaners do. */
export const cleaning: fc.Arbitrary<CleanerStep> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record(
      {
        what: fc.constant("clean" as const),
        who: cleaner,
        pool: fc.constantFrom("default", "default", "default", "east"),
        environment: fc.constantFrom("a", "a", "b", "c"),
        keyed: fc.boolean(),
        ttl: fc.constantFrom(2_000_000, 30_000_000, 3_600_000_000),
        wait: fc.constantFrom(0, 5_000_000, 60_000_000, 60_000_000),
      },
      { requiredKeys: ["what", "who", "pool", "keyed", "ttl", "wait"] },
    ),
  },
  {
    weight: 4,
    arbitrary: fc.record({ what: fc.constant("cleaned" as const), who: cleaner, outcome: fc.constantFrom("OK", "OK", "FAILED", "BROKEN") }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constantFrom("cleanerRenews" as const, "cleanerVanishes" as const, "cleanerDrops" as const),
      who: cleaner,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constant("cleanerFallsSilent" as const),
      who: cleaner,
      noticed: fc.constantFrom(1_000_000, 20_000_000),
    }),
  },
);
