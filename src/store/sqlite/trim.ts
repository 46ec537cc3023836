import type { Database } from "better-sqlite3";
import type { Micros, Revision } from "../../core/model.ts";

/** How many rows of a kind one call deletes at most, so that commits don't wait for long. */
const CHUNK = 5_000;

/** Deletes the oldest of what history needn't keep, within a transaction of the caller's; true: there is more. */
export function trim(db: Database, before: Micros, keep: number, log: number): boolean {
  const leases = trimLeases(db, before, keep);
  const events = trimEvents(db, before, log);
  return leases >= CHUNK || events >= CHUNK;
}

function trimLeases(db: Database, before: Micros, keep: number): number {
  const ended = db.prepare<[], number>("SELECT count(*) FROM leases WHERE ended_at IS NOT NULL").pluck().get() ?? 0;
  const old = db.prepare<[Micros], number>("SELECT count(*) FROM leases WHERE ended_at < ?").pluck().get(before) ?? 0;
  const count = Math.min(CHUNK, Math.max(old, ended - keep));
  db.prepare("DELETE FROM leases WHERE id IN (SELECT id FROM leases WHERE ended_at IS NOT NULL ORDER BY ended_at LIMIT ?)").run(count);
  return count;
}

/** A pool's events from before a time, and those behind its newest `log`. */
function trimEvents(db: Database, before: Revision, log: number): number {
  let left = CHUNK;
  const newest = db
    .prepare<[string, number], Revision>("SELECT revision FROM events WHERE pool = ? ORDER BY revision DESC LIMIT 1 OFFSET ?")
    .pluck();
  const oldest = db.prepare<[string, Revision, number], { count: number; last: Revision }>(
    `SELECT count(*) AS count, max(revision) AS last
     FROM (SELECT revision FROM events WHERE pool = ? AND revision < ? ORDER BY revision LIMIT ?)`,
  );
  for (const pool of db.prepare<[], string>("SELECT name FROM pools").pluck().all()) {
    const behind = newest.get(pool, log);
    const { count, last } = oldest.get(pool, Math.max(before, behind === undefined ? 0 : behind + 1), left) ?? { count: 0, last: 0 };
    if (count === 0) continue;
    db.prepare("DELETE FROM events WHERE pool = ? AND revision <= ?").run(pool, last);
    db.prepare("INSERT INTO trimmed VALUES (?, ?) ON CONFLICT (pool) DO UPDATE SET revision = excluded.revision").run(pool, last);
    left -= count;
  }
  return CHUNK - left;
}
