import type { Micros } from "../../core/model/units.ts";
import type { DeadLetter, Desk, Those, WaitingLetter } from "./letters.ts";
import { type Letter, RULE } from "./notice.ts";

/** Letters in memory, for tests and simulations. */
export class MemoryDesk implements Desk {
  #last = 0;
  readonly #letters = new Map<number, WaitingLetter | DeadLetter>();
  readonly #marks = new Map<string, Set<string>>();

  counts(): [string, number][] {
    return [...Map.groupBy(this.#alive(), ({ to }) => to)].map(([to, letters]) => [to, letters.length]);
  }

  add(letter: Letter): boolean {
    if ([...this.#letters.values()].some(({ id }) => id === letter.id)) return false;
    const number = ++this.#last;
    this.#letters.set(number, { ...letter, number });
    return true;
  }

  waiting(to: string, after: number, limit: number): WaitingLetter[] {
    return this.oldest({ to }, Number.POSITIVE_INFINITY)
      .filter(({ number }) => number > after)
      .slice(0, limit);
  }

  oldest(of: Those, limit: number): WaitingLetter[] {
    const isMeant = ({ to }: Letter) => of === "all" || (of === "named" ? !to.startsWith(RULE) : to === of.to);
    return this.#alive().filter(isMeant).slice(0, limit);
  }

  remove(numbers: readonly number[]): number {
    const alive = this.#among(numbers);
    for (const number of numbers) this.#letters.delete(number);
    return alive.length;
  }

  bury(numbers: readonly number[], diedAt: Micros, why: string): number {
    const alive = this.#among(numbers);
    for (const letter of alive) this.#letters.set(letter.number, { ...letter, diedAt, why });
    return alive.length;
  }

  dead(limit: number, before: number): DeadLetter[] {
    const found = [...this.#letters.values()].filter((letter): letter is DeadLetter => isDead(letter) && letter.number < before);
    return found.sort((a, b) => b.number - a.number).slice(0, limit);
  }

  revive(id: string): string | undefined {
    const found = this.dead(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY).find((letter) => letter.id === id);
    if (found === undefined) return undefined;
    this.remove([found.number]);
    this.add({ id, to: found.to, notice: found.notice });
    return found.to;
  }

  trimDead(kept: number): void {
    this.remove(
      this.dead(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY)
        .slice(kept)
        .map(({ number }) => number),
    );
  }

  mark(lease: string, id: string): boolean {
    const marks = this.#marks.get(lease) ?? new Set();
    if (marks.has(id)) return false;
    this.#marks.set(lease, marks.add(id));
    return true;
  }

  unmark(leases: readonly string[]): void {
    for (const lease of leases) this.#marks.delete(lease);
  }

  get isMarked(): boolean {
    return this.#marks.size > 0;
  }

  together(act: () => void): void {
    act();
  }

  #among(numbers: readonly number[]): WaitingLetter[] {
    return this.#alive().filter(({ number }) => numbers.includes(number));
  }

  #alive(): WaitingLetter[] {
    return [...this.#letters.values()].filter((letter) => !isDead(letter));
  }
}

function isDead(letter: WaitingLetter): boolean {
  return "diedAt" in letter;
}
