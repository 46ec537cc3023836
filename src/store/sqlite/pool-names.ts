import type { Database } from "better-sqlite3";

/** The pools that have events, in order, the one with the empty name included: a look at one row for each, not at all of the log. */
export function poolsWithEvents(db: Database): () => Generator<string, void, undefined> {
  const first = db.prepare<[], string | null>("SELECT min(pool) FROM events").pluck();
  const next = db.prepare<[string], string>("SELECT pool FROM events WHERE pool > ? ORDER BY pool LIMIT 1").pluck();
  return function* () {
    for (let pool = first.get() ?? undefined; pool !== undefined; pool = next.get(pool)) yield pool;
  };
}
