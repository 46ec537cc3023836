import { type DescField, type DescMessage, fromJson, type JsonObject, type JsonValue, ScalarType, toJson } from "@bufbuild/protobuf";
import { DurationSchema } from "@bufbuild/protobuf/wkt";
import { durationOf, parseDuration } from "../../clients/ts/src/duration.ts";
import {
  type Environment,
  EnvironmentSchema,
  type PoolConfig,
  PoolConfigSchema,
  VariableSchema,
} from "../../gen/ts/callme/v1/environment_service_pb.ts";
import type { Failure } from "../exit.ts";
import { nearest } from "../help/suggestion.ts";
import { DURATION_FORMS } from "../words/duration.ts";
import type { FleetDocument, Path } from "./document.ts";

/** Fields of an environment that the server alone sets; `env list --json` has them. proto says of each that it is output only. */
export const OUTPUT_ONLY: ReadonlySet<string> = new Set(["state", "state_reason", "state_until", "on_demand", "facts"]);

/** What a file says. */
export interface Fleet {
  readonly environments: Environment[];
  readonly pools: PoolConfig[];
  /** Where the environments are in the document. */
  readonly at: Path;
  /** The keys that were left out because they say nothing that can be applied, each once. */
  readonly leftOut: readonly string[];
}

/**
 * Reads `{"environments": […], "pools": […]}`, or the list of environments alone. Keys that begin with x- are the file's own, such as a place
 * for anchors. Strict: a field that does not exist is a typing error, and must not quietly become a
 * default. Durations are written as on the command line. A usage Failure names file, line and field.
 */
export function fleetIn(document: FleetDocument): Fleet {
  const reader = new Reader(document);
  const { at, environments, pools } = reader.findLists();
  return {
    environments: environments.map((entry, index) => fromJson(EnvironmentSchema, reader.message(EnvironmentSchema, entry, [...at, index]))),
    pools: pools.map((entry, index) => fromJson(PoolConfigSchema, reader.message(PoolConfigSchema, entry, ["pools", index]))),
    at,
    leftOut: [...reader.leftOut],
  };
}

/** Where in the document is what the server calls `environments[3].labels["a b"]` or `pools[1]`, or an environment of that name. */
export function placeIn({ environments, at }: Fleet, field: string, name: string | undefined): Path {
  const parts = [...field.matchAll(/\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|(\w+)/g)];
  const [list, ...inside] = parts.map(([, index, key, word]) => (index === undefined ? (key ?? word ?? "") : Number(index)));
  if (list === "pools") return ["pools", ...inside];
  if (inside.length > 0 || name === undefined) return [...at, ...inside];
  return [...at, environments.findIndex((one) => one.name === name)];
}

/** A path as messages write it: `environments[3].labels["a b"]`. */
export function written(path: Path): string {
  const whole = typeof path[0] === "number" ? ["environments", ...path] : path;
  return whole
    .map((part) => (typeof part === "number" ? `[${part}]` : /^\w+$/.test(part) ? `.${part}` : `[${JSON.stringify(part)}]`))
    .join("")
    .replace(/^\./, "");
}

class Reader {
  readonly leftOut = new Set<string>();
  readonly #document: FleetDocument;

  constructor(document: FleetDocument) {
    this.#document = document;
  }

  /** The two lists, and where that of the environments is. */
  findLists(): { readonly at: Path; readonly environments: readonly unknown[]; readonly pools: readonly unknown[] } {
    const { value } = this.#document;
    if (Array.isArray(value)) return { at: [], environments: value, pools: [] };
    if (!isObject(value)) throw this.#document.failure([], `${shown(value)} is no fleet; write {"environments": […]}, or the list alone`);
    for (const key of Object.keys(value)) {
      if (key === "nextPageToken" || key === "next_page_token") this.leftOut.add(key);
      else if (!LISTS.includes(key) && !key.startsWith("x-")) throw this.#document.failure([key], besideEnvironments(key));
    }
    const { environments, pools } = value;
    if (!Array.isArray(environments)) {
      const complaint = environments === undefined ? "environments is missing" : `environments: got ${shown(environments)}`;
      throw this.#document.failure(["environments"], `${complaint}; write {"environments": […]}`);
    }
    if (pools !== undefined && pools !== null && !Array.isArray(pools))
      throw this.#fault(["pools"], pools, 'write a list, e.g. [{"name": "default", "maxQueue": 20}]');
    return { at: ["environments"], environments, pools: pools ?? [] };
  }

  message(type: DescMessage, value: unknown, path: Path): JsonObject {
    if (!isObject(value)) throw this.#fault(path, value, `write an object, e.g. ${exampleOf(type, this.#textOf(path, value))}`);
    const read = new Map<string, [key: string, JsonValue]>();
    for (const [key, item] of Object.entries(value)) {
      const at = [...path, key];
      const field = type.fields.find(({ name, jsonName }) => name === key || jsonName === key);
      if (field === undefined) throw this.#document.failure(at, `${written(path)}: ${unknownField(key, type)}`);
      const [before] = read.get(field.jsonName) ?? [];
      if (before !== undefined) throw this.#document.failure(at, `${written(at)}: is given before, as ${before}; give it once`);
      if (type === EnvironmentSchema && OUTPUT_ONLY.has(field.name)) this.leftOut.add(key);
      // A key without a value, which YAML allows, is as good as none.
      else if (item !== null) read.set(field.jsonName, [key, this.#field(field, item, at)]);
    }
    return Object.fromEntries([...read].map(([name, [, item]]) => [name, item]));
  }

  #field(field: DescField, value: unknown, path: Path): JsonValue {
    if (field.fieldKind === "list") {
      if (!Array.isArray(value)) throw this.#fault(path, value, "write a list, […]");
      return value.map((item, index) => this.#one(field, item, [...path, index]));
    }
    if (field.fieldKind === "map") {
      if (!isObject(value)) throw this.#fault(path, value, 'write an object, e.g. {"name": "text"}');
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.#one(field, item, [...path, key])]));
    }
    return this.#one(field, value, path);
  }

  #one(field: DescField, value: unknown, path: Path): JsonValue {
    if (field.message?.typeName === DurationSchema.typeName) return this.#duration(value, path);
    if (field.message !== undefined && !field.message.typeName.startsWith("google.")) return this.message(field.message, value, path);
    if (field.enum !== undefined) {
      // HOLD for ON_EXPIRY_HOLD: the field says the rest.
      const meant = field.enum.values.find(({ name, localName }) => value === name || value === localName);
      if (meant !== undefined) return meant.name;
    } else if (fits(field, value)) return value;
    throw this.#fault(path, value, `write ${expected(field, this.#textOf(path, value))}`);
  }

  #duration(value: unknown, path: Path): JsonValue {
    const length = typeof value === "string" ? parseDuration(value) : undefined;
    try {
      if (length !== undefined) return toJson(DurationSchema, durationOf(length));
    } catch {
      // Longer than any: of 10,000 years.
    }
    throw this.#fault(path, value, `write a duration like ${DURATION_FORMS}`);
  }

  #fault(path: Path, value: unknown, remedy: string): Failure {
    const got = typeof value === "string" ? shown(value) : (this.#textOf(path, value) ?? shown(value));
    return this.#document.failure(path, `${written(path)}: got ${got}; ${remedy}`);
  }

  /** A text, number or truth as the file writes it: 1.10, 007 and 1e5 are other texts than the numbers that they are read as. */
  #textOf(path: Path, value: unknown): string | undefined {
    if (typeof value === "string") return value;
    return typeof value === "number" || typeof value === "boolean" ? (this.#document.source(path) ?? String(value)) : undefined;
  }
}

/** Whether protobuf takes this value for the field, or for one entry of it. */
function fits(field: DescField, value: unknown): value is JsonValue {
  // Protobuf also takes numbers in quotes.
  if (field.scalar !== ScalarType.STRING && typeof value === "string") return false;
  const whole = field.fieldKind === "list" ? [value] : field.fieldKind === "map" ? { key: value } : value;
  try {
    fromJson(field.parent, { [field.jsonName]: whole as JsonValue });
    return true;
  } catch {
    return false;
  }
}

/** An object of this type; of a variable, what was probably meant. */
function exampleOf(type: DescMessage, text: string | undefined): string {
  if (type !== VariableSchema) return "{name: uat}";
  return text === undefined ? '{value: "text"}' : `{value: ${inYaml(text)}}`;
}

/** A text as YAML reads it as one, and as that one. */
function inYaml(text: string): string {
  return /^[a-z][\w.-]*$/i.test(text) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text) ? text : JSON.stringify(text);
}

/** What a field takes, with an example where possible of what was meant: `text` is what the file has. */
function expected(field: DescField, text: string | undefined): string {
  if (field.enum !== undefined)
    return `one of ${field.enum.values
      .slice(1)
      .map(({ localName }) => localName)
      .join(", ")}`;
  if (field.scalar === ScalarType.BOOL) return "true or false";
  if (field.scalar !== ScalarType.STRING) return "a whole number, e.g. 2";
  return text === undefined ? 'a text, e.g. "text"' : `a text, in quotes: ${JSON.stringify(text)}`;
}

function unknownField(key: string, type: DescMessage): string {
  const own = type.fields.filter(({ name }) => !OUTPUT_ONLY.has(name));
  const names = own.map(({ name, jsonName }) => (key.includes("_") ? name : jsonName));
  const meant = nearest(key, names);
  const hint = meant === undefined ? `there are ${names.join(", ")}` : `did you mean ${JSON.stringify(meant)}?`;
  return `${JSON.stringify(key)} is unknown; ${hint}`;
}

/** What a file has. */
const LISTS: readonly string[] = ["environments", "pools"];

/** What a request has beside that, and the options that say it here. */
const OPTIONS: ReadonlyMap<string, string> = new Map([
  ["prune", "--prune"],
  ["dryRun", "--dry-run"],
  ["dry_run", "--dry-run"],
]);

function besideEnvironments(key: string): string {
  const option = OPTIONS.get(key);
  const meant = nearest(key, LISTS);
  const hint = meant === undefined ? "take it out, or begin it with x- if it is your own" : `did you mean ${JSON.stringify(meant)}?`;
  return `${JSON.stringify(key)} is unknown beside "environments"; ${option === undefined ? hint : `give ${option} instead`}`;
}

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A value as messages quote it. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (isObject(value)) return "an object";
  if (typeof value !== "string") return String(value);
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
}
