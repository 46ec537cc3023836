import { create } from "@bufbuild/protobuf";
import { type Duration, DurationSchema } from "@bufbuild/protobuf/wkt";
import { Failure } from "../exit.ts";

const SECOND = 1_000_000_000n;
const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: SECOND,
  m: 60n * SECOND,
  h: 3_600n * SECOND,
};
const PART = /(\d+)(?:\.(\d+))?(ns|us|µs|μs|ms|s|m|h)/gy;

/** Reads a Go duration such as "90s" or "1h30m" as a protobuf Duration. A usage Failure names `option` if it is none. */
export function parseDuration(option: string, text: string): Duration {
  let total = 0n;
  PART.lastIndex = 0;
  let read = 0;
  for (const [part, whole = "", fraction = "", unit = ""] of text.matchAll(PART)) {
    const size = UNITS[unit] ?? 0n;
    total += BigInt(whole) * size + (BigInt(`0${fraction}`) * size) / 10n ** BigInt(fraction.length);
    read += part.length;
  }
  if (read === 0 || read !== text.length) {
    throw Failure.usage(`${option} ${JSON.stringify(text)} is no duration; write it like 30s, 15m or 1h30m`);
  }
  return create(DurationSchema, { seconds: total / SECOND, nanos: Number(total % SECOND) });
}

/** The whole length of a protobuf Duration in nanoseconds; 0 if it is absent. */
export function nanoseconds(duration: Duration | undefined): bigint {
  return duration === undefined ? 0n : duration.seconds * SECOND + BigInt(duration.nanos);
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

/** Milliseconds for people: "2h3m4s", below ten seconds "7.5s". */
export function roughly(length: number): string {
  const step = length < 10_000 ? 100 : 1_000;
  return formatDuration(BigInt(Math.round(Math.max(0, length) / step) * step) * 1_000_000n);
}

function decimal(value: bigint, places: number): string {
  const unit = 10n ** BigInt(places);
  const fraction = (value % unit).toString().padStart(places, "0").replace(/0+$/, "");
  return fraction === "" ? `${value / unit}` : `${value / unit}.${fraction}`;
}
