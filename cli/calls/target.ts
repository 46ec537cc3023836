import { Failure } from "../exit.ts";

/** What a check or watch looks at: an environment or a pool. Exactly one of them must be given, else it is a usage Failure. */
export function target(environment: string | undefined, pool: string | undefined): { environment: string } | { pool: string } {
  if (environment !== undefined && pool !== undefined) throw Failure.usage(`give either ENV or --pool, not both (${environment}, ${pool})`);
  if (environment !== undefined) return { environment };
  if (pool !== undefined) return { pool };
  throw Failure.usage("name an environment, or a pool with --pool");
}
