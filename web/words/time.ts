// Times and lengths as people read them.

/** A protobuf Timestamp or Duration. */
interface Span {
  readonly seconds: bigint;
  readonly nanos: number;
}

/** In ms. */
export function milliseconds({ seconds, nanos }: Span): number {
  return Number(seconds) * 1_000 + nanos / 1e6;
}

/** In ms, where there is one. */
export function maybe(span: Span | undefined): number | undefined {
  return span === undefined ? undefined : milliseconds(span);
}

/** As protobuf has it: a Timestamp of ms since 1970, or a Duration of that many ms. */
export function spanOf(ms: number): Span {
  const seconds = Math.floor(ms / 1_000);
  return { seconds: BigInt(seconds), nanos: Math.round((ms - seconds * 1_000) * 1e6) };
}

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const UNITS = [
  ["d", DAY],
  ["h", HOUR],
  ["m", MINUTE],
  ["s", 1_000],
] as const;

/** Milliseconds in two units at most, as the command line tells them: "42 s", "3 m 20 s", "12 m", "1 h 5 m", "2 d 3 h". */
export function spell(length: number): string {
  const ms = Math.max(0, length);
  const step = ms < 10 * MINUTE ? 1_000 : ms < DAY ? MINUTE : HOUR;
  let left = Math.floor(ms / step) * step;
  const parts = UNITS.flatMap(([unit, size]) => {
    const count = Math.floor(left / size);
    left -= count * size;
    return count === 0 ? [] : [`${count} ${unit}`];
  });
  return parts.slice(0, 2).join(" ") || "0 s";
}

const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const SECONDS = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const WEEKDAY = new Intl.DateTimeFormat("en-GB", { weekday: "short" });
const DATE = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const FULL = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "long" });

/** "14:20" today, "Tue 14:20" within six days, else "3 Dec 14:20". */
export function clockTime(at: number, now: number): string {
  return day(at, now) === "" ? TIME.format(at) : `${day(at, now)} ${TIME.format(at)}`;
}

/** The same with seconds: "14:20:07". */
export function exactTime(at: number, now: number): string {
  return day(at, now) === "" ? SECONDS.format(at) : `${day(at, now)} ${SECONDS.format(at)}`;
}

/** "Tue 3 Dec". */
export function dateOf(at: number): string {
  return `${WEEKDAY.format(at)} ${DATE.format(at)}`;
}

/** "Tuesday 3 December 2026 at 14:20:07 CET". */
export function inFull(at: number): string {
  return FULL.format(at);
}

/** The beginning of the day that a time is in, here. */
export function midnight(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}

function day(at: number, now: number): string {
  if (midnight(at) === midnight(now)) return "";
  return Math.abs(at - now) < 6 * DAY ? WEEKDAY.format(at) : DATE.format(at);
}
