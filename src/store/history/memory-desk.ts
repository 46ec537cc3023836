import type { Micros } from "../../core/model/units.ts";
import { ruleOf } from "./addressee.ts";
import type { Dead, DeadLetter, Desk, Letter, Those, WaitingLetter } from "./letter.ts";

/** Letters in memory, for tests and simulations. */
export class MemoryDesk implements Desk {
  #last = 0;
  #letters = new Map<number, WaitingLetter | DeadLetter>();
  #marks = new Map<string, ReadonlySet<string>>();

  counts(): [string, number][] {
    return [...Map.groupBy(this.#alive(), ({ to }) => to)].map(([to, letters]) => [to, letters.length]);
  }

  deadCount(): number {
    return [...this.#letters.values()].filter(isDead).length;
  }

  add({ id, to, notice }: Letter): boolean {
    if ([...this.#letters.values()].some((letter) => id === letter.id)) return false;
    const number = ++this.#last;
    this.#letters.set(number, { id, to, notice, number });
    return true;
  }

  waiting(to: string, after: number, limit: number): WaitingLetter[] {
    return this.oldest({ to }, Number.POSITIVE_INFINITY)
      .filter(({ number }) => number > after)
      .slice(0, limit);
  }

  oldest(of: Those, limit: number): WaitingLetter[] {
    const isMeant = ({ to }: Letter) => of === "all" || (of === "named" ? ruleOf(to) === undefined : to === of.to);
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
    const found = [...this.#letters.values()].filter(isDead).filter(({ number }) => number < before);
    return found.sort((a, b) => b.number - a.number).slice(0, limit);
  }

  take(of: Dead): Letter[] {
    const isMeant = ({ id, to }: Letter) => of === "all" || ("id" in of ? id === of.id : to === of.to);
    const found = [...this.#letters.values()].filter(isDead).filter(isMeant);
    this.remove(found.map(({ number }) => number));
    return found;
  }

  trimDead(kept: number, before: Micros): void {
    const dead = this.dead(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
    this.remove(dead.filter(({ diedAt }, index) => index >= kept || diedAt < before).map(({ number }) => number));
  }

  mark(lease: string, id: string): boolean {
    const marks = this.#marks.get(lease) ?? new Set();
    if (marks.has(id)) return false;
    this.#marks.set(lease, new Set([...marks, id]));
    return true;
  }

  marked(): string[] {
    return [...this.#marks.keys()];
  }

  unmark(leases: readonly string[]): void {
    for (const lease of leases) this.#marks.delete(lease);
  }

  get isMarked(): boolean {
    return this.#marks.size > 0;
  }

  together(act: () => void): void {
    const before = [new Map(this.#letters), new Map(this.#marks)] as const;
    try {
      act();
    } catch (error) {
      [this.#letters, this.#marks] = before;
      throw error;
    }
  }

  #among(numbers: readonly number[]): WaitingLetter[] {
    return this.#alive().filter(({ number }) => numbers.includes(number));
  }

  #alive(): WaitingLetter[] {
    return [...this.#letters.values()].filter((letter) => !isDead(letter));
  }
}

function isDead(letter: WaitingLetter): letter is DeadLetter {
  return "diedAt" in letter;
}
