import type { BaseContext } from "./clipanion.ts";

/** How patient the client is. All times in milliseconds. */
export interface Pace {
  /** The pause before the second try; each further one is twice as long, up to `last`, and jittered. */
  readonly first: number;
  /** The longest pause between two tries. */
  readonly last: number;
  /** How long a server may be out of reach before a call that holds no place in line gives up. */
  readonly patience: number;
  /** How often a waiting command says that it still waits. */
  readonly notice: number;
  /** A stream that was silent for so long is dead: the server sends a heartbeat every 15 s. */
  readonly silence: number;
  /** How long an interrupted command may take to clean up behind itself; CI systems kill after 7.5 s or less. */
  readonly farewell: number;
}

/** The pace outside tests. */
export const PACE: Pace = { first: 250, last: 5_000, patience: 10_000, notice: 30_000, silence: 45_000, farewell: 3_000 };

/** What a command gets from its surroundings; tests give their own. */
export interface Context extends BaseContext {
  readonly pace: Pace;
  /** What stands behind `--` on the command line of `exec`: the command to run, which is not ours to parse. */
  readonly command?: readonly string[];
  /** Aborts, with the signal's name as its reason, when the user or the CI system wants the command to end. */
  interruption(): AbortSignal;
}
