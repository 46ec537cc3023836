/** Lines of a log that somebody else can cause as many of as they like: so many are written, and the rest counted. */

/** Of each group. */
const MOST = 20;
const SPAN = 60_000;

type Write = (facts: object, text: string) => void;

/** Writes at most so many lines a minute of each group, 20 unless given, and then how many more there were. */
export class SparingLog {
  readonly #write: Write;
  readonly #most: number;
  #since = Number.NEGATIVE_INFINITY;
  readonly #lines = new Map<string, number>();

  constructor(write: Write, most = MOST) {
    this.#write = write;
    this.#most = most;
  }

  /** `group`: of few, and never what a caller wrote. Those of one do not silence another. */
  write(facts: object, text: string, group: string): void {
    const now = performance.now();
    if (now - this.#since >= SPAN) {
      const more = [...this.#lines].flatMap(([name, lines]) => (lines > this.#most ? [[name, lines - this.#most] as const] : []));
      if (more.length > 0) this.#write({ more: Object.fromEntries(more) }, "more lines like those before were left out");
      this.#since = now;
      this.#lines.clear();
    }
    const lines = (this.#lines.get(group) ?? 0) + 1;
    this.#lines.set(group, lines);
    if (lines <= this.#most) this.#write(facts, text);
  }
}
