/** How long an identity is good for, where that can end at any time. Streams listen to it: thousands may, and each leaves by itself. */
export class Tenure {
  #over = false;
  readonly #listeners = new Set<() => void>();

  get over(): boolean {
    return this.#over;
  }

  /** Calls back when it ends, at once if it has; until the returned function is called. */
  onEnd(listener: () => void): () => void {
    if (this.#over) listener();
    else this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Ends it, for good. */
  end(): void {
    this.#over = true;
    for (const listener of this.#listeners) listener();
    this.#listeners.clear();
  }
}
