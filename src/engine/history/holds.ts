import { HoldTimes } from "../../core/hold-times.ts";
import { limits } from "../../core/limits.ts";
import { namesOf } from "../../core/model/needs.ts";
import type { Micros } from "../../core/model/units.ts";
import type { Commit } from "../../store/store.ts";

/** How many of the last holds of an environment count, and of how few nothing is told. */
const MOST = 64;
const LEAST = 5;

interface Last {
  /** Oldest first. */
  readonly durations: Micros[];
  /** What they come to, until there is another. */
  times?: HoldTimes | undefined;
}

/** How long environments were held lately: in memory, filled from ends as they are committed and, after a start, from the history. */
export class RecentHolds {
  /** The one that was held last is the last. */
  readonly #environments = new Map<string, Last>();
  readonly most: number = MOST;
  /** Rises when holds have become known that did not just end. */
  recalled = 0;

  note(commit: Commit): void {
    for (const lease of commit.leases) {
      const { state, grantedAt, heldAt, endedAt, cleaning } = lease;
      if (state !== "ENDED" || heldAt === undefined || grantedAt === undefined || endedAt === undefined || cleaning === true) continue;
      for (const name of namesOf(lease)) this.#add(name, endedAt - grantedAt);
    }
    for (const name of commit.deleted) this.#environments.delete(name);
  }

  /** Holds from before all that were noted, oldest first. */
  recall(environment: string, durations: readonly Micros[]): void {
    const last = this.#environments.get(environment)?.durations ?? [];
    const room = MOST - last.length;
    if (room <= 0) return;
    this.#put(environment, { durations: [...durations.slice(-room), ...last] });
    this.recalled++;
  }

  /** Undefined where it was not held often enough to tell anything. */
  timesOf(environment: string): HoldTimes | undefined {
    const last = this.#environments.get(environment);
    if (last === undefined || last.durations.length < LEAST) return undefined;
    last.times ??= new HoldTimes(last.durations);
    return last.times;
  }

  #add(environment: string, duration: Micros): void {
    const last = this.#environments.get(environment) ?? { durations: [] };
    last.durations.push(duration);
    if (last.durations.length > MOST) last.durations.shift();
    last.times = undefined;
    this.#put(environment, last);
  }

  #put(environment: string, last: Last): void {
    this.#environments.delete(environment);
    this.#environments.set(environment, last);
    if (this.#environments.size <= limits.environments.total) return;
    const [oldest] = this.#environments.keys();
    if (oldest !== undefined) this.#environments.delete(oldest);
  }
}
