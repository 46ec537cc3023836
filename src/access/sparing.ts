/** Lines of a log that somebody else can cause as many of as they like: so many are written, and the rest counted. */

/** Of each group. */
const MOST = 20;
const SPAN = 60_000;

interface Log {
  warn(facts: object, text: string): void;
}

/** Writes at most 20 lines a minute of each group, and then how many more there were. */
export class SparingLog {
  readonly #log: Log;
  #since = Number.NEGATIVE_INFINITY;
  readonly #lines = new Map<string, number>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** `group`: of few, and never what a caller wrote. Those of one do not silence another. */
  warn(facts: object, text: string, group: string): void {
    const now = performance.now();
    if (now - this.#since >= SPAN) {
      const more = [...this.#lines].flatMap(([name, lines]) => (lines > MOST ? [[name, lines - MOST] as const] : []));
      if (more.length > 0) this.#log.warn({ more: Object.fromEntries(more) }, "more lines like those before were left out");
      this.#since = now;
      this.#lines.clear();
    }
    const lines = (this.#lines.get(group) ?? 0) + 1;
    this.#lines.set(group, lines);
    if (lines <= MOST) this.#log.warn(facts, text);
  }
}
