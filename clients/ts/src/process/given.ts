import type { LeasedEnvironment } from "../../../../gen/ts/callme/v1/types_pb.ts";

/** What such variables are called: this, and the name that is configured. */
export const PREFIX = "CALL_ME_VAR_";

/** A variable of what a lease holds, as a command is given it. */
export interface GivenVariable {
  /** CALL_ME_VAR_URL; where the lease has several values of URL, with what tells them apart. */
  readonly name: string;
  readonly value: string;
  /** Not to be seen in a log, or kept in a file. */
  readonly secret: boolean;
}

type Values = ReadonlyMap<string, string>;
/** A variable of one environment by what tells its values apart: nothing, or `_` and a slot's index. */
type Found = readonly (readonly [suffix: string, value: string])[];

/** What is given of one variable of one environment. */
interface Candidate extends GivenVariable {
  /** "URL of uat". */
  readonly what: string;
}

/**
 * The variables of all environments of a lease. What has one value is given by its name alone: CALL_ME_VAR_URL. What has several is given
 * with the environment, if there are several (CALL_ME_VAR_URL_UAT), and with the slot's index, if slots of it differ, or only some have it
 * (CALL_ME_VAR_SERIAL_3). Where two values would still have one name, neither is given: a command shall rather miss one than take the wrong
 * one.
 */
export function givenVariables(environments: readonly LeasedEnvironment[]): GivenVariable[] {
  return candidates(environments).given.map(({ name, value, secret }) => ({ name, value, secret }));
}

/** What is not given, as its name would be that of another value: "URL of rack-a". */
export function collidingVariables(environments: readonly LeasedEnvironment[]): string[] {
  return [...new Set(candidates(environments).colliding.map(({ what }) => what))];
}

function candidates(environments: readonly LeasedEnvironment[]): { readonly given: Candidate[]; readonly colliding: Candidate[] } {
  const secrets = new Set(environments.flatMap(({ secretVariables }) => secretVariables));
  const plain = new Map<string, Candidate>();
  const apart = new Map<string, Candidate[]>();
  for (const name of namesIn(environments)) {
    const secret = secrets.has(name);
    const found = environments.flatMap((environment) =>
      valuesOf(environment, name).map(([suffix, value]) => ({ environment: environment.name, suffix, value })),
    );
    const isOne = new Set(found.map(({ value }) => value)).size === 1 && found.every(({ suffix }) => suffix === "");
    for (const { environment, suffix, value } of found) {
      const key = `${name}${isOne ? "" : `${environments.length > 1 ? `_${spelled(environment)}` : ""}${suffix}`}`;
      const candidate = { name: `${PREFIX}${key}`, value, secret, what: `${name} of ${environment}` };
      if (isOne) plain.set(key, candidate);
      else apart.set(key, [...(apart.get(key) ?? []), candidate]);
    }
  }
  const [given, colliding] = [[...plain.values()], [] as Candidate[]];
  for (const [key, all] of apart) {
    const [first] = all;
    const isClear = !plain.has(key) && all.every(({ value }) => value === first?.value);
    if (!isClear) colliding.push(...all);
    else if (first !== undefined) given.push(first);
  }
  return { given, colliding };
}

/** The variables that the server has no value for: "PASSWORD of uat". Nobody shall begin without them. */
export function missingVariables(environments: readonly LeasedEnvironment[]): string[] {
  return environments.flatMap(({ name, missingVariables }) => missingVariables.map((variable) => `${variable} of ${name}`));
}

/** Without what another lease has given, which is not this one's. */
export function withoutGiven<V>(env: Readonly<Record<string, V>>): Record<string, V> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith(PREFIX)));
}

/** As environment variables. */
export function asVariables(given: readonly GivenVariable[]): Record<string, string> {
  return Object.fromEntries(given.map(({ name, value }) => [name, value]));
}

function namesIn(environments: readonly LeasedEnvironment[]): ReadonlySet<string> {
  const sets = environments.flatMap(({ variables, slotVariables }) => [variables, ...slotVariables.map((slot) => slot.variables)]);
  return new Set(sets.flatMap((set) => Object.keys(set)));
}

function valuesOf({ variables, slotVariables, slotIndexes }: LeasedEnvironment, name: string): Found {
  const general = Object.hasOwn(variables, name) ? variables[name] : undefined;
  if (slotVariables.length === 0) return general === undefined ? [] : [["", general]];
  const bySlot: Values = new Map(
    slotVariables.flatMap((slot, nth) => {
      const value = Object.hasOwn(slot.variables, name) ? slot.variables[name] : general;
      return value === undefined ? [] : [[`_${slotIndexes[nth] ?? nth}`, value] as const];
    }),
  );
  const [first, ...others] = new Set(bySlot.values());
  const isSame = others.length === 0 && bySlot.size === slotVariables.length;
  return isSame && first !== undefined ? [["", first]] : [...bySlot];
}

/** The name of an environment within that of a variable: `rack-a/7` is RACK_A_7. */
function spelled(environment: string): string {
  return environment.toUpperCase().replace(/[^A-Z0-9]/g, "_");
}
