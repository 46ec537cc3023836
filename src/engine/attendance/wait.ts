import type { EngineCall } from "../call.ts";
import type { Timers } from "../timers.ts";

/** A call that waits, until its time is over, its caller is gone, or the server is about to stop. */
export class Wait {
  #over = false;
  #news = false;
  #wake: (() => void) | undefined;
  readonly #closed: (wait: Wait) => void;

  /** `closed` is called at the end of it. */
  constructor(closed: (wait: Wait) => void) {
    this.#closed = closed;
  }

  get over(): boolean {
    return this.#over;
  }

  /** There is news for it. */
  readonly wake = (): void => {
    this.#news = true;
    this.#wake?.();
  };

  readonly end = (): void => {
    this.#over = true;
    this.wake();
  };

  /** Resolves when there is news, or has been since it resolved last, and when the wait is over. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#news = false;
        this.#wake = undefined;
        resolve();
      };
      if (this.#news || this.#over) this.#wake();
    });
  }

  /** Must be called when nobody waits any more. */
  close(): void {
    this.#closed(this);
  }
}

/** All waits that are open. What one costs does not depend on how many there are. */
export class Waits {
  readonly #timers: Timers;
  readonly #draining: AbortSignal;
  readonly #open = new Set<Wait>();

  constructor(timers: Timers, draining: AbortSignal) {
    this.#timers = timers;
    this.#draining = draining;
    // One listener for all: a signal looks through those that it has whenever one is added.
    draining.addEventListener("abort", () => {
      for (const wait of this.#open) wait.end();
    });
  }

  /** Opens a wait of so many milliseconds for a call. */
  open(milliseconds: number, call: EngineCall): Wait {
    const wait: Wait = new Wait(() => {
      this.#open.delete(wait);
      cancel();
    });
    const cancel = this.#timers.after(milliseconds, wait.end);
    this.#open.add(wait);
    call.onGone(wait.end);
    if (call.gone || this.#draining.aborted) wait.end();
    return wait;
  }
}
