import { Sight } from "../../core/access/sight.ts";
import type { Seen } from "./history.ts";
import type { Sheet } from "./sheet.ts";

const sights = new WeakMap<Seen, Sight>();

/** What is seen of pools and environments. */
export function sightOf(seen: Seen): Sight {
  const sight = sights.get(seen) ?? new Sight(seen.patterns);
  sights.set(seen, sight);
  return sight;
}

/** Which rows of a sheet somebody sees. The number of an empty text is 0. */
export function seenIn(sheet: Sheet, seen: Seen): (row: number) => boolean {
  const { columns, names } = sheet;
  if (seen.patterns.includes("*")) return (row) => seen.server || columns.pool[row] !== 0;
  const sight = sightOf(seen);
  const own = sheet.principalsOf(seen.principal);
  // Of each environment: twice the number of the pool for which it was judged last, and one more if it is seen there.
  const judged = new Int32Array(names.length).fill(-1);
  return (row) => {
    const [pool = 0, environment = 0] = [columns.pool[row], columns.environment[row]];
    if (pool === 0) return seen.server;
    if (environment === 0 && own.has(columns.principal[row] ?? 0)) return true;
    const known = judged[environment] ?? -1;
    if (known >> 1 === pool) return (known & 1) === 1;
    const [home = "", name = ""] = [names[pool], names[environment]];
    const isSeen = environment === 0 ? sight.within(home) === undefined : sight.has(home, name);
    judged[environment] = 2 * pool + Number(isSeen);
    return isSeen;
  };
}
