import { limits } from "../core/limits.ts";
import { nearest } from "../core/verbs/refusal.ts";

/** How many names before and behind a misspelt one are compared with it, in each of the two orders. */
const NEIGHBOURS = 32;
/** Up to so many changes are put where they belong one by one; with more, all is sorted. */
const FEW = 100;
/** Of how many misspelt names it is remembered what they are near to. */
const REMEMBERED = 10_000;

interface Entry {
  /** The name as it is compared: letter case tells no two of them apart. */
  readonly key: string;
  readonly name: string;
}

/**
 * The names of the environments that somebody has configured, and which of them is near to one that nobody has. One typing error leaves the
 * longer half of a name as it was, at its beginning or at its end: so the names are kept in order from the front and from the back, and only
 * neighbours are compared. What a look costs does not depend on how many names there are; the first one behind a change orders them again.
 */
export class ConfiguredNames {
  readonly #configured = new Set<string>();
  /** What has changed since the lists were put in order: to whether it is in them now. */
  readonly #changed = new Map<string, boolean>();
  #forward: readonly Entry[] = [];
  #backward: readonly Entry[] = [];
  readonly #found = new Map<string, readonly string[]>();

  /** Takes the name in, or out. */
  put(name: string, configured: boolean): void {
    if (this.#configured.has(name) === configured) return;
    if (configured) this.#configured.add(name);
    else this.#configured.delete(name);
    this.#changed.set(name, configured);
    this.#found.clear();
  }

  /** Up to three configured names that were probably meant, the nearest first; none for a name that is configured itself. */
  near(name: string): readonly string[] {
    if (this.#configured.has(name) || name.length > limits.name) return [];
    const known = this.#found.get(name);
    if (known !== undefined) return known;
    const found = nearest(name, this.candidates(name), reachOf(name));
    const [oldest] = this.#found.keys();
    if (this.#found.size >= REMEMBERED && oldest !== undefined) this.#found.delete(oldest);
    this.#found.set(name, found);
    return found;
  }

  /** The names that one is compared with: a bounded number, however many there are. */
  candidates(name: string): ReadonlySet<string> {
    this.#order();
    const key = name.toLowerCase();
    return new Set([...around(this.#forward, key), ...around(this.#backward, turned(key))].map((entry) => entry.name));
  }

  #order(): void {
    if (this.#changed.size === 0) return;
    this.#forward = this.#ordered(this.#forward, (name) => name.toLowerCase());
    this.#backward = this.#ordered(this.#backward, (name) => turned(name.toLowerCase()));
    this.#changed.clear();
  }

  #ordered(entries: readonly Entry[], keyOf: (name: string) => string): readonly Entry[] {
    const changed = [...this.#changed].map(([name, configured]) => ({ key: keyOf(name), name, configured }));
    const added = changed.filter(({ configured }) => configured);
    if (changed.length > FEW) {
      const kept = entries.filter(({ name }) => !this.#changed.has(name));
      return [...kept, ...added].sort((a, b) => (a.key < b.key ? -1 : 1));
    }
    const list = [...entries];
    for (const { key, name } of changed) {
      let at = firstFrom(list, key);
      while (list[at]?.key === key && list[at]?.name !== name) at++;
      if (list[at]?.name === name) list.splice(at, 1);
    }
    for (const { key, name } of added) list.splice(firstFrom(list, key), 0, { key, name });
    return list;
  }
}

/** How many edits are taken for a typing error: fewer than in a refusal, since who meant this very name is served and told of another. */
function reachOf(name: string): number {
  return name.length < 3 ? 0 : Math.min(3, Math.max(1, Math.floor(name.length / 4)));
}

function around(entries: readonly Entry[], key: string): readonly Entry[] {
  const at = firstFrom(entries, key);
  return entries.slice(Math.max(0, at - NEIGHBOURS), at + NEIGHBOURS);
}

/** The index of the first entry that does not come before `key`. */
function firstFrom(entries: readonly Entry[], key: string): number {
  let [low, high] = [0, entries.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((entries[middle]?.key ?? "") < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

function turned(text: string): string {
  return text.split("").reverse().join("");
}
