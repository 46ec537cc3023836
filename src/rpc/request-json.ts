/**
 * A request's JSON. What protobuf-es refuses is explained here: the path of the field in proto names, its value, and what fits: what was
 * probably meant, or where that cannot be told the form alone, since a remedy that is taken over must not mean something else.
 * protobuf-es judges what fits, and the walk asks it about ever smaller parts.
 */
import {
  type DescEnum,
  type DescField,
  type DescMessage,
  fromJson,
  fromJsonString,
  type JsonValue,
  type MessageShape,
  type Registry,
  ScalarType,
} from "@bufbuild/protobuf";
import { near, nearest } from "../core/verbs/refusal.ts";
import { failure } from "./errors.ts";
import { show } from "./methods/fields.ts";

const DURATION = "google.protobuf.Duration";
/** What a request may have that protobuf-es reads up to the s only, as a second: "1s500ms". */
const LOOSE = /"-?\d+(\.\d+)?s[^"]/;

/** How a method with such requests reads and writes JSON. `registry`: the messages that an Any may hold. */
export function jsonOptions(input: DescMessage, registry?: Registry) {
  // An unknown field is refused, so that a misspelt one does not silently mean its default.
  return { ignoreUnknownFields: false, textDecoder: new RequestDecoder(input, registry), ...(registry && { registry }) };
}

const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** Turns the bytes of a request into its text, for connect-es to read; throws MALFORMED unless they are a message of this type. */
class RequestDecoder {
  readonly #type: DescMessage;
  readonly #registry: Registry | undefined;

  constructor(type: DescMessage, registry: Registry | undefined) {
    this.#type = type;
    this.#registry = registry;
  }

  decode(bytes?: Uint8Array): string {
    const text = textOf(bytes);
    read(this.#type, text, this.#registry);
    return text;
  }
}

/** The message in the bytes of a request; throws MALFORMED unless they are one of this type. */
export function messageOf<S extends DescMessage>(type: S, bytes: Uint8Array, registry?: Registry): MessageShape<S> {
  return read(type, textOf(bytes), registry);
}

function textOf(bytes?: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw failure("MALFORMED", "the request is no UTF-8; send JSON as UTF-8");
  }
}

function read<S extends DescMessage>(type: S, text: string, registry: Registry | undefined): MessageShape<S> {
  let message: MessageShape<S> | undefined;
  let complaint = "";
  try {
    message = fromJsonString(type, text, registry === undefined ? {} : { registry });
    if (!LOOSE.test(text)) return message;
  } catch (error) {
    complaint = error instanceof Error ? error.message : String(error);
  }
  const refusal = explain(type, text, complaint);
  if (refusal !== undefined || message === undefined) throw refusal ?? failure("MALFORMED", complaint);
  return message;
}

/** `complaint`: the message of protobuf-es's error; empty if it had none, and then there may be nothing wrong. */
function explain(type: DescMessage, text: string, complaint: string): Error | undefined {
  if (text === "") return failure("MALFORMED", "the request is empty; send a JSON object, at least {}");
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch (error) {
    return failure("MALFORMED", `the request is no JSON: ${(error as SyntaxError).message}`);
  }
  const fault = faultIn(type, value, "");
  if (fault === undefined) return complaint === "" ? undefined : failure("MALFORMED", complaint);
  if (fault.path === "") return failure("MALFORMED", `the request: ${fault.complaint}`);
  return failure("MALFORMED", `${fault.path}: ${fault.complaint}`, { field: fault.path });
}

interface Fault {
  readonly path: string;
  readonly complaint: string;
}

/** The first thing in a message that does not fit; undefined if it is none of one field alone. */
function faultIn(type: DescMessage, value: JsonValue, path: string): Fault | undefined {
  if (!isObject(value)) return { path, complaint: `${shown(value)} is no ${type.name}; write an object, {…}` };
  const given = new Map<DescField, string>();
  for (const [key, item] of Object.entries(value)) {
    const field = type.fields.find(({ name, jsonName }) => name === key || jsonName === key);
    if (field === undefined) return unknownKey(type, key, path);
    const at = `${path === "" ? "" : `${path}.`}${field.name}`;
    const before = given.get(field);
    if (before !== undefined) return { path: at, complaint: `is given twice, as ${before} and as ${key}; give it once` };
    given.set(field, key);
    if (!fits(field, item)) return faultOf(field, key, item, at);
  }
  return undefined;
}

function unknownKey(type: DescMessage, key: string, path: string): Fault {
  const names = type.fields.map(({ name }) => name);
  const own = /^\w+$/.test(key) ? `${path === "" ? "" : "."}${key}` : `[${show(key)}]`;
  const meant = near(key, new Set([...names, ...type.fields.map(({ jsonName }) => jsonName)]));
  return { path: `${path}${own}`, complaint: `${show(key)} is unknown${meant || `; ${type.name} has ${names.join(", ")}`}` };
}

/** `key`: how the request spells the field's name. */
function faultOf(field: DescField, key: string, value: JsonValue, path: string): Fault {
  if (field.fieldKind === "list" && Array.isArray(value)) {
    const index = value.findIndex((item) => !fits(field, [item]));
    if (index >= 0) return faultOfOne(field, `${JSON.stringify(key)}:[…]`, value[index] ?? null, `${path}[${index}]`);
  }
  if (field.fieldKind === "map" && isObject(value)) {
    const [name, item] = Object.entries(value).find(([name, item]) => !fits(field, { [name]: item })) ?? ["", null];
    return faultOfOne(field, `${JSON.stringify(key)}:{…}`, item, `${path}[${show(name)}]`);
  }
  if (field.fieldKind === "list") return { path, complaint: `${shown(value)} is no list; write ${JSON.stringify(key)}:[…]` };
  if (field.fieldKind === "map") return { path, complaint: `${shown(value)} is no object; write ${JSON.stringify(key)}:{"name":"text"}` };
  return faultOfOne(field, key, value, path);
}

function faultOfOne(field: DescField, key: string, value: JsonValue, path: string): Fault {
  const type = field.message;
  if (type !== undefined && !hasItsOwnForm(type)) {
    const inner = faultIn(type, value, path);
    if (inner !== undefined) return inner;
  }
  const { kind, meant, form = "" } = expected(field, value);
  const example = meant ?? form;
  const whole = field.fieldKind === "list" || field.fieldKind === "map" ? example : `${JSON.stringify(key)}:${example}`;
  const remedy = example === "" ? "" : `; write ${meant === undefined ? "it like " : ""}${whole}`;
  return { path, complaint: `${shown(value)} is ${kind}${remedy}` };
}

/** What a value must be; in JSON what was probably `meant`, or else an example of the `form` where `kind` does not tell it. */
interface Expectation {
  readonly kind: string;
  readonly meant: string | undefined;
  readonly form?: string;
}

function expected(field: DescField, value: JsonValue): Expectation {
  if (field.message?.typeName === DURATION) return { kind: "no duration in seconds", meant: secondsIn(value), form: '"60s"' };
  if (field.message?.typeName === "google.protobuf.Timestamp")
    return { kind: "no time as of RFC 3339", meant: undefined, form: '"2027-01-31T12:00:00Z"' };
  if (field.enum !== undefined) return namedValue(field.enum, value);
  switch (field.scalar) {
    case ScalarType.STRING: {
      if (typeof value === "string")
        return { kind: "no well-formed text: half of a surrogate pair is missing", meant: undefined, form: '"text"' };
      const meant = typeof value === "number" || typeof value === "boolean" ? `"${value}"` : undefined;
      return { kind: "no text", meant, form: '"text"' };
    }
    case ScalarType.BOOL:
      return { kind: "neither true nor false", meant: truthIn(value) };
    case ScalarType.INT64:
    case ScalarType.UINT64:
      return { kind: "no whole number of 64 bits that fits here", meant: undefined, form: '"1"' };
    default:
      return { kind: "no whole number that fits here", meant: undefined, form: "1" };
  }
}

/** The name of an enum that ends with what was written, or else the one nearest to it. */
function namedValue(type: DescEnum, value: JsonValue): Expectation {
  // An enum's first value (unspecified) is no example of what to send.
  const names = type.values.slice(1).map(({ name }) => name);
  const prefix = type.sharedPrefix?.toUpperCase() ?? "";
  const written = typeof value === "string" ? value.trim().toUpperCase().replaceAll(/\W+/g, "_") : "";
  const ends = names.find((name) => written !== "" && `_${name}`.endsWith(`_${written}`));
  // What all of them begin with says nothing about how near two of them are.
  const [close] = nearest(
    written.startsWith(prefix) ? written.slice(prefix.length) : written,
    names.map((name) => name.slice(prefix.length)),
  );
  const meant = ends ?? (close === undefined ? undefined : `${prefix}${close}`);
  return { kind: `none of ${names.join(", ")}`, meant: meant === undefined ? undefined : JSON.stringify(meant) };
}

function truthIn(value: JsonValue): string | undefined {
  if (/^(true|yes|y|on|1)$/i.test(`${value}`)) return "true";
  return /^(false|no|n|off|0)$/i.test(`${value}`) ? "false" : undefined;
}

const NUMBER = String.raw`(\d+(?:\.\d+)?(?:e\d+)?)`;
const UNIT = "(milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d)";
const PART = String.raw`${NUMBER}\s*${UNIT}\s*`;
const DURATION_LIKE = new RegExp(`^(?:${NUMBER}|(?:${PART})+)$`);

/** The duration that is meant by 3600, "3600", "1e3s" or "1h30m"; undefined where that cannot be told. */
function secondsIn(value: JsonValue): string | undefined {
  const written = typeof value === "string" || typeof value === "number" ? `${value}`.trim() : "";
  if (!DURATION_LIKE.test(written)) return undefined;
  const parts = [...written.matchAll(new RegExp(PART, "g"))];
  const seconds =
    parts.length === 0 ? Number(written) : parts.reduce((sum, [, amount, unit = ""]) => sum + Number(amount) * lengthOf(unit), 0);
  const exact = Number(seconds.toFixed(9));
  return seconds === 0 || (exact >= 0.001 && exact <= 1e9) ? `"${exact}s"` : undefined;
}

/** A unit in seconds, by the letters that tell it. */
function lengthOf(unit: string): number {
  if (/^m(s|illi)/.test(unit)) return 0.001;
  return { s: 1, m: 60, h: 3_600, d: 86_400 }[unit[0] ?? ""] ?? 1;
}

/** Whether protobuf-es takes this value for the field, and reads all of it. */
function fits(field: DescField, value: JsonValue): boolean {
  try {
    fromJson(field.parent, { [field.jsonName]: value });
    return !isLoose(field, value);
  } catch {
    return false;
  }
}

/** Whether it has a duration of which protobuf-es would read the beginning only. */
function isLoose(field: DescField, value: JsonValue): boolean {
  if (Array.isArray(value)) return value.some((item) => isLoose(field, item));
  if (field.message?.typeName === DURATION) return typeof value === "string" && !/^-?\d+(\.\d+)?s$/.test(value);
  if (field.message === undefined || !isObject(value)) return false;
  const { fields } = field.message;
  return Object.entries(value).some(([key, item]) =>
    fields.some((one) => (one.name === key || one.jsonName === key) && isLoose(one, item)),
  );
}

/** Whether JSON has a form of its own for the type, as for Duration, instead of its fields. */
function hasItsOwnForm(type: DescMessage): boolean {
  return type.typeName.startsWith("google.protobuf.");
}

function isObject(value: JsonValue): value is { readonly [key: string]: JsonValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function shown(value: JsonValue): string {
  if (Array.isArray(value)) return "a list";
  if (isObject(value)) return "an object";
  return typeof value === "string" ? show(value) : `${value}`;
}
