/** What has happened on an environment, or on several together. */
import type { EndReason } from "../core/model/lease.ts";

/** What a lease that was granted is for. */
export type Purpose = "use" | "cleaning";

/** Bounds in seconds, of waits and holds: from what nobody notices to a working day. */
export const LONG = [1, 5, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 14_400, 28_800] as const;

/** How long something took, each time. */
export class Spans {
  /** How many fit under each bound and not under the one before; the last one: under none. */
  readonly buckets: number[] = new Array<number>(LONG.length + 1).fill(0);
  /** In seconds, of all. */
  sum = 0;

  note(seconds: number): void {
    const at = LONG.findIndex((bound) => seconds <= bound);
    const bucket = at < 0 ? LONG.length : at;
    this.buckets[bucket] = (this.buckets[bucket] ?? 0) + 1;
    this.sum += seconds;
  }

  add({ buckets, sum }: Spans): void {
    for (const [bucket, count] of buckets.entries()) this.buckets[bucket] = (this.buckets[bucket] ?? 0) + count;
    this.sum += sum;
  }
}

export class Counts {
  readonly grants: Record<Purpose, number> = { use: 0, cleaning: 0 };
  readonly ends: Record<EndReason, number> = {
    ...{ RELEASED: 0, EXPIRED: 0, WITHDRAWN: 0, ABANDONED: 0 },
    ...{ TIMED_OUT: 0, SUPERSEDED: 0, FORCE_RELEASED: 0, UNSATISFIABLE: 0 },
  };
  readonly waits = new Spans();
  readonly holds = new Spans();

  /** It was granted to somebody who has waited so long, in seconds; who cleans has waited in no line. */
  granted(purpose: Purpose, waited: number): void {
    this.grants[purpose]++;
    if (purpose === "use") this.waits.note(waited);
  }

  /** A lease on it, or that waited for it, has ended; `held`: for how many seconds somebody had it. */
  ended(reason: EndReason, held: number | undefined): void {
    this.ends[reason]++;
    if (held !== undefined) this.holds.note(held);
  }

  add({ grants, ends, waits, holds }: Counts): void {
    for (const [purpose, count] of Object.entries(grants) as [Purpose, number][]) this.grants[purpose] += count;
    for (const [reason, count] of Object.entries(ends) as [EndReason, number][]) this.ends[reason] += count;
    this.waits.add(waits);
    this.holds.add(holds);
  }
}
