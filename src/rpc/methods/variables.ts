/** What environments give to their holders: read from a configuration, shown with it, and told to who holds them. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type * as pb from "../../../gen/ts/callme/v1/environment_service_pb.ts";
import type { LeaseSchema } from "../../../gen/ts/callme/v1/types_pb.ts";
import { limits } from "../../core/limits.ts";
import type { EnvironmentConfig, Variable, Variables } from "../../core/model/environment.ts";
import type { Lease, NamedNeed } from "../../core/model/lease.ts";
import { partsOf } from "../../core/model/needs.ts";
import type { Pool } from "../../core/model/pool.ts";
import { badField } from "../errors.ts";
import type { Service } from "./call.ts";
import { type Given, leaseMessage, type Present } from "./convert.ts";
import { refuseSecret, show, text } from "./fields.ts";

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const SECRET = "CALL_ME_SECRET_";
const FROM_ENV = new RegExp(`^${SECRET}[A-Za-z0-9_]+$`);

type Secrets = Service["secrets"];
type Configured = Pick<EnvironmentConfig, "variables" | "slotVariables">;

/** Hears of a field that names a variable of the server's environment; may throw. */
export type FromEnv = (field: string, fromEnv: string) => void;

/** What is wrong with a `from_env` that names nothing. */
export function whyLacking(fromEnv: string): string {
  return `${fromEnv} is not set, or empty, in the server's environment; set it there, and start the server again`;
}

/** Refuses it, since nobody could use the environment. */
export function refuseLacking(field: string, fromEnv: string): never {
  throw badField(field, whyLacking(fromEnv));
}

/** A look at what the server has, which tells what it lacks. */
export function lookUpIn(secrets: Secrets, lacking: FromEnv): FromEnv {
  return (field, fromEnv) => {
    if (!secrets.has(fromEnv)) lacking(field, fromEnv);
  };
}

/** The variables of an environment's configuration; `at` names its fields. */
export function readVariables(message: pb.Environment, capacity: number, at: (field: string) => string, lookUp: FromEnv): Configured {
  const variables = readSet(at("variables"), message.variables, lookUp);
  const slots = message.slotVariables;
  if (slots.length > capacity)
    throw badField(
      at("slot_variables"),
      `has ${slots.length} entries, and the environment ${capacity} slots; give one for each slot at most`,
    );
  const slotVariables = slots.map((slot, index) => readSet(`${at("slot_variables")}[${index}].variables`, slot.variables, lookUp));
  const entries = [variables, ...slotVariables].flatMap(Object.entries<Variable>);
  const size = entries.reduce((sum, [name, variable]) => sum + name.length + sizeOf(variable), 0);
  const most = limits.variablesOfEnvironment;
  if (size > most) throw badField(at("variables"), `and slot_variables have ${size} characters; at most ${most} are allowed together`);
  return {
    ...(Object.keys(variables).length > 0 && { variables }),
    ...(slotVariables.length > 0 && { slotVariables }),
  };
}

function readSet(field: string, given: Readonly<Record<string, pb.Variable>>, lookUp: FromEnv): Variables {
  const { count, name: longest } = limits.variables;
  const entries = Object.entries(given);
  if (entries.length > count) throw badField(field, `has ${entries.length} entries; at most ${count} are allowed`);
  return Object.fromEntries(
    entries.map(([name, variable]) => {
      refuseSecret(field, name);
      if (!NAME.test(name) || name.length > longest)
        throw badField(field, `${show(name)} is no name of a variable; use 1 to ${longest} of A-Z a-z 0-9 _, beginning with a letter or _`);
      return [name, readVariable(`${field}[${show(name)}]`, variable, lookUp)];
    }),
  );
}

function readVariable(field: string, { value, fromEnv, secret }: pb.Variable, lookUp: FromEnv): Variable {
  if ((value === undefined) === (fromEnv === "")) throw badField(field, "give either value or from_env");
  if (value !== undefined) {
    // The value is not quoted: somebody may have written a password there.
    if (secret)
      throw badField(`${field}.secret`, "needs from_env: the value of a secret is not stored; set it in the server's environment");
    return { value: text(`${field}.value`, value, limits.variables.value) };
  }
  if (!FROM_ENV.test(fromEnv) || fromEnv.length > limits.variables.fromEnv)
    throw badField(
      `${field}.from_env`,
      `${show(fromEnv)} is not ${SECRET} and 1 to ${limits.variables.fromEnv - SECRET.length} of A-Z a-z 0-9 _: nothing else of the server's environment is given away`,
    );
  lookUp(`${field}.from_env`, fromEnv);
  return { fromEnv, ...(secret && { secret }) };
}

function sizeOf(variable: Variable): number {
  return "value" in variable ? variable.value.length : variable.fromEnv.length;
}

/** The names of the server's own variables that a configuration needs, and that it does not have. */
export function lacking({ variables = {}, slotVariables = [] }: Configured, secrets: Secrets): string[] {
  const all = [variables, ...slotVariables].flatMap(Object.values<Variable>);
  const names = all.flatMap((variable) => ("fromEnv" in variable && !secrets.has(variable.fromEnv) ? variable.fromEnv : []));
  return [...new Set(names)].sort();
}

/** A lease as its holder sees it: while it is HELD, with the variables of what it holds. */
export function heldMessage(lease: Lease, pool: Pool, present: Present, secrets: Secrets): MessageInitShape<typeof LeaseSchema> {
  if (!givesVariables(lease, pool)) return leaseMessage(lease, pool, present);
  return leaseMessage(lease, pool, present, (part) => given(configOf(pool, part), part.indexes, secrets));
}

/** Whether a lease is HELD on an environment that has variables. */
export function givesVariables(lease: Lease, pool: Pool): boolean {
  return lease.state === "HELD" && partsOf(lease).some((part) => hasVariables(configOf(pool, part)));
}

function configOf(pool: Pool, { environment }: NamedNeed): Configured {
  return pool.sites.get(environment)?.environment.config ?? {};
}

function hasVariables({ variables, slotVariables }: Configured): boolean {
  return variables !== undefined || slotVariables !== undefined;
}

function given({ variables = {}, slotVariables = [] }: Configured, indexes: readonly number[], secrets: Secrets): Given {
  const slots = slotVariables.length === 0 ? [] : indexes.map((index) => slotVariables[index] ?? {});
  const all = [variables, ...slots].flatMap(Object.entries<Variable>);
  const names = (which: (variable: Variable) => boolean) =>
    [...new Set(all.flatMap(([name, variable]) => (which(variable) ? name : [])))].sort();
  return {
    variables: resolved(variables, secrets),
    slotVariables: slots.map((slot) => ({ variables: resolved(slot, secrets) })),
    secretVariables: names((variable) => "fromEnv" in variable && variable.secret === true),
    missingVariables: names((variable) => textOf(variable, secrets) === undefined),
  };
}

function resolved(variables: Variables, secrets: Secrets): Record<string, string> {
  const entries = Object.entries(variables).flatMap(([name, variable]): [string, string][] => {
    const value = textOf(variable, secrets);
    return value === undefined ? [] : [[name, value]];
  });
  return Object.fromEntries(entries);
}

function textOf(variable: Variable, secrets: Secrets): string | undefined {
  return "value" in variable ? variable.value : secrets.get(variable.fromEnv);
}
