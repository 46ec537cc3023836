import type { Database, Statement } from "better-sqlite3";
import type { Revision } from "../../core/model/units.ts";
import type { History } from "../store.ts";
import { poolsWithEvents } from "./pool-names.ts";
import type { Row } from "./rows.ts";

/** How much of a log is read in one call, in bytes of bodies, and deleted in one call, in rows and bytes: other calls wait meanwhile. */
const READ = 1024 * 1024;
const CHUNK = 5_000;
const DELETED = 16 * 1024 * 1024;

/** Rows with the events behind a cursor, at least one if there is any, and whether there may be more behind these. */
export interface Window {
  readonly rows: readonly Row[];
  readonly more: boolean;
}

type EventRow = [pool: string, revision: Revision, body: string, seal: number, count: number];
type Bounds = Pick<History, "before" | "events" | "bytes">;

/** How much the log of a pool is. */
interface Size {
  events: number;
  bytes: number;
}

/** What one call may still delete, or count. */
interface Budget {
  rows: number;
  bytes: number;
}

/** The logs of the pools. How much each is, is counted once and then kept in memory. */
export class Events {
  readonly #insert: Statement<[...Row]>;
  readonly #behind: Statement<[string, Revision], EventRow>;
  readonly #trimmed: Statement<[string], Revision>;
  readonly #pools: () => Iterable<string>;
  readonly #size: Statement<[string], [events: number, bytes: number]>;
  readonly #oldest: Statement<[string], [revision: Revision, events: number, bytes: number]>;
  readonly #delete: Statement<[string, Revision]>;
  readonly #mark: Statement<[string, Revision]>;
  #sizes = new Map<string, Size>();

  constructor(db: Database) {
    this.#insert = db.prepare("INSERT INTO events (pool, revision, body, seal, count) VALUES (?, ?, ?, ?, ?)");
    this.#behind = db
      .prepare<[string, Revision], EventRow>(
        "SELECT pool, revision, body, seal, count FROM events WHERE pool = ? AND revision > ? ORDER BY revision",
      )
      .raw();
    this.#trimmed = db.prepare<[string], Revision>("SELECT revision FROM trimmed WHERE pool = ?").pluck();
    this.#pools = poolsWithEvents(db);
    this.#size = db
      .prepare<[string], [number, number]>(
        "SELECT coalesce(sum(count), 0), coalesce(sum(octet_length(body)), 0) FROM events WHERE pool = ?",
      )
      .raw();
    this.#oldest = db
      .prepare<[string], [Revision, number, number]>(
        "SELECT revision, count, octet_length(body) FROM events WHERE pool = ? ORDER BY revision",
      )
      .raw();
    this.#delete = db.prepare("DELETE FROM events WHERE pool = ? AND revision <= ?");
    this.#mark = db.prepare("INSERT INTO trimmed VALUES (?, ?) ON CONFLICT (pool) DO UPDATE SET revision = excluded.revision");
  }

  /**
   * Adds events, within a transaction of the caller's, and trims a pool's log once it has twice the bytes that it may have: between two
   * trims of all logs a busy pool can write a great many.
   */
  add(rows: readonly Row[], bytes: number): void {
    const written = new Set<string>();
    for (const row of rows) {
      const pool = String(row[0]);
      const size = this.#sizeOf(pool);
      this.#insert.run(...row);
      size.events += Number(row[4]);
      size.bytes += Buffer.byteLength(String(row[2]));
      written.add(pool);
    }
    for (const pool of written)
      if (this.#sizeOf(pool).bytes > 2 * bytes)
        this.#cut(pool, { before: 0, events: Number.POSITIVE_INFINITY, bytes }, { rows: CHUNK, bytes: DELETED });
  }

  /** Must be called when a transaction of the caller's was rolled back. */
  recount(): void {
    this.#sizes = new Map();
  }

  past(pool: string, since: Revision, limit: number): Window | "trimmed" {
    if (since < (this.#trimmed.get(pool) ?? 0)) return "trimmed";
    const rows: Row[] = [];
    let [bytes, events] = [0, 0];
    for (const [name, revision, body, seal, count] of this.#behind.iterate(pool, since)) {
      if (events >= limit || bytes >= READ) return { rows, more: true };
      rows.push([name, revision, body, seal]);
      bytes += String(body).length;
      events += count;
    }
    return { rows, more: false };
  }

  /** Deletes the oldest of what is beyond the bounds, within a transaction of the caller's, and not much at once; true: there is more. */
  trim(bounds: Bounds): boolean {
    const budget = { rows: CHUNK, bytes: DELETED };
    for (const pool of this.#pools()) {
      if (!this.#sizes.has(pool)) budget.rows -= this.#sizeOf(pool).events;
      if (this.#cut(pool, bounds, budget)) return true;
    }
    return false;
  }

  #sizeOf(pool: string): Size {
    const known = this.#sizes.get(pool);
    if (known !== undefined) return known;
    const [events, bytes] = this.#size.get(pool) ?? [0, 0];
    const size = { events, bytes };
    this.#sizes.set(pool, size);
    return size;
  }

  /** Whether the budget was used up. */
  #cut(pool: string, bounds: Bounds, budget: Budget): boolean {
    const size = this.#sizeOf(pool);
    let last: Revision | undefined;
    for (const [revision, events, bytes] of this.#oldest.iterate(pool)) {
      const kept = revision >= bounds.before && size.events <= bounds.events && size.bytes <= bounds.bytes;
      if (kept || budget.rows <= 0 || budget.bytes <= 0) break;
      last = revision;
      size.events -= events;
      size.bytes -= bytes;
      budget.rows -= 1;
      budget.bytes -= bytes;
    }
    if (last !== undefined) {
      this.#delete.run(pool, last);
      this.#mark.run(pool, last);
    }
    return budget.rows <= 0 || budget.bytes <= 0;
  }
}
