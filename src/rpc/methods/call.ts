import type { Caller } from "../../core/command.ts";
import type { Engine } from "../../engine/engine.ts";
import type { Principals } from "../principal.ts";

/** The circumstances of a call, whatever transport it came by. */
export interface Call {
  readonly caller: Caller;
  /** Aborts when the caller is gone, or its deadline has passed. Also after an answer: never release on it. */
  readonly signal: AbortSignal;
  /** Milliseconds that the caller still waits for the answer; undefined: for ever. */
  timeLeft(): number | undefined;
  /** Calls back if the connection is lost before the whole answer was handed to the system; at once if it is lost already. */
  onLost(call: () => void): void;
}

/** What the methods work with. */
export interface Service {
  readonly engine: Engine;
  readonly principals: Principals;
  readonly autoCreate: boolean;
}
