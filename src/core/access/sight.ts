/** What somebody may see, as a value that also travels to other threads: by patterns, of the names of environments. */
import { fitsAny, globMatches, globsIn, type Pattern, patternOf } from "./pattern.ts";

/** From how many characters of globs on it is remembered which names they fit; and of how many names in all. */
const LONG = 32;
const REMEMBERED = 500_000;

/** By the text of globs, the oldest first. */
const memory = new Map<string, Map<string, boolean>>();
let remembered = 0;

/** The names of one pool that some globs fit. */
export class Names {
  /** Tells these from others. */
  readonly text: string;
  readonly #globs: readonly string[];

  constructor(globs: readonly string[]) {
    this.#globs = [...new Set(globs)].sort();
    this.text = JSON.stringify(this.#globs);
  }

  /** Whether no name can be among them. */
  get isEmpty(): boolean {
    return this.#globs.length === 0;
  }

  /** Whether to judge a name may take long, unless it was asked for before. */
  get isCostly(): boolean {
    return this.text.length > LONG;
  }

  has(name: string): boolean {
    if (!this.isCostly) return fitsAny(this.#globs, name);
    const known = memory.get(this.text)?.get(name);
    if (known !== undefined) return known;
    if (remembered >= REMEMBERED) forgetOldest();
    const fits = fitsAny(this.#globs, name);
    memory.set(this.text, (memory.get(this.text) ?? new Map<string, boolean>()).set(name, fits));
    remembered++;
    return fits;
  }
}

function forgetOldest(): void {
  const [oldest] = memory;
  if (oldest === undefined) return;
  memory.delete(oldest[0]);
  remembered -= oldest[1].size;
}

/** How many pools' names a sight keeps ready. */
const POOLS = 1_000;

/** All that somebody may see who may not see everything. */
export class Sight {
  readonly patterns: readonly string[];
  readonly #patterns: readonly Pattern[];
  readonly #pools = new Map<string, Names | undefined>();

  /** `patterns`: as grants have them. */
  constructor(patterns: readonly string[]) {
    this.patterns = patterns;
    this.#patterns = patterns.map(patternOf);
  }

  /** Of a pool; undefined: all of it, also what names nothing. */
  within(pool: string): Names | undefined {
    if (this.#pools.has(pool)) return this.#pools.get(pool);
    const globs = globsIn(this.#patterns, pool);
    const names = globs && new Names(globs);
    if (this.#pools.size >= POOLS) this.#pools.clear();
    this.#pools.set(pool, names);
    return names;
  }

  /** Whether it has an environment, which need not exist. */
  has(pool: string, environment: string): boolean {
    return this.within(pool)?.has(environment) ?? true;
  }

  /** Whether an environment of this name can be seen in any pool. */
  fits(environment: string): boolean {
    return this.#patterns.some((pattern) => globMatches(pattern.name, environment));
  }

  /** Whether a pattern is of this pool and no other. */
  names(pool: string): boolean {
    return this.#patterns.some((pattern) => pattern.pool === pool);
  }
}
