import type { Refusal } from "./command.ts";
import { limits } from "./limits.ts";

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
export function noEnvironment(name: string, known: Iterable<string>): Refusal {
  return {
    ok: false,
    reason: "ENVIRONMENT_NOT_FOUND",
    field: "environment",
    message: `there is no environment ${JSON.stringify(name)}${near(name, known)}`,
    metadata: { environment: name },
  };
}

/** `; did you mean "a" or "b"?` for the three nearest names; empty if none is near. */
export function near(name: string, known: Iterable<string>): string {
  const names = nearest(name, known).map((candidate) => JSON.stringify(candidate));
  return names.length === 0 ? "" : `; did you mean ${names.join(" or ")}?`;
}

/** Up to three names within a third of the letters, the nearest first. */
export function nearest(name: string, known: Iterable<string>): string[] {
  if (name.length > limits.name) return [];
  const reach = Math.max(1, Math.floor(name.length / 3));
  const close: { name: string; away: number }[] = [];
  let looked = 0;
  for (const other of known) {
    if (Math.abs(other.length - name.length) > reach) continue;
    if (++looked > NEAR_LOOKS) break;
    const away = distance(name.toLowerCase(), other.toLowerCase());
    if (away <= reach) close.push({ name: other, away });
  }
  close.sort((a, b) => a.away - b.away);
  return close.slice(0, 3).map((candidate) => candidate.name);
}

/** Edits between two words (Levenshtein), as the command line counts them too (cli/help/distance.ts). */
export function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = (row[j - 1] ?? 0) + Number(a[i - 1] !== b[j - 1]);
      next.push(Math.min(changed, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
