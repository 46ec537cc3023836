import type { Database, Statement } from "better-sqlite3";
import type { Revision } from "../../core/model.ts";
import type { History } from "../store.ts";
import type { Row } from "./rows.ts";

/** How much of a log is read in one call, in bytes of bodies, and deleted in one call, in rows and bytes: other calls wait meanwhile. */
const READ = 1024 * 1024;
const CHUNK = 5_000;
const DELETED = 16 * 1024 * 1024;

/** Events behind a cursor, at least one if there is any, and whether there may be more behind these. */
export interface Window {
  readonly rows: readonly Row[];
  readonly more: boolean;
}

type Bounds = Pick<History, "before" | "events" | "bytes">;

/** The logs of the pools, and how many events and bytes each has. */
export class Events {
  readonly #insert: Statement<[...Row]>;
  readonly #behind: Statement<[string, Revision, number], Row>;
  readonly #trimmed: Statement<[string], Revision>;
  readonly #logs: Statement<[], [pool: string, events: number, bytes: number]>;
  readonly #log: Statement<[string], [pool: string, events: number, bytes: number]>;
  readonly #oldest: Statement<[string], [revision: Revision, bytes: number]>;
  readonly #count: Statement<[pool: string, events: number, bytes: number]>;
  readonly #forget: Statement<[string]>;
  readonly #delete: Statement<[string, Revision]>;
  readonly #mark: Statement<[string, Revision]>;

  constructor(db: Database) {
    this.#insert = db.prepare("INSERT INTO events (pool, revision, body, seal) VALUES (?, ?, ?, ?)");
    this.#behind = db
      .prepare<[string, Revision, number], Row>(
        "SELECT pool, revision, body, seal FROM events WHERE pool = ? AND revision > ? ORDER BY revision LIMIT ?",
      )
      .raw();
    this.#trimmed = db.prepare<[string], Revision>("SELECT revision FROM trimmed WHERE pool = ?").pluck();
    this.#logs = db.prepare<[], [string, number, number]>("SELECT pool, events, bytes FROM logs").raw();
    this.#log = db.prepare<[string], [string, number, number]>("SELECT pool, events, bytes FROM logs WHERE pool = ?").raw();
    this.#oldest = db
      .prepare<[string], [Revision, number]>("SELECT revision, octet_length(body) FROM events WHERE pool = ? ORDER BY revision")
      .raw();
    this.#count = db.prepare(
      `INSERT INTO logs (pool, events, bytes) VALUES (?, ?, ?)
       ON CONFLICT (pool) DO UPDATE SET events = events + excluded.events, bytes = bytes + excluded.bytes`,
    );
    this.#forget = db.prepare("DELETE FROM logs WHERE pool = ? AND events = 0");
    this.#delete = db.prepare("DELETE FROM events WHERE pool = ? AND revision <= ?");
    this.#mark = db.prepare("INSERT INTO trimmed VALUES (?, ?) ON CONFLICT (pool) DO UPDATE SET revision = excluded.revision");
  }

  /**
   * Adds events, within a transaction of the caller's, and trims a pool's log once it has twice the bytes that it may have: between two
   * trims of all logs a busy pool can write a great many.
   */
  add(rows: readonly Row[], bytes: number): void {
    const added = new Map<string, { events: number; bytes: number }>();
    for (const row of rows) {
      this.#insert.run(...row);
      const [pool, body] = [String(row[0]), String(row[2])];
      const before = added.get(pool) ?? { events: 0, bytes: 0 };
      added.set(pool, { events: before.events + 1, bytes: before.bytes + Buffer.byteLength(body) });
    }
    for (const [pool, sum] of added) {
      this.#count.run(pool, sum.events, sum.bytes);
      const log = this.#log.get(pool);
      if (log === undefined || log[2] <= 2 * bytes) continue;
      this.#cut(log, { before: 0, events: Number.POSITIVE_INFINITY, bytes }, { rows: CHUNK, bytes: DELETED });
    }
  }

  past(pool: string, since: Revision, limit: number): Window | "trimmed" {
    if (since < (this.#trimmed.get(pool) ?? 0)) return "trimmed";
    const rows: Row[] = [];
    let bytes = 0;
    for (const row of this.#behind.iterate(pool, since, limit)) {
      rows.push(row);
      bytes += String(row[2]).length;
      if (bytes >= READ) return { rows, more: rows.length < limit };
    }
    return { rows, more: false };
  }

  /** Deletes the oldest of what is beyond the bounds, within a transaction of the caller's, and not much at once; true: there is more. */
  trim(bounds: Bounds): boolean {
    const budget = { rows: CHUNK, bytes: DELETED };
    for (const log of this.#logs.all()) if (this.#cut(log, bounds, budget)) return true;
    return false;
  }

  /** Whether the budget was used up. */
  #cut(log: [pool: string, events: number, bytes: number], bounds: Bounds, budget: { rows: number; bytes: number }): boolean {
    let [pool, events, bytes] = log;
    let last: Revision | undefined;
    for (const [revision, size] of this.#oldest.iterate(pool)) {
      const kept = revision >= bounds.before && events <= bounds.events && bytes <= bounds.bytes;
      if (kept || budget.rows <= 0 || budget.bytes <= 0) break;
      last = revision;
      events -= 1;
      bytes -= size;
      budget.rows -= 1;
      budget.bytes -= size;
    }
    if (last === undefined) return false;
    this.#delete.run(pool, last);
    this.#count.run(pool, events - log[1], bytes - log[2]);
    this.#forget.run(pool);
    this.#mark.run(pool, last);
    return budget.rows <= 0 || budget.bytes <= 0;
  }
}
