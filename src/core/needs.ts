/** What a request wants, or a lease has: the one room that knows how a need names its environment. */
import type { Need, Pool, Site } from "./model.ts";
import { siteOf } from "./site.ts";

/** A lease, or a request that may become one. */
interface Wanting {
  readonly needs: readonly Pick<Need, "environment" | "slots">[];
}

/** So many slots of an environment. */
export interface Part {
  readonly name: string;
  readonly site: Site;
  readonly slots: number;
}

/** The names of the environments, in the order of the request. */
export function namesOf({ needs }: Wanting): string[] {
  return needs.map((need) => need.environment);
}

/** Whether an environment is one of them. */
export function isOn({ needs }: Wanting, environment: string): boolean {
  return needs.some((need) => need.environment === environment);
}

/** Each need with its environment, which the pool must have. */
export function partsOf(pool: Pool, { needs }: Wanting): Part[] {
  return needs.map(({ environment, slots }) => ({ name: environment, site: siteOf(pool, environment), slots }));
}
