/** How far the grants that admit a request let it go. */
import type { Micros } from "../model/units.ts";
import { type Grant, includes, type Role } from "./grant.ts";
import { Rights } from "./rights.ts";

/** What bounds a lease. */
export interface Bounds {
  readonly maxHold?: Micros;
  readonly maxPriority?: number;
  /** Which of the caller's grants count it. */
  readonly counting: readonly Grant[];
  /** Whether one of its environments is admitted by a grant that counts nothing. */
  readonly uncounted: boolean;
}

const UNBOUND: Bounds = { counting: [], uncounted: true };

/**
 * The bounds of a request by the grants that admit it. Of several that admit an environment the most generous counts, for each bound by
 * itself; of several environments the strictest, and each counts. `names`: of the environments; undefined: whatever a selector finds in the pool.
 */
export function boundsOf({ grants }: Rights, role: Role, pool: string, names: readonly (string | undefined)[]): Bounds {
  if (grants.every(({ maxHold, maxPriority, maxLeases }) => maxHold === undefined && maxPriority === undefined && maxLeases === undefined))
    return UNBOUND;
  const admitting = names.flatMap((name) => admittingGrants(grants, role, pool, name)).filter((able) => able.length > 0);
  const [maxHold, maxPriority] = [strictest(admitting, "maxHold"), strictest(admitting, "maxPriority")];
  const generous = admitting.map((one) => one.reduce((most, next) => (leasesOf(next) > leasesOf(most) ? next : most)));
  const counting = [...new Set(generous)].filter(({ maxLeases }) => maxLeases !== undefined);
  return {
    ...{ counting, uncounted: generous.some(({ maxLeases }) => maxLeases === undefined) },
    ...(maxHold !== undefined && { maxHold }),
    ...(maxPriority !== undefined && { maxPriority }),
  };
}

function leasesOf({ maxLeases = Number.POSITIVE_INFINITY }: Grant): number {
  return maxLeases;
}

const known = new WeakMap<Grant, Rights>();

function rightsOf(grant: Grant): Rights {
  const rights = known.get(grant) ?? new Rights([grant]);
  known.set(grant, rights);
  return rights;
}

/** Those that admit an environment; for a selector those of the whole pool or, without one, each that could admit what is found. */
function admittingGrants(grants: readonly Grant[], role: Role, pool: string, name: string | undefined): Grant[][] {
  const able = grants.filter((grant) => includes(grant.role, role)).map((grant) => ({ grant, rights: rightsOf(grant) }));
  if (name !== undefined) return [able.filter(({ rights }) => rights.may(role, pool, name)).map(({ grant }) => grant)];
  const whole = able.filter(({ rights }) => rights.mayPool(role, pool)).map(({ grant }) => grant);
  if (whole.length > 0) return [whole];
  return able.filter(({ rights }) => rights.within(role, pool)?.length !== 0).map(({ grant }) => [grant]);
}

/** The least of what the most generous of each allow; undefined where nothing bounds. */
function strictest(admitting: readonly Grant[][], key: "maxHold" | "maxPriority"): number | undefined {
  const each = admitting.map((able) => Math.max(...able.map((grant) => grant[key] ?? Number.POSITIVE_INFINITY)));
  const least = Math.min(...each);
  return Number.isFinite(least) ? least : undefined;
}
