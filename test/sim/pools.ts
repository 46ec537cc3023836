import fc from "fast-check";
import type { PoolConfig } from "../../src/core/model/pool-config.ts";

/** The environments, by pool. */
export const POOLS = { default: ["a", "b"], east: ["c", "d"] } as const;

/** The pool of an environment. */
export function poolOf(environment: string): keyof typeof POOLS {
  return environment === "c" || environment === "d" ? "east" : "default";
}

/** What operators set for a pool. */
export const settings = fc.constantFrom<PoolConfig>(
  {},
  { maxQueue: 0 },
  { maxQueue: 1 },
  { maxQueue: 2 },
  { autoCreate: true },
  { autoCreate: false },
);
