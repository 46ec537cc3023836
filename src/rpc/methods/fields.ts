/** Input fields: each check names the field, the value and the remedy. Times and durations come out in microseconds. */
import type { Duration, Timestamp } from "@bufbuild/protobuf/wkt";
import { hasSecret } from "../../access/secrets.ts";
import { limits } from "../../core/limits.ts";
import type { Micros } from "../../core/model/units.ts";
import { badField } from "../errors.ts";

const NAME = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$/;
// C0, DEL and C1 controls, line separators, and the marks that reorder text for a reader.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

/** A name that is about to be created. */
export function newName(field: string, value: string): string {
  refuseSecret(field, value);
  if (NAME.test(value)) return value;
  throw badField(field, `${show(value)} is not a name; use 1 to 128 of A-Z a-z 0-9 . _ / -, beginning with a letter or digit`);
}

/** Throws if a key or token was put where it would be kept, and shown to others. */
export function refuseSecret(field: string, value: string): void {
  if (hasSecret(value))
    throw badField(field, "has a key or token in it, which others would see; leave it out, and rotate or revoke that key");
}

/** A text that must not be empty. */
export function required(field: string, value: string): string {
  if (value === "") throw badField(field, "is missing");
  return value;
}

/** Free text of at most `max` characters, without control and bidirectional characters, and without keys. */
export function text(field: string, value: string, max: number = limits.text): string {
  if ([...value].length > max) throw badField(field, `has ${[...value].length} characters; at most ${max} are allowed`);
  if (UNSAFE.test(value) || !value.isWellFormed())
    throw badField(field, `${show(value)} has control or bidirectional characters; remove them`);
  refuseSecret(field, value);
  return value;
}

/** A whole number in a range. */
export function integer(field: string, value: number, min: number, max: number): number {
  if (value < min || value > max) throw badField(field, `${value} is out of range; give ${min} to ${max}`);
  return value;
}

/** What an enum's value means. One of a newer contract must not become a default. */
export function choice<V extends number, T>(field: string, value: V, meanings: Partial<Record<V, T>>): T {
  const meaning = meanings[value];
  if (meaning === undefined) throw badField(field, `${value} is no value that this server knows; it may be older than its caller`);
  return meaning;
}

/** A duration in a range, or undefined if absent. */
export function duration(field: string, value: Duration | undefined, range: { min: Micros; max: Micros }): Micros | undefined {
  if (value === undefined) return undefined;
  const micros = Number(value.seconds) * 1_000_000 + Math.trunc(value.nanos / 1_000);
  if (micros < range.min || micros > range.max) {
    const most = Number.isFinite(range.max) ? `to ${written(range.max)}` : "or more";
    throw badField(field, `${sent(value)} is out of range; give ${written(range.min)} ${most}`);
  }
  return micros;
}

/** A duration as it was sent: also what is shorter than a microsecond. */
function sent({ seconds, nanos }: Duration): string {
  if (nanos % 1_000 === 0) return written(Number(seconds) * 1_000_000 + nanos / 1_000);
  const fraction = String(Math.abs(nanos)).padStart(9, "0").replace(/0+$/, "");
  return `${seconds < 0n || nanos < 0 ? "-" : ""}${seconds < 0n ? -seconds : seconds}.${fraction}s`;
}

/** A duration as people write it, in the largest unit of which it is a whole number: "30d", "90s", "0.5s". */
function written(micros: Micros): string {
  const seconds = micros / 1_000_000;
  const units = { d: 86_400, h: 3_600, m: 60 };
  const [unit, size] = Object.entries(units).find(([, length]) => seconds !== 0 && seconds % length === 0) ?? ["s", 1];
  return `${seconds / size}${unit}`;
}

/** A time between the years 1970 and 2255, which is what a safe integer of microseconds, and every JSON reader, can hold. */
export function time(field: string, value: Timestamp): Micros {
  const micros = Number(value.seconds) * 1_000_000 + Math.trunc(value.nanos / 1_000);
  if (Number.isSafeInteger(micros) && micros >= 0) return micros;
  throw badField(field, "is out of range; give a time between the years 1970 and 2255");
}

/** A time in RFC 3339. */
export function timeAsWritten(at: Micros): string {
  return new Date(at / 1_000).toISOString();
}

/** Labels or links: names to text. */
export function dictionary(field: string, value: Record<string, string>, check: typeof text = text): Record<string, string> {
  const entries = Object.entries(value);
  if (entries.length > limits.labels) throw badField(field, `has ${entries.length} entries; at most ${limits.labels} are allowed`);
  for (const [key, item] of entries) {
    text(`${field} key`, required(`${field} key`, key), limits.name);
    check(`${field}[${show(key)}]`, item);
  }
  return value;
}

/** An http or https address, which is safe to show as a link on a page. */
export function link(field: string, value: string): string {
  if (!/^https?:\/\//.test(text(field, value))) throw badField(field, `${show(value)} is not an http or https address`);
  return value;
}

/** A value as error messages quote it: shortened, with control and bidirectional characters escaped. */
export function show(value: string): string {
  const short = value.length > 60 ? `${value.slice(0, 60)}…` : value;
  return JSON.stringify(short).replace(new RegExp(UNSAFE, "g"), (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
