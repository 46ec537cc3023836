import type { Micros } from "../../core/model/units.ts";
import type { Spread, StatsRow } from "./history.ts";

/** The figures of one key of the statistics, while they are counted. */
export class Tally {
  grants = 0;
  expired = 0;
  forced = 0;
  abandoned = 0;
  /** Time of slots, held and there, in microseconds. */
  held = 0;
  capacity = 0;
  /** When its only environment was made, if that was within the window. */
  begun: Micros | undefined;
  readonly waits: Micros[] = [];
  readonly holds: Micros[] = [];

  row(key: string, from: Micros): StatsRow {
    const { grants, expired, forced, abandoned } = this;
    return {
      ...{ key, grants, expired, forced, abandoned },
      utilisation: this.capacity > 0 ? this.held / this.capacity : 0,
      wait: spreadOf(this.waits),
      hold: spreadOf(this.holds),
      coversFrom: Math.max(from, this.begun ?? 0),
    };
  }
}

/** Percentiles by nearest rank: each is one of the values. */
function spreadOf(values: readonly Micros[]): Spread {
  const sorted = Float64Array.from(values).sort();
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
  return { count: sorted.length, p50: at(0.5), p95: at(0.95), max: at(1) };
}
