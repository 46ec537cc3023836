import type { Database, Statement } from "better-sqlite3";
import { limits } from "../../core/limits.ts";
import type { Revision } from "../../core/model/units.ts";
import type { Cursors, Part } from "../history/history.ts";
import type { History, LeaseQuery } from "../store.ts";
import { Events, type Window } from "./events.ts";
import { type ListPart, list } from "./list.ts";
import { Outbox } from "./outbox.ts";
import { type Answered, Requests } from "./requests.ts";
import type { BatchRows, Row } from "./rows.ts";
import { Transactions } from "./transaction.ts";
import { trimLeases } from "./trim.ts";

const LEASE = "id, pool, state, request_key, created_at, ended_at, body, seal";
/** Where these stand in a row of `LEASE`. */
const [REQUEST_KEY, CREATED_AT] = [3, 4];
const REMAINS = "request_key, lease, fingerprint, end_reason, created_at, ended_at, seal";

/** Ended leases, and the remains of those for which history had no room. */
export interface Findings {
  readonly leases: readonly Row[];
  readonly remains: readonly Row[];
}

/** The statements that write rows of a kind. */
interface Writing {
  readonly pools: Statement;
  readonly environments: Statement;
  readonly fences: Statement;
  readonly settings: Statement;
  readonly unset: Statement;
  readonly keys: Statement;
  readonly lost: Statement;
  /** A new lease. */
  readonly lease: Statement;
  /** A change of a lease that leaves all indexes as they are. */
  readonly changed: Statement;
  /** Its end; tells which row it is, if there is one. */
  readonly ended: Statement<unknown[], number>;
  readonly forgotten: Statement;
  readonly deleted: readonly Statement[];
}

/** All statements on the store's tables, prepared once. Synchronous: for the worker. Rows in, rows out. */
export class Tables {
  readonly #db: Database;
  readonly #transactions: Transactions;
  readonly #write: Writing;
  readonly #ended: Statement<[string], Row>;
  readonly #answered: Statement<[number], Row>;
  readonly #remains: Statement<[string], Row>;
  readonly #requests: Requests;
  readonly #events: Events;
  readonly #outbox: Outbox;
  readonly #probe: Statement;
  readonly #frames: Statement<[], { log: number; checkpointed: number }>;

  constructor(db: Database) {
    this.#db = db;
    this.#transactions = new Transactions(db);
    this.#write = {
      pools: db.prepare(upsert("pools", "name", "name, revision, at, seal")),
      environments: db.prepare(upsert("environments", "name", "name, body, seal")),
      fences: db.prepare(upsert("fences", "environment", "environment, fence, revision, seal")),
      settings: db.prepare(upsert("pool_configs", "pool", "pool, body, seal")),
      unset: db.prepare("DELETE FROM pool_configs WHERE pool = ?"),
      keys: db.prepare(upsert("keys", "id", "id, body, seal")),
      lost: db.prepare("DELETE FROM keys WHERE id = ?"),
      lease: db.prepare(`INSERT INTO leases (${LEASE}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`),
      changed: db.prepare("UPDATE leases SET state = ?, body = ?, seal = ? WHERE id = ?"),
      ended: db
        .prepare<unknown[], number>("UPDATE leases SET ended_at = ?, state = ?, body = ?, seal = ? WHERE id = ? RETURNING rowid")
        .pluck(),
      forgotten: db.prepare("DELETE FROM leases WHERE id = ?"),
      deleted: [db.prepare("DELETE FROM environments WHERE name = ?"), db.prepare("DELETE FROM fences WHERE environment = ?")],
    };
    this.#ended = rows(db, `SELECT ${LEASE} FROM leases WHERE id = ? AND ended_at IS NOT NULL`);
    this.#answered = rows(db, `SELECT ${LEASE} FROM leases WHERE rowid = ? AND ended_at IS NOT NULL`);
    this.#remains = rows(db, `SELECT ${REMAINS} FROM remains WHERE request_key = ? ORDER BY number DESC LIMIT 1`);
    this.#requests = new Requests(db);
    this.#events = new Events(db);
    this.#outbox = new Outbox(db);
    this.#probe = db.prepare("UPDATE probe SET count = count + 1");
    this.#frames = db.prepare("PRAGMA wal_checkpoint(NOOP)");
  }

  /** All but the leases. */
  load(): { readonly secret: Uint8Array } & Readonly<Record<"pools" | "environments" | "fences" | "settings" | "keys", Row[]>> {
    const secret = this.#db.prepare<[], Uint8Array>("SELECT secret FROM meta").pluck().get();
    if (secret === undefined) throw new Error("the secret is gone");
    return {
      secret: Uint8Array.from(secret),
      pools: rows<[]>(this.#db, "SELECT name, revision, at, seal FROM pools").all(),
      environments: rows<[]>(this.#db, "SELECT name, body, seal FROM environments").all(),
      fences: rows<[]>(this.#db, "SELECT environment, fence, revision, seal FROM fences").all(),
      settings: rows<[]>(this.#db, "SELECT pool, body, seal FROM pool_configs").all(),
      keys: rows<[]>(this.#db, "SELECT id, body, seal FROM keys").all(),
    };
  }

  find(ids: readonly string[], requests: readonly string[]): Findings {
    const leases = new Map<unknown, Row>();
    const remains: Row[] = [];
    for (const row of ids.map((id) => this.#ended.get(id))) if (row !== undefined) leases.set(row[0], row);
    for (const key of requests) {
      const row = this.#newestOf(key);
      const left = row === undefined ? this.#remains.get(key) : undefined;
      if (row !== undefined) leases.set(row[0], row);
      if (left !== undefined) remains.push(left);
    }
    return { leases: [...leases.values()], remains };
  }

  /** The newest ended lease of a request key. */
  #newestOf(key: string): Row | undefined {
    let newest: Row | undefined;
    for (const number of this.#requests.rowsOf(key)) {
      const row = this.#answered.get(number);
      if (row?.[REQUEST_KEY] === key && (newest === undefined || isNewer(row, newest))) newest = row;
    }
    return newest;
  }

  /** Reads a part of what is kept in memory; true: there is more. */
  warm(): boolean {
    return this.#requests.load();
  }

  /** Unless one of the `fresh` request keys is that of an ended lease: then it writes nothing, and tells what there is of them. */
  write(batch: BatchRows, fresh: readonly string[] = []): Findings | undefined {
    const { leases, remains } = this.find([], fresh);
    if (leases.length + remains.length > 0) return { leases, remains };
    const answered: Answered[] = [];
    this.#commit(() => {
      for (const row of batch.pools) this.#write.pools.run(row);
      for (const name of batch.deleted) for (const statement of this.#write.deleted) statement.run(name);
      for (const row of batch.environments) this.#write.environments.run(row);
      for (const row of batch.fences) this.#write.fences.run(row);
      for (const row of batch.settings) this.#write.settings.run(row);
      for (const pool of batch.unset) this.#write.unset.run(pool);
      for (const row of batch.keys) this.#write.keys.run(row);
      for (const id of batch.lost) this.#write.lost.run(id);
      for (const row of batch.leases) this.#putLease(row, answered);
      for (const id of batch.forgotten) this.#write.forgotten.run(id);
      this.#events.add(batch.events, limits.logBytes);
    });
    for (const one of answered) this.#requests.add(one);
    this.#outbox.note(batch.events);
    return undefined;
  }

  #putLease(row: Row, answered: Answered[]): void {
    const [id, , state, key, , endedAt, body, seal] = row;
    const { lease, changed, ended } = this.#write;
    if (endedAt === null) {
      if (changed.run(state, body, seal, id).changes === 0) lease.run(row);
    } else {
      const number = ended.get(endedAt, state, body, seal, id) ?? Number(lease.run(row).lastInsertRowid);
      if (key !== null) answered.push([String(key), number]);
    }
  }

  /** Runs `work` in a transaction; when it fails, nothing of what it did counts. */
  #commit(work: () => void): void {
    try {
      this.#transactions.run(work);
    } catch (error) {
      this.#events.recount();
      throw error;
    }
  }

  probe(): void {
    this.#commit(() => this.#probe.run());
  }

  list(query: LeaseQuery): ListPart {
    return list(this.#db, LEASE, query);
  }

  past(pool: string, since: Revision, limit: number): Window | "trimmed" {
    return this.#events.past(pool, since, limit);
  }

  /** Events for the history; see Outbox. */
  take(from?: Cursors): Part | undefined {
    return this.#outbox.take(from);
  }

  trim(history: History): boolean {
    const forgotten: Answered[] = [];
    let more = false;
    this.#commit(() => {
      const leases = trimLeases(this.#db, LEASE, history, forgotten);
      more = this.#events.trim(history) || leases;
    });
    for (const one of forgotten) this.#requests.remove(one);
    return more;
  }

  /** Copies all commits from the log to the database, which stays open; false if that fails. The log keeps its size. */
  checkpoint(): boolean {
    try {
      const [row] = this.#db.pragma("wal_checkpoint(FULL)") as { busy: number; log: number; checkpointed: number }[];
      return row?.busy === 0 && row.log === row.checkpointed;
    } catch {
      return false;
    }
  }

  /** How many frames of the log SQLite relies on. */
  frames(): number {
    return this.#frames.get()?.log ?? 0;
  }

  /** How many of these are not in the database yet. */
  pending(): number {
    const { log = 0, checkpointed = 0 } = this.#frames.get() ?? {};
    return log - checkpointed;
  }

  /**
   * Closes the database, which checkpoints and deletes the WAL. If that fails, all commits are still in the WAL. It is safe after a failed
   * fsync, too: only commits whose own fsync succeeded are copied, from pages that are on disk, and the WAL is deleted after an fsync of
   * the copy. The commit that failed is lost.
   */
  close(): void {
    this.#db.close();
  }
}

function rows<P extends unknown[]>(db: Database, sql: string): Statement<P, Row> {
  return db.prepare<P, Row>(sql).raw();
}

function isNewer(row: Row, other: Row): boolean {
  const [at, before] = [Number(row[CREATED_AT]), Number(other[CREATED_AT])];
  return at > before || (at === before && String(row[0]) > String(other[0]));
}

function upsert(table: string, key: string, columns: string): string {
  const names = columns.split(", ");
  const changes = names.filter((name) => name !== key).map((name) => `${name} = excluded.${name}`);
  const values = names.map(() => "?");
  return `INSERT INTO ${table} (${columns}) VALUES (${values.join(", ")}) ON CONFLICT (${key}) DO UPDATE SET ${changes.join(", ")}`;
}
