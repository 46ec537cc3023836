import { type Timestamp, timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import { spell } from "./duration.ts";

/** By how much the server's clock is ahead of this machine's, in ms. A process of ours talks to one server. */
let ahead = 0;

/** A difference up to this is the way of an answer, and the whole seconds of its date. In ms. */
const NOISE = 3_000;

/** An answer has arrived, with this in its Date header: from now on times are told by it, however wrong this machine's clock is. */
export function heard(date: string | null): void {
  const difference = Date.parse(date ?? "") + 500 - Date.now();
  if (!Number.isNaN(difference)) ahead = Math.abs(difference) > NOISE ? difference : 0;
}

/** How long something has been so, in words: "12 m". */
export function elapsed(since: Timestamp): string {
  return spell(Math.floor(Math.max(0, -distance(since)) / 1_000) * 1_000);
}

/** How far ahead a time of the server is, in ms; negative: it is past. */
export function distance(time: Timestamp): number {
  return timestampMs(time) - Date.now() - ahead;
}

/** The server's time when this machine's clock shows this one, in ms. */
export function serverTime(local: number): Timestamp {
  return timestampFromMs(local + ahead);
}

/** What this machine's clock shows at a time of the server, in ms. */
export function localTime(time: Timestamp): number {
  return timestampMs(time) - ahead;
}

/** When this machine's clock will show, or showed, a time of the server: "11:27", "tomorrow 01:27", "2026-12-24 18:00"; near by with seconds. */
export function clockTime(time: Timestamp): string {
  const local = new Date(localTime(time));
  const digits = Math.abs(distance(time)) < 600_000 ? 8 : 5;
  const clock = local.toLocaleTimeString("sv-SE").slice(0, digits);
  const days = [-1, 0, 1].find((offset) => day(offset) === local.toLocaleDateString("sv-SE"));
  if (days === 0) return clock;
  return days === undefined ? `${local.toLocaleDateString("sv-SE")} ${clock}` : `${days < 0 ? "yesterday" : "tomorrow"} ${clock}`;
}

/** When this machine's clock will next show a time of day such as "17:00", or undefined if the text is none. */
export function nextTime(text: string): Date | undefined {
  const [, hours, minutes] = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
  if (hours === undefined || minutes === undefined) return undefined;
  const now = Date.now();
  const next = new Date(now);
  next.setHours(Number(hours), Number(minutes), 0, 0);
  if (next.getTime() <= now) next.setDate(next.getDate() + 1);
  return next;
}

/** The date of so many days from today, local. */
function day(offset: number): string {
  const date = new Date();
  date.setDate(date.getDate() + offset);
  return date.toLocaleDateString("sv-SE");
}
