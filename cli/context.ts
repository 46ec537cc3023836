import * as clients from "../clients/ts/src/pace.ts";
import type { BaseContext } from "./clipanion.ts";
import type { Origin } from "./process/origin.ts";

/** How patient the command line is. All times in milliseconds. */
export interface Pace extends clients.Pace {
  /** How often a waiting command says that it still waits. */
  readonly notice: number;
}

/** The pace outside tests: that of every client. */
export const PACE: Pace = { ...clients.PACE, notice: 30_000 };

/** What a command gets from its surroundings; tests give their own. */
export interface Context extends BaseContext {
  readonly pace: Pace;
  /** What stands behind `--` on the command line of `exec`: the command to run, which is not ours to parse. */
  readonly command?: readonly string[];
  /** How the caller started this process. */
  readonly origin?: Origin;
  /** Aborts, with the signal's name as its reason, when the user or the CI system wants the command to end. */
  interruption(): AbortSignal;
}
