import type { DoorLimits } from "./limits.ts";

/** Time since the first sweep that asked, or since the first one after `restart`: late by up to a sweep, never early. */
export class Stopwatch {
  #start: number | undefined;

  restart(): void {
    this.#start = undefined;
  }

  /** Milliseconds; `now` is the sweep's clock. */
  elapsed(now: number): number {
    this.#start ??= now;
    return now - this.#start;
  }
}

const WINDOW = 64 * 1024;
const MOST_WINDOWS = 6;

/** Tells a reader that is slow from one that has stopped. */
export class Backlog {
  #gone = Number.NaN;
  readonly #still = new Stopwatch();

  /**
   * Whether `waiting` bytes have waited too long, or are too many; `gone`: those that have gone out so far. Node reports a chunk only when
   * all of it is gone, so a chunk has its time for each 64 KiB, up to six times.
   */
  stuck(waiting: number, gone: number, now: number, limits: DoorLimits): boolean {
    if (waiting === 0 || gone !== this.#gone) this.#still.restart();
    this.#gone = gone;
    const windows = Math.min(Math.max(Math.ceil(waiting / WINDOW), 1), MOST_WINDOWS);
    return waiting > limits.maxBacklog || this.#still.elapsed(now) >= limits.stallTimeout * windows;
  }
}
