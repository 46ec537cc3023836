import { setTimeout as sleep } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import { delayOf, isTransient } from "./errors.ts";
import { Limit } from "./limit.ts";
import { PACE, type Pace } from "./pace.ts";

/** Pauses that double from try to try, jittered so that clients of a restarted server don't come all at once. */
export class Backoff {
  readonly #signal: AbortSignal;
  readonly #pace: Pace;
  #tries = 0;

  constructor(signal: AbortSignal, pace: Pace) {
    this.#signal = signal;
    this.#pace = pace;
  }

  /** Waits for the next try, `least` ms at least; throws the signal's reason as soon as that aborts. */
  async pause(least = 0): Promise<void> {
    const longest = Math.min(this.#pace.last, this.#pace.first * 2 ** this.#tries++);
    const length = Math.max(least, longest * (0.5 + Math.random() / 2));
    await sleep(length, undefined, { signal: this.#signal }).catch(() => this.#signal.throwIfAborted());
  }

  /**
   * It went well since `begun` (of performance.now). Only after a good while is the next pause a short one: a proxy may cut each stream at
   * once.
   */
  lasted(begun: number): void {
    if (performance.now() - begun > this.#pace.last) this.#tries = 0;
  }
}

/**
 * Tries a call, which must be safe to repeat, until it answers, fails for good, the server was out of reach for the pace's patience, or
 * the signal aborts. Throws what the last try threw.
 */
export async function persist<T>(call: () => Promise<T>, signal: AbortSignal, pace: Pace = PACE): Promise<T> {
  const backoff = new Backoff(signal, pace);
  const givenUpAt = performance.now() + pace.patience;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      const delay = delayOf(error);
      if (signal.aborted || !isTransient(error) || performance.now() + delay >= givenUpAt) throw error;
      await backoff.pause(delay).catch(() => {
        throw error;
      });
    }
  }
}

/**
 * The messages of a stream that the server keeps alive with heartbeats. Without any for the pace's silence it counts as cut off (a
 * connection can die without a word) and throws `unavailable`; when `signal` aborts, it throws the reason.
 */
export async function* listen<T>(
  open: (signal: AbortSignal) => AsyncIterable<T>,
  signal: AbortSignal,
  { silence }: Pace = PACE,
): AsyncGenerator<T> {
  const limit = new Limit({ follows: signal });
  const dead = new ConnectError(`no sign of life for ${silence / 1_000} s`, Code.Unavailable);
  const timer = setTimeout(() => limit.abort(dead), silence);
  try {
    for await (const message of open(limit.signal)) {
      timer.refresh();
      yield message;
      timer.refresh();
    }
  } catch (error) {
    limit.signal.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(timer);
    // connect-es keeps a stream open when its reader leaves; an open one would keep the process from ending.
    limit.abort();
  }
}
