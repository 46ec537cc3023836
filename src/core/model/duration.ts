import type { Micros } from "./units.ts";

/** Microseconds of one of each unit. */
const UNITS: Readonly<Record<string, number>> = { ns: 1e-3, us: 1, µs: 1, μs: 1, ms: 1e3, s: 1e6, m: 6e7, h: 3.6e9, d: 8.64e10 };

/** A length of time in whole microseconds; undefined if it is none. The grammar is the command line's and the clients', who don't import it. */
export function readDuration(text: string): Micros | undefined {
  if (!/^(?:\d+(?:\.\d+)?(?:ns|us|µs|μs|ms|s|m|h|d))+$/.test(text)) return undefined;
  const parts = text.matchAll(/([\d.]+)(\D+)/g);
  return Math.floor(parts.reduce((total, [, amount, unit = ""]) => total + Number(amount) * (UNITS[unit] ?? Number.NaN), 0));
}
