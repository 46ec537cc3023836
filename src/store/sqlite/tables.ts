import type { Database, Statement } from "better-sqlite3";
import { limits } from "../../core/limits.ts";
import type { Revision } from "../../core/model.ts";
import type { History, LeaseQuery } from "../store.ts";
import { Events, type Window } from "./events.ts";
import { commit } from "./failure.ts";
import { type ListPart, list } from "./list.ts";
import type { BatchRows, Row } from "./rows.ts";
import { trimLeases } from "./trim.ts";

const LEASE = "id, pool, state, request_key, created_at, ended_at, body, seal";
const REMAINS = "request_key, lease, fingerprint, end_reason, created_at, ended_at, seal";

/** Ended leases, and the remains of those for which history had no room. */
export interface Findings {
  readonly leases: readonly Row[];
  readonly remains: readonly Row[];
}

/** All statements on the store's tables, prepared once. Synchronous: for the worker. Rows in, rows out. */
export class Tables {
  readonly #db: Database;
  readonly #write: Readonly<Record<Exclude<keyof BatchRows, "events">, Statement>>;
  readonly #ended: Statement<[string], Row>;
  readonly #newest: Statement<[string], Row>;
  readonly #remains: Statement<[string], Row>;
  readonly #events: Events;
  readonly #probe: Statement;

  constructor(db: Database) {
    this.#db = db;
    this.#write = {
      pools: db.prepare(upsert("pools", "name", "name, revision, at, seal")),
      environments: db.prepare(upsert("environments", "name", "name, body, seal")),
      deleted: db.prepare("DELETE FROM environments WHERE name = ?"),
      leases: db.prepare(upsert("leases", "id", LEASE)),
      forgotten: db.prepare("DELETE FROM leases WHERE id = ?"),
    };
    this.#ended = rows(db, `SELECT ${LEASE} FROM leases WHERE id = ? AND ended_at IS NOT NULL`);
    this.#newest = rows(
      db,
      `SELECT ${LEASE} FROM leases WHERE request_key = ? AND ended_at IS NOT NULL ORDER BY created_at DESC, id DESC LIMIT 1`,
    );
    this.#remains = rows(db, `SELECT ${REMAINS} FROM remains WHERE request_key = ? ORDER BY number DESC LIMIT 1`);
    this.#events = new Events(db);
    this.#probe = db.prepare("UPDATE probe SET count = count + 1");
  }

  /** All but the leases. */
  load(): { readonly secret: Uint8Array; readonly pools: Row[]; readonly environments: Row[] } {
    const secret = this.#db.prepare<[], Uint8Array>("SELECT secret FROM meta").pluck().get();
    if (secret === undefined) throw new Error("the secret is gone");
    return {
      secret: Uint8Array.from(secret),
      pools: rows<[]>(this.#db, "SELECT name, revision, at, seal FROM pools").all(),
      environments: rows<[]>(this.#db, "SELECT name, body, seal FROM environments").all(),
    };
  }

  find(ids: readonly string[], requests: readonly string[]): Findings {
    const leases = new Map<unknown, Row>();
    const remains: Row[] = [];
    for (const row of ids.map((id) => this.#ended.get(id))) if (row !== undefined) leases.set(row[0], row);
    for (const key of requests) {
      const row = this.#newest.get(key);
      const left = row === undefined ? this.#remains.get(key) : undefined;
      if (row !== undefined) leases.set(row[0], row);
      if (left !== undefined) remains.push(left);
    }
    return { leases: [...leases.values()], remains };
  }

  write(batch: BatchRows): void {
    commit(this.#db, () => {
      for (const row of batch.pools) this.#write.pools.run(row);
      for (const name of batch.deleted) this.#write.deleted.run(name);
      for (const row of batch.environments) this.#write.environments.run(row);
      for (const row of batch.leases) this.#write.leases.run(row);
      for (const id of batch.forgotten) this.#write.forgotten.run(id);
      this.#events.add(batch.events, limits.logBytes);
    });
  }

  probe(): void {
    commit(this.#db, () => this.#probe.run());
  }

  list(query: LeaseQuery): ListPart {
    return list(this.#db, LEASE, query);
  }

  past(pool: string, since: Revision, limit: number): Window | "trimmed" {
    return this.#events.past(pool, since, limit);
  }

  trim(history: History): boolean {
    let more = false;
    commit(this.#db, () => {
      const leases = trimLeases(this.#db, LEASE, history);
      more = this.#events.trim(history) || leases;
    });
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
    const [row] = this.#db.pragma("wal_checkpoint(NOOP)") as { log: number }[];
    return row?.log ?? 0;
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

function upsert(table: string, key: string, columns: string): string {
  const names = columns.split(", ");
  const changes = names.filter((name) => name !== key).map((name) => `${name} = excluded.${name}`);
  const values = names.map(() => "?");
  return `INSERT INTO ${table} (${columns}) VALUES (${values.join(", ")}) ON CONFLICT (${key}) DO UPDATE SET ${changes.join(", ")}`;
}
