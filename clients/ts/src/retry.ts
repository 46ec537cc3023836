import { setTimeout as sleep } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import { isTransient } from "./errors.ts";
import { Limit } from "./limit.ts";

/** How long a server may be out of reach while nothing is at stake, in ms. */
export const PATIENCE = 10_000;
/** A stream that was silent for so long is dead, in ms: the server sends a heartbeat every 15 s. */
const SILENCE = 40_000;
/** The longest pause between two tries, in ms. */
const LONGEST = 5_000;

/** Pauses of 0.1 s to 5 s that double from try to try, jittered so that clients of a restarted server don't come all at once. */
export class Backoff {
  readonly #signal: AbortSignal;
  #tries = 0;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** Waits for the next try; throws as soon as the signal aborts. */
  async pause(): Promise<void> {
    const longest = Math.min(LONGEST, 200 * 2 ** this.#tries++);
    await sleep(longest * (0.5 + Math.random() / 2), undefined, { signal: this.#signal });
  }

  /** It went well since `begun` (of performance.now). Only after a good while is the next pause a short one: a proxy may cut each stream at once. */
  lasted(begun: number): void {
    if (performance.now() - begun > LONGEST) this.#tries = 0;
  }
}

/** Tries a call until it answers, fails for good, or the server was out of reach for `patience` ms. The call must be safe to repeat. */
export async function persist<T>(call: () => Promise<T>, signal: AbortSignal, patience = PATIENCE): Promise<T> {
  const backoff = new Backoff(signal);
  const givenUpAt = performance.now() + patience;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (signal.aborted || !isTransient(error) || performance.now() >= givenUpAt) throw error;
    }
    await backoff.pause();
  }
}

/**
 * The messages of a stream that the server keeps alive with heartbeats. Without any for SILENCE it counts as cut off (a connection
 * can die without a word) and throws `unavailable`; when `signal` aborts, it throws the reason.
 */
export async function* listen<T>(open: (signal: AbortSignal) => AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const limit = new Limit({ follows: signal });
  const silence = new ConnectError(`no sign of life for ${SILENCE / 1_000} s`, Code.Unavailable);
  const timer = setTimeout(() => limit.abort(silence), SILENCE);
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
