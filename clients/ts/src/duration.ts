import { create } from "@bufbuild/protobuf";
import { type Duration, DurationSchema } from "@bufbuild/protobuf/wkt";

/** Nanoseconds of one of each unit, the shortest first. */
export const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
};

/**
 * Reads a length of time as all of call-me writes it, in nanoseconds: Go's durations and days, such as "90s", "1h30m", "1.5d". Undefined if
 * the text is none. The server's settings have the same grammar, in src/config.ts; test/cli/duration.test.ts holds both to one table.
 */
export function parseDuration(text: string): bigint | undefined {
  if (!/^(?:\d+(?:\.\d+)?(?:ns|us|µs|μs|ms|s|m|h|d))+$/.test(text)) return undefined;
  let total = 0n;
  for (const [, whole = "", fraction = "", unit = ""] of text.matchAll(/(\d+)(?:\.(\d+))?(\D+)/g)) {
    const size = UNITS[unit] ?? 0n;
    total += BigInt(whole) * size + (BigInt(`0${fraction}`) * size) / 10n ** BigInt(fraction.length);
  }
  return total;
}

/** Nanoseconds as a protobuf Duration. */
export function durationOf(length: bigint): Duration {
  return create(DurationSchema, { seconds: length / 1_000_000_000n, nanos: Number(length % 1_000_000_000n) });
}

/** Milliseconds as a protobuf Duration, to the millisecond. */
export function durationIn(length: number): Duration {
  return durationOf(BigInt(Math.round(length)) * 1_000_000n);
}

/** A protobuf Duration in nanoseconds; 0 if it is absent. */
export function nanoseconds(duration: Duration | undefined): bigint {
  return duration === undefined ? 0n : duration.seconds * 1_000_000_000n + BigInt(duration.nanos);
}

/** A protobuf Duration in ms; 0 if it is absent. */
export function milliseconds(duration: Duration | undefined): number {
  return duration === undefined ? 0 : Number(duration.seconds) * 1_000 + duration.nanos / 1e6;
}
