/** A call as the engine sees it. */
export interface EngineCall {
  /** Whether the caller is gone, or its deadline has passed. */
  readonly gone: boolean;
  /** Calls the listener when the caller is gone; not necessarily at the deadline: who waits for long looks at the time that is left. */
  onGone(listener: () => void): void;
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
