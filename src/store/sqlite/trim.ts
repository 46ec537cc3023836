import type { Database } from "better-sqlite3";
import { remainsOf } from "../remains.ts";
import type { History } from "../store.ts";
import type { Answered } from "./requests.ts";
import { Damage, leaseOfRow, type Row, rowOfRemains } from "./rows.ts";

/** How many rows of a kind one call deletes at most, so that commits don't wait for long. */
const CHUNK = 5_000;

/**
 * Deletes the oldest of what history needn't keep, within a transaction of the caller's; true: there is more. `forgotten` is given the
 * request keys of leases that are gone, which may have left remains.
 */
export function trimLeases(db: Database, columns: string, history: History, forgotten: Answered[]): boolean {
  const leases = cutLeases(db, columns, history, forgotten);
  const remains = cutRemains(db, history);
  return leases >= CHUNK || remains >= CHUNK;
}

function cutLeases(db: Database, columns: string, { before, leases }: History, forgotten: Answered[]): number {
  const ended = db.prepare<[], number>("SELECT count(*) FROM leases WHERE ended_at IS NOT NULL").pluck().get() ?? 0;
  const old = db.prepare<[number], number>("SELECT count(*) FROM leases WHERE ended_at < ?").pluck().get(before) ?? 0;
  const count = Math.min(CHUNK, Math.max(old, ended - leases));
  const oldest = `FROM leases WHERE ended_at IS NOT NULL ORDER BY ended_at, id LIMIT ${count}`;
  if (ended - leases > old) {
    const keep = db.prepare(
      "INSERT INTO remains (request_key, lease, fingerprint, end_reason, created_at, ended_at, seal) VALUES (?, ?, ?, ?, ?, ?, ?)",
    );
    const rows = db.prepare<[], Row>(`SELECT ${columns} ${oldest}`).raw();
    for (const remains of rows.all().flatMap((row) => remainsOfRow(row, before))) keep.run(remains);
  }
  const rows = db.prepare<[], [string | null, number]>(`SELECT request_key, rowid ${oldest}`).raw();
  for (const [key, row] of rows.all()) if (key !== null) forgotten.push([key, row]);
  return db.prepare(`DELETE FROM leases WHERE id IN (SELECT id ${oldest})`).run().changes;
}

/** The remains to keep of a lease's row, if any. A damaged row leaves none. */
function remainsOfRow(row: Row, before: number): Row[] {
  try {
    const remains = remainsOf(leaseOfRow(row));
    return remains === undefined || remains.endedAt < before ? [] : [rowOfRemains(remains)];
  } catch (error) {
    if (error instanceof Damage) return [];
    throw error;
  }
}

/** Deletes the oldest remains. They are numbered in the order of their ends. */
function cutRemains(db: Database, { before, requests }: History): number {
  const newest = db.prepare<[], number | null>("SELECT max(number) FROM remains").pluck().get() ?? 0;
  const oldest = db.prepare<[], [number, number]>(`SELECT number, ended_at FROM remains ORDER BY number LIMIT ${CHUNK}`).raw().all();
  const beyond = oldest.findLast(([number, endedAt]) => endedAt < before || number <= newest - requests);
  return beyond === undefined ? 0 : db.prepare("DELETE FROM remains WHERE number <= ?").run(beyond[0]).changes;
}
