import type { Duration } from "@bufbuild/protobuf/wkt";
import * as clients from "../../clients/ts/src/duration.ts";
import { Failure } from "../exit.ts";

export { durationIn, milliseconds, nanoseconds } from "../../clients/ts/src/duration.ts";

/** Examples of how durations are written. */
export const DURATION_FORMS = "30s, 15m, 1h30m or 2d";

const SECOND = 1_000_000_000n;

/** Those of the units that every keyboard has, longest first. */
const ASCII_UNITS = Object.entries(clients.UNITS)
  .filter(([unit]) => /^[a-z]+$/.test(unit))
  .reverse();

/** Reads a duration such as "90s", "1h30m" or "2d" as a protobuf Duration. A usage Failure names `option` if it is none. */
export function parseDuration(option: string, text: string): Duration {
  const length = clients.parseDuration(text);
  if (length === undefined) throw Failure.usage(`${option} ${JSON.stringify(text)} is no duration; write it like ${DURATION_FORMS}`);
  return clients.durationOf(length);
}

/** Writes nanoseconds as `parseDuration` reads them, with as few letters as can be: "1h30m", "2d". */
export function writeDuration(length: bigint): string {
  if (length === 0n) return "0s";
  let [text, left] = ["", length];
  for (const [unit, size] of ASCII_UNITS) {
    if (left >= size) text += `${left / size}${unit}`;
    left %= size;
  }
  return text;
}

/** Writes nanoseconds as Go's time.Duration does: "57.134996ms", "1h0m0s". */
export function formatDuration(length: bigint): string {
  if (length < 0n) return `-${formatDuration(-length)}`;
  if (length === 0n) return "0s";
  if (length < 1_000n) return `${length}ns`;
  if (length < 1_000_000n) return `${decimal(length, 3)}µs`;
  if (length < SECOND) return `${decimal(length, 6)}ms`;
  const minutes = length / (60n * SECOND);
  const seconds = `${decimal(length % (60n * SECOND), 9)}s`;
  if (minutes === 0n) return seconds;
  return minutes < 60n ? `${minutes}m${seconds}` : `${minutes / 60n}h${minutes % 60n}m${seconds}`;
}

/** Seconds of one of each unit that people count in, longest first. */
const SPELLED = [
  ["d", 86_400],
  ["h", 3_600],
  ["m", 60],
  ["s", 1],
] as const;

/** Milliseconds for people, in two units at most: "7.5 s", "3 m 20 s", "12 m", "1 h 5 m", "2 d 3 h". */
export function spell(length: number): string {
  const seconds = Math.max(0, length) / 1_000;
  if (seconds < 9.95) return `${Math.round(seconds * 10) / 10} s`;
  const step = seconds < 599.5 ? 1 : seconds < 86_370 ? 60 : 3_600;
  let left = Math.round(seconds / step) * step;
  const parts = SPELLED.map(([unit, size]) => {
    const count = Math.floor(left / size);
    left -= count * size;
    return count === 0 ? "" : `${count} ${unit}`;
  });
  return parts.filter(Boolean).join(" ");
}

function decimal(value: bigint, places: number): string {
  const unit = 10n ** BigInt(places);
  const fraction = (value % unit).toString().padStart(places, "0").replace(/0+$/, "");
  return fraction === "" ? `${value / unit}` : `${value / unit}.${fraction}`;
}
