/** How many calls of one caller are begun in one turn of the event loop, while others wait for it. */
const AT_ONCE = 16;

/** Calls of one caller. */
interface Line {
  begun: number;
  readonly waiting: (() => void)[];
}

/**
 * Lets nobody's calls hold up everybody else's: of those that come at once so many of each caller are begun, and the rest in the following
 * turns of the event loop, between which others are heard. It costs no throughput: a turn comes as soon as the last one's work is done.
 */
export class Fairness {
  readonly #lines = new Map<string, Line>();

  /** When a call may begin; undefined: now. Callers by their key. */
  turn(key: string): Promise<void> | undefined {
    if (this.#lines.size === 0) setImmediate(() => this.#next());
    const line = this.#lines.get(key);
    if (line === undefined) this.#lines.set(key, { begun: 1, waiting: [] });
    else if (line.begun < AT_ONCE) line.begun++;
    else return new Promise((resolve) => line.waiting.push(resolve));
    return undefined;
  }

  #next(): void {
    for (const [key, line] of this.#lines) {
      const due = line.waiting.splice(0, AT_ONCE);
      line.begun = due.length;
      if (due.length === 0) this.#lines.delete(key);
      for (const begin of due) begin();
    }
    if (this.#lines.size > 0) setImmediate(() => this.#next());
  }
}
