/** Timers as the engine needs them; a simulation brings its own. */
export interface Timers {
  /** Calls back after so many milliseconds, at most an hour; the returned function cancels that. Must not keep the process alive. */
  after(milliseconds: number, call: () => void): () => void;
}

/** A timer above 2^31-1 ms fires at once (Node), so none is longer than an hour; whoever set it looks at the time again. */
const LONGEST = 3_600_000;

export const realTimers: Timers = {
  after(milliseconds, call) {
    const timer = setTimeout(call, Math.min(Math.max(0, Math.ceil(milliseconds)), LONGEST));
    timer.unref();
    return () => clearTimeout(timer);
  },
};
