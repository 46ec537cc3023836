/** What a caller may do, by all of its grants together. Nothing is allowed that none of them does. */
import { EVERYTHING, type Grant, includes, ROLES, type Role } from "./grant.ts";
import { fitsAny, globsIn, isEverything, type Pattern, patternOf } from "./pattern.ts";

interface Reach {
  readonly everything: boolean;
  readonly patterns: readonly Pattern[];
}

/** The rights of one caller: a value. A question about everything costs a look at a flag. */
export class Rights {
  readonly grants: readonly Grant[];
  readonly #reach = new Map<Role, Reach>();

  constructor(grants: readonly Grant[]) {
    this.grants = grants;
    for (const role of ROLES) {
      const patterns = grants.filter((grant) => includes(grant.role, role)).flatMap((grant) => grant.patterns.map(patternOf));
      if (patterns.length > 0) this.#reach.set(role, { everything: patterns.some(isEverything), patterns });
    }
  }

  /** Whether there is anything that it may do this to. */
  has(role: Role): boolean {
    return this.#reach.has(role);
  }

  /** Whether it may do this to everything there is, and ever will be. */
  mayAll(role: Role): boolean {
    return this.#reach.get(role)?.everything ?? false;
  }

  /** Whether it may do this to an environment, which need not exist. */
  may(role: Role, pool: string, environment: string): boolean {
    const globs = this.within(role, pool);
    return globs === undefined || fitsAny(globs, environment);
  }

  /** Whether it may do this to a whole pool. */
  mayPool(role: Role, pool: string): boolean {
    return this.within(role, pool) === undefined;
  }

  /** The globs of the names that it may do this to in a pool; undefined: to all, without any: to none. */
  within(role: Role, pool: string): readonly string[] | undefined {
    const reach = this.#reach.get(role);
    if (reach === undefined) return [];
    return reach.everything ? undefined : globsIn(reach.patterns, pool);
  }
}

/** Of who may do everything. */
export const ALL_RIGHTS = new Rights([EVERYTHING]);
/** Of who may do nothing by itself. */
export const NO_RIGHTS = new Rights([]);
