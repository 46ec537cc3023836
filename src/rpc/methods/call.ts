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
  /**
   * The answer of this call gives a lease. `lost` is called once, if it turns out not to have arrived: `written` tells whether it had been
   * handed to the system by then. At once, if the connection is lost already. May be called before a wait, after it, and again.
   * The returned function says that it has arrived (another call named the lease), or gives nothing after all: this ends the watch over
   * what has been handed to the system.
   */
  handOver(lost: (written: boolean) => void): () => void;
}

/** What the methods work with. */
export interface Service {
  readonly engine: Engine;
  readonly principals: Principals;
  readonly autoCreate: boolean;
}
