/** The environments whose names one of some globs fits, found by how the globs begin: where they are few, nothing else is looked at. */
import { fitsAny } from "../access/pattern.ts";
import type { Pool, Site } from "./pool.ts";
import { siteOf } from "./site.ts";

/** Comes after every name that begins with what stands before it. */
const END = "\uffff";

/** Those environments, by name, if the names that begin like a glob are fewer than `most`; undefined if there is more to look at. */
export function sitesPermitted(pool: Pool, globs: readonly string[], most: number): Site[] | undefined {
  const beginnings = beginningsOf(globs);
  const count = beginnings.reduce((sum, start) => sum + pool.sites.rank(start + END) - pool.sites.rank(start), 0);
  if (count >= most) return undefined;
  return beginnings.flatMap((start) => namesFrom(pool, start).flatMap((name) => (fitsAny(globs, name) ? [siteOf(pool, name)] : [])));
}

/** What stands before the first `*` or `?` of each, in order, and none that begins with another one. */
function beginningsOf(globs: readonly string[]): string[] {
  const all = globs.map((glob) => /^[^*?]*/.exec(glob)?.[0] ?? "").sort();
  return all.filter((start, index) => !all.slice(0, index).some((other) => start.startsWith(other)));
}

function namesFrom(pool: Pool, start: string): string[] {
  const names = pool.sites.has(start) ? [start] : [];
  for (const [name] of pool.sites.entries(start)) {
    if (!name.startsWith(start)) break;
    names.push(name);
  }
  return names;
}
