import type { Refusal } from "../command.ts";
import { limits } from "../limits.ts";

/** How many names of about the same length are compared with a misspelt one: a refusal must not hold up the pool. */
const NEAR_LOOKS = 500;

/** A bound of limits.ts was met. */
export function limitReached(what: string, limit: number): Refusal {
  return {
    ok: false,
    reason: "LIMIT_REACHED",
    message: `the limit of ${limit} ${what} is reached; try again later, or end what is no longer needed`,
    metadata: { limit: String(limit) },
  };
}

/** Whether one more would be too many: for its pool, or for all of them together. */
export function beyond(
  inPool: number,
  inTotal: number,
  limit: { readonly pool: number; readonly total: number },
  what: string,
): Refusal | undefined {
  if (inPool >= limit.pool) return limitReached(`${what} in a pool`, limit.pool);
  return inTotal >= limit.total ? limitReached(`${what} on the server`, limit.total) : undefined;
}

/** An environment that a command names is not there. */
export function noEnvironment(name: string): Refusal {
  return {
    ok: false,
    reason: "ENVIRONMENT_NOT_FOUND",
    field: "environment",
    message: `there is no environment ${JSON.stringify(name)}`,
    metadata: { environment: name },
  };
}

/** An environment is in another pool than the one that a request is for; `remedy` completes the sentence. */
export function wrongPool(
  environment: string,
  owner: string,
  pool: string,
  remedy = `; leave the pool out, or give ${JSON.stringify(owner)}`,
): Refusal {
  return {
    ok: false,
    reason: "POOL_MISMATCH",
    field: "pool",
    message: `pool: environment ${JSON.stringify(environment)} is in pool ${JSON.stringify(owner)}, not in ${JSON.stringify(pool)}${remedy}`,
    metadata: { environment, pool: owner },
  };
}

/** `; did you mean "a" or "b"?` for the three nearest names of which `isTold` holds; empty if none is near. */
export function near(name: string, known: Iterable<string>, isTold?: (name: string) => boolean): string {
  return didYouMean(nearest(name, known, reachOf(name), isTold));
}

/** The same of names that are known to be near. */
export function didYouMean(names: readonly string[]): string {
  return names.length === 0 ? "" : `; did you mean ${names.map((name) => JSON.stringify(name)).join(" or ")}?`;
}

/** Up to three names of which `isTold` holds, the nearest first, that are no more than `reach` edits away, but for upper and lower case. */
export function nearest(name: string, known: Iterable<string>, reach = reachOf(name), isTold = (_: string) => true): string[] {
  if (name.length > limits.name) return [];
  const key = name.toLowerCase();
  const close: { name: string; away: number }[] = [];
  let looked = 0;
  for (const other of known) {
    if (Math.abs(other.length - name.length) > reach) continue;
    if (++looked > NEAR_LOOKS) break;
    const away = distance(key, other.toLowerCase(), reach);
    if (away <= reach && isTold(other)) close.push({ name: other, away });
  }
  close.sort((a, b) => a.away - b.away);
  return close.slice(0, 3).map((candidate) => candidate.name);
}

/** A third of the letters, but never so many that it would take long to count. */
function reachOf(name: string): number {
  return Math.min(8, Math.max(1, Math.floor(name.length / 3)));
}

/**
 * Edits between two words (Levenshtein), as the command line counts them too (cli/help/distance.ts). Beyond `most` it is not told how many
 * there are, only that there are more; it takes O(length · most).
 */
export function distance(one: string, other: string, most = Number.POSITIVE_INFINITY): number {
  const [a, b] = differing(one, other);
  const beyond = most + 1;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = new Array<number>(b.length + 1).fill(beyond);
    next[0] = i;
    let least = i;
    // What is further than `most` off the diagonal takes more edits than that.
    for (let j = Math.max(1, i - most); j <= Math.min(b.length, i + most); j++) {
      const changed = (row[j - 1] ?? beyond) + Number(a[i - 1] !== b[j - 1]);
      const edits = Math.min(changed, (row[j] ?? beyond) + 1, (next[j - 1] ?? beyond) + 1);
      next[j] = edits;
      if (edits < least) least = edits;
    }
    if (least > most) return beyond;
    row = next;
  }
  return Math.min(row[b.length] ?? beyond, beyond);
}

/** Both words without what they begin and end with alike: it takes no edits. */
function differing(a: string, b: string): [string, string] {
  let start = 0;
  const shorter = Math.min(a.length, b.length);
  while (start < shorter && a[start] === b[start]) start++;
  let end = 0;
  while (end < shorter - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  return [a.slice(start, a.length - end), b.slice(start, b.length - end)];
}
