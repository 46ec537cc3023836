import { setTimeout as sleep } from "node:timers/promises";
import type { Pace } from "./context.ts";
import { isTransient } from "./failure.ts";

/** Pauses that grow from try to try, jittered so that clients of a restarted server don't come all at once. */
export class Backoff {
  readonly #pace: Pace;
  readonly #signal: AbortSignal;
  #tries = 0;

  constructor(pace: Pace, signal: AbortSignal) {
    this.#pace = pace;
    this.#signal = signal;
  }

  /** Waits for the next try; throws as soon as the signal aborts. */
  async pause(): Promise<void> {
    const { first, last } = this.#pace;
    const longest = Math.min(last, first * 2 ** this.#tries++);
    await sleep(longest * (0.5 + Math.random() / 2), undefined, { signal: this.#signal });
  }

  /** The server answered: the next pause is a short one again. */
  reset(): void {
    this.#tries = 0;
  }
}

/** Tries a call until it answers, fails for good, or the server was out of reach for `pace.patience`. The call must be safe to repeat. */
export async function persist<T>(pace: Pace, signal: AbortSignal, call: () => Promise<T>): Promise<T> {
  const backoff = new Backoff(pace, signal);
  const givenUpAt = performance.now() + pace.patience;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (signal.aborted || !isTransient(error) || performance.now() >= givenUpAt) throw error;
    }
    await backoff.pause();
  }
}
