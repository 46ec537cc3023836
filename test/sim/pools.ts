/** The environments, by pool. */
export const POOLS = { default: ["a", "b"], east: ["c", "d"] } as const;

/** The pool of an environment. */
export function poolOf(environment: string): keyof typeof POOLS {
  return environment === "c" || environment === "d" ? "east" : "default";
}
