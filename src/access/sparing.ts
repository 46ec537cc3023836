/** Lines of a log that somebody else can cause as many of as they like: so many are written, and the rest counted. */

const MOST = 20;
const SPAN = 60_000;

interface Log {
  warn(facts: object, text: string): void;
}

/** Writes at most 20 lines a minute, and then how many more there were. */
export class SparingLog {
  readonly #log: Log;
  #since = Number.NEGATIVE_INFINITY;
  #lines = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  warn(facts: object, text: string): void {
    const now = performance.now();
    if (now - this.#since >= SPAN) {
      if (this.#lines > MOST) this.#log.warn({ more: this.#lines - MOST }, "more lines like those before were left out");
      this.#since = now;
      this.#lines = 0;
    }
    if (++this.#lines <= MOST) this.#log.warn(facts, text);
  }
}
