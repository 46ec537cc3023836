import { parseDuration } from "../../clients/ts/src/duration.ts";
import { Failure } from "../exit.ts";
import { milliseconds, parseDuration as readDuration } from "./duration.ts";

/** Examples of how times are written. */
const FORMS = "14:00, tomorrow 14:00, friday 14:00, 2026-12-24 14:00, 2026-12-24T14:00+01:00, or 2h from then";

const DAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const TIME = /^(?:(\w{3,9}|\d{4}-\d\d-\d\d)(?:\s+|T))?(\d{1,2}):(\d\d)(?::(\d\d))?\s*(Z|[+-]\d\d:\d\d)?$/i;

/**
 * Reads a time as people write it, by this machine's clock and time zone, in ms. A time of day, a weekday or a duration counts from `base`:
 * it is the next one. A usage Failure names `option` where it is no time, or one that the clock skips.
 */
export function readMoment(option: string, text: string, base: number): number {
  const length = parseDuration(text);
  if (length !== undefined) return base + Number(length / 1_000_000n);
  const exact = exactly(text);
  if (exact !== undefined) return exact;
  const [, day, hours = "", minutes = "", seconds = "0", zone] = TIME.exec(text.trim()) ?? [];
  const clock = [Number(hours), Number(minutes), Number(seconds)] as const;
  const isTime = hours !== "" && clock[0] < 24 && clock[1] < 60 && clock[2] < 60;
  const time = isTime ? (zone === undefined ? local(day?.toLowerCase(), clock, base) : zoned(day, clock, zone)) : undefined;
  if (time === undefined) throw Failure.usage(`${option} ${JSON.stringify(text)} is no time; write it like ${FORMS}`);
  const shown = new Date(time);
  if (zone === undefined && (shown.getHours() !== clock[0] || shown.getMinutes() !== clock[1]))
    throw Failure.usage(
      `${option} ${JSON.stringify(text)}: the clock is set forward then, and skips that time; it is ${fullTime(time)} after it`,
    );
  return time;
}

/** Reads a duration, in ms; a usage Failure names `option` if it is none. */
export function lengthOf(option: string, text: string): number {
  return milliseconds(readDuration(option, text));
}

/** Examples of how past times are written. */
const PAST_FORMS = "15:00, yesterday 15:00, tuesday 15:00, 2026-11-24 15:00, 2026-11-24T15:00+01:00, or 2h for so long ago";

/**
 * Reads a past time in the same way: a time of day or a weekday is the last one before `base`, a duration so long ago, and a day without a
 * time its midnight.
 */
export function readPast(option: string, text: string, base: number): number {
  const length = parseDuration(text);
  if (length !== undefined) return base - Number(length / 1_000_000n);
  const exact = exactly(text);
  if (exact !== undefined) return exact;
  const words = text.trim().replace(/^last\s+/i, "");
  const [, day, hours = "", minutes = "", seconds = "0", zone] = TIME.exec(/:/.test(words) ? words : `${words} 00:00`) ?? [];
  const clock = [Number(hours), Number(minutes), Number(seconds)] as const;
  const isTime = hours !== "" && clock[0] < 24 && clock[1] < 60 && clock[2] < 60;
  const time = isTime ? (zone === undefined ? local(day?.toLowerCase(), clock, base, -1) : zoned(day, clock, zone)) : undefined;
  if (time === undefined) throw Failure.usage(`${option} ${JSON.stringify(text)} is no time; write it like ${PAST_FORMS}`);
  return time;
}

/**
 * The window of two such options, each if it is given. A usage Failure tells one that has not begun yet, or that is empty, as it was
 * understood.
 */
export function readWindow(since: string | undefined, until: string | undefined, base: number): { since?: number; until?: number } {
  const from = since === undefined ? undefined : readPast("--since", since, base);
  const to = until === undefined ? undefined : readPast("--until", until, base);
  if (from !== undefined && from > base)
    throw Failure.usage(`--since ${JSON.stringify(since)} is ${fullTime(from)}, which is ahead; give a past time`);
  if (from !== undefined && to !== undefined && to <= from)
    throw Failure.usage(
      `--until ${JSON.stringify(until)} is ${fullTime(to)}, which is not after --since ${JSON.stringify(since)}, ${fullTime(from)}; give a later one`,
    );
  return { ...(from !== undefined && { since: from }), ...(to !== undefined && { until: to }) };
}

const EXACT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,3}(\d*)(?:Z|[+-]\d\d:\d\d)$/i;

/** A time as our own JSON has it, with parts of a second; undefined if it is none. What was so then is so at the next whole millisecond. */
function exactly(text: string): number | undefined {
  const [, finer = ""] = EXACT.exec(text) ?? [];
  const time = EXACT.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : time + Number(/[1-9]/.test(finer));
}

type Clock = readonly [hours: number, minutes: number, seconds: number];

/** By this machine's time zone, the next behind `base` or the last before it; undefined if there is no such day. */
function local(day: string | undefined, clock: Clock, base: number, way: 1 | -1 = 1): number | undefined {
  if (day === undefined) return next(base, clock, () => true, way);
  if (day === "yesterday") return on(Date.now(), -1, clock);
  if (day === "today") return on(Date.now(), 0, clock);
  if (day === "tomorrow") return on(Date.now(), 1, clock);
  const weekday = DAYS.findIndex((name) => name === day || name.slice(0, 3) === day);
  if (weekday >= 0) return next(base, clock, (date) => date.getDay() === weekday, way);
  const [year, month, date] = day.split("-").map(Number);
  if (year === undefined || month === undefined || date === undefined) return undefined;
  const time = new Date(year, month - 1, date, ...clock);
  return time.getMonth() === month - 1 && time.getDate() === date ? time.getTime() : undefined;
}

/** The first time of day behind `base`, or the last before it, on a day that will do. */
function next(base: number, clock: Clock, does: (date: Date) => boolean, way: 1 | -1): number | undefined {
  for (let days = 0; days <= 7; days++) {
    const time = on(base, way * days, clock);
    if (way * (time - base) > 0 && does(new Date(time))) return time;
  }
  return undefined;
}

/** A time of day so many days after `base`. */
function on(base: number, days: number, clock: Clock): number {
  const date = new Date(base);
  date.setDate(date.getDate() + days);
  return date.setHours(...clock, 0);
}

/** With an offset there must be a date, too. */
function zoned(day: string | undefined, clock: Clock, zone: string): number | undefined {
  if (day === undefined || !/^\d/.test(day)) return undefined;
  const time = Date.parse(`${day}T${clock.map((part) => `${part}`.padStart(2, "0")).join(":")}${zone.toUpperCase()}`);
  return Number.isNaN(time) ? undefined : time;
}

/** A time in full, so that a misreading is seen: "Tue 2026-12-01 14:00 +01:00". In ms, by this machine's clock. */
export function fullTime(time: number): string {
  const date = new Date(time);
  const clock = date.toLocaleTimeString("sv-SE").slice(0, date.getSeconds() === 0 ? 5 : 8);
  const ahead = -date.getTimezoneOffset();
  const offset = [Math.floor(Math.abs(ahead) / 60), Math.abs(ahead) % 60].map((part) => `${part}`.padStart(2, "0")).join(":");
  return `${(DAYS[date.getDay()] ?? "").slice(0, 3).replace(/^./, (letter) => letter.toUpperCase())} ${date.toLocaleDateString("sv-SE")} ${clock} ${ahead < 0 ? "-" : "+"}${offset}`;
}

/** The name of this machine's time zone: "Europe/Berlin". */
export function timeZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}
