/** Patterns of names: `environment` or `pool:environment`. Linear in the name for any pattern that limits.ts admits. */

/** One pattern, taken apart. */
export interface Pattern {
  /** As it was written. */
  readonly text: string;
  /** Of the pool's name; `*`: of any pool. */
  readonly pool: string;
  /** Of the environment's name; `*` alone: any. */
  readonly name: string;
}

/** Takes a pattern apart: what stands before the first `:` is of the pool. */
export function patternOf(text: string): Pattern {
  const colon = text.indexOf(":");
  return colon < 0 ? { text, pool: "*", name: text } : { text, pool: text.slice(0, colon), name: text.slice(colon + 1) };
}

/** What is wrong with a text that is to be a pattern, and the remedy; undefined: nothing. */
export function complaintOf(text: string): string | undefined {
  const { pool, name } = patternOf(text);
  if (pool === "" || name === "") return "has nothing on one side of the colon; give pool:environment, or pool:* for all of it";
  return text.includes("**") ? "has two * in a row; one is any characters but /, and * alone is everything" : undefined;
}

/** Whether it means every environment of every pool. */
export function isEverything({ pool, name }: Pattern): boolean {
  return pool === "*" && name === "*";
}

/** The globs of the names in a pool that patterns mean; undefined: all names, none: no name. */
export function globsIn(patterns: readonly Pattern[], pool: string): readonly string[] | undefined {
  const globs = patterns.filter((pattern) => globMatches(pattern.pool, pool)).map(({ name }) => name);
  return globs.includes("*") ? undefined : globs;
}

const [STAR, ANY] = ["*".charCodeAt(0), "?".charCodeAt(0)];

/**
 * Whether a name fits a glob: `*` is any characters but the barriers (one or two), `?` is one, and `*` alone is everything. What lies between
 * two barriers is matched by itself, so only the last `*` before a mismatch can have taken too little.
 */
export function globMatches(glob: string, name: string, barriers = "/"): boolean {
  if (glob === "*") return true;
  // By number: of each letter a text would be made.
  const one = barriers.charCodeAt(0);
  const other = barriers.charCodeAt(1);
  const isBarrier = (letter: number) => letter === one || letter === other;
  let at = 0;
  let from = 0;
  let star = -1;
  let taken = 0;
  let run: string | undefined;
  // Nothing is taken apart in here: it is done for each letter of each name.
  while (from < name.length) {
    const wanted = glob.charCodeAt(at);
    const found = name.charCodeAt(from);
    if (wanted === STAR) {
      star = at++;
      taken = from;
      run = undefined;
    } else if (wanted === found || (wanted === ANY && !isBarrier(found))) {
      // No `*` reaches beyond this.
      if (isBarrier(found)) star = -1;
      at++;
      from++;
    } else if (star >= 0) {
      // It has to take all up to the next place at which what stands behind it can begin.
      run ??= runAfter(glob, star + 1);
      const next = name.indexOf(run, taken + 1);
      if (next < 0) return false;
      while (taken < next) if (isBarrier(name.charCodeAt(taken++))) return false;
      at = star + 1;
      from = taken;
    } else return false;
  }
  while (glob.charCodeAt(at) === STAR) at++;
  return at === glob.length;
}

/** Whether a name fits one of some globs. */
export function fitsAny(globs: readonly string[], name: string): boolean {
  return globs.some((glob) => globMatches(glob, name));
}

/** The letters that stand in a glob from a place on, up to the next `*` or `?`. */
function runAfter(glob: string, at: number): string {
  let end = at;
  while (end < glob.length && glob.charCodeAt(end) !== STAR && glob.charCodeAt(end) !== ANY) end++;
  return glob.slice(at, end);
}
