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

/**
 * The variables of all environments of a lease. What has one value is given by its name alone: CALL_ME_VAR_URL. What has several is given
 * with the environment, if there are several (CALL_ME_VAR_URL_UAT), and with the slot's index, if slots of it differ (CALL_ME_VAR_SERIAL_3).
 * Where two values would still have one name, neither is given: a command shall rather miss one than take the wrong one.
 */
export function givenVariables(environments: readonly LeasedEnvironment[]): GivenVariable[] {
  const secrets = new Set(environments.flatMap(({ secretVariables }) => secretVariables));
  const plain = new Map<string, GivenVariable>();
  const apart = new Map<string, GivenVariable | undefined>();
  for (const name of namesIn(environments)) {
    const found = environments.map((environment) => valuesOf(environment, name));
    const secret = secrets.has(name);
    const [first, ...others] = new Set(found.flatMap((one) => one.map(([, value]) => value)));
    if (first === undefined) continue;
    if (others.length === 0) {
      plain.set(name, { name: `${PREFIX}${name}`, value: first, secret });
      continue;
    }
    for (const [index, one] of found.entries())
      for (const [suffix, value] of one) {
        const key = `${name}${environments.length > 1 ? `_${spelled(environments[index]?.name ?? "")}` : ""}${suffix}`;
        const taken = apart.has(key) && apart.get(key)?.value !== value;
        apart.set(key, taken ? undefined : { name: `${PREFIX}${key}`, value, secret });
      }
  }
  const rest = [...apart].flatMap(([key, variable]) => (variable === undefined || plain.has(key) ? [] : [variable]));
  return [...plain.values(), ...rest];
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
  return others.length === 0 && first !== undefined ? [["", first]] : [...bySlot];
}

/** The name of an environment within that of a variable: `rack-a/7` is RACK_A_7. */
function spelled(environment: string): string {
  return environment.toUpperCase().replace(/[^A-Z0-9]/g, "_");
}
