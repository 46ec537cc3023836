/** Items by key, several for a key. Most keys have one, which costs no set. */
export class MultiMap<T extends object> {
  readonly #items = new Map<string, T | Set<T>>();

  add(key: string, item: T): void {
    const known = this.#items.get(key);
    if (known === undefined) this.#items.set(key, item);
    else if (known instanceof Set) known.add(item);
    else this.#items.set(key, new Set([known, item]));
  }

  /** Tells whether it was there. */
  delete(key: string, item: T): boolean {
    const known = this.#items.get(key);
    const found = known instanceof Set ? known.delete(item) : known === item;
    if (found && (known === item || (known instanceof Set && known.size === 0))) this.#items.delete(key);
    return found;
  }

  has(key: string): boolean {
    return this.#items.has(key);
  }

  /** The items of a key as they are now. */
  of(key: string): readonly T[] {
    const known = this.#items.get(key);
    return known === undefined ? [] : known instanceof Set ? [...known] : [known];
  }
}
