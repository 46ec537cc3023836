import type { Duration } from "@bufbuild/protobuf/wkt";
import * as clients from "../../clients/ts/src/duration.ts";
import { Failure } from "../exit.ts";

export { milliseconds, nanoseconds } from "../../clients/ts/src/duration.ts";

/** Examples of how durations are written. */
export const DURATION_FORMS = "30s, 15m, 1h30m or 2d";

const SECOND = 1_000_000_000n;

/** Reads a duration such as "90s", "1h30m" or "2d" as a protobuf Duration. A usage Failure names `option` if it is none. */
export function parseDuration(option: string, text: string): Duration {
  const length = clients.parseDuration(text);
  if (length === undefined) throw Failure.usage(`${option} ${JSON.stringify(text)} is no duration; write it like ${DURATION_FORMS}`);
  return clients.durationOf(length);
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
