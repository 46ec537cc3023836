/** Counts by name: so many names by themselves, and all others together, so that a flood of names takes no more memory than that. */
export class Counts {
  readonly #most: number;
  readonly #counts = new Map<string, number>();
  #others = 0;

  constructor(most: number) {
    this.#most = most;
  }

  add(name: string): void {
    const known = this.#counts.get(name);
    if (known === undefined && this.#counts.size >= this.#most) this.#others++;
    else this.#counts.set(name, (known ?? 0) + 1);
  }

  get total(): number {
    return this.#others + [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  /** So many names, the most frequent first, and how often all others were counted. */
  top(count: number): { readonly named: readonly (readonly [name: string, count: number])[]; readonly others: number } {
    const sorted = [...this.#counts].sort(([, a], [, b]) => b - a);
    const rest = sorted.slice(count).reduce((sum, [, times]) => sum + times, this.#others);
    return { named: sorted.slice(0, count), others: rest };
  }

  clear(): void {
    this.#counts.clear();
    this.#others = 0;
  }
}
