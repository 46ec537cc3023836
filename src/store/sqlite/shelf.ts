import { crc32 } from "node:zlib";
import type { Database, Statement } from "better-sqlite3";
import type { Micros, Revision } from "../../core/model/units.ts";
import type { KeptPart, KeptSheet, Shelf } from "../history/book.ts";
import type { Cursors } from "../history/history.ts";
import type { Stored } from "../history/sheet.ts";

type SheetRow = Omit<Stored, "since" | "until"> & { readonly seal: number; readonly restSeal: number };

const NOTHING = new Uint8Array();

/** The history in a SQLite file of its own. `warn` is told of what is damaged. */
export class SqliteShelf implements Shelf {
  readonly #db: Database;
  readonly #warn: (text: string) => void;
  readonly #begin: Statement<[Micros]>;
  readonly #cursor: Statement<[string, Revision]>;
  readonly #append: Statement<[number, number, number, Micros, number, string]>;
  readonly #text: Statement<[number], { text: string; seal: number }>;
  readonly #sheet: Statement<[number], SheetRow>;
  readonly #half: Statement<[number], Omit<SheetRow, "restSeal" | "ids" | "details">>;
  readonly #bind: Statement<[number, number, Micros, Micros, number, string, Uint8Array, number, string, Uint8Array]>;
  readonly #unpart: Statement<[number]>;
  readonly #unsheet: Statement<[number]>;

  constructor(db: Database, warn: (text: string) => void) {
    this.#db = db;
    this.#warn = warn;
    this.#begin = db.prepare("INSERT INTO begin (rowid, at) VALUES (1, ?) ON CONFLICT (rowid) DO UPDATE SET at = excluded.at");
    this.#cursor = db.prepare("INSERT INTO cursors VALUES (?, ?) ON CONFLICT (pool) DO UPDATE SET revision = excluded.revision");
    this.#append = db.prepare("INSERT INTO parts (first, length, events, until, seal, text) VALUES (?, ?, ?, ?, ?, ?)");
    this.#text = db.prepare("SELECT text, seal FROM parts WHERE first = ?");
    this.#sheet = db.prepare("SELECT first, count, seal, names, columns, rest_seal AS restSeal, ids, details FROM sheets WHERE first = ?");
    this.#half = db.prepare("SELECT first, count, seal, names, columns FROM sheets WHERE first = ?");
    this.#bind = db.prepare(
      "INSERT INTO sheets (first, count, since, until, seal, names, columns, rest_seal, ids, details) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    );
    this.#unpart = db.prepare("DELETE FROM parts WHERE first = ?");
    this.#unsheet = db.prepare("DELETE FROM sheets WHERE first = ?");
  }

  open() {
    const begin = this.#db.prepare<[], Micros>("SELECT at FROM begin").pluck().get();
    if (begin === undefined) return undefined;
    return {
      begin,
      cursors: this.#db.prepare<[], [string, Revision]>("SELECT pool, revision FROM cursors").raw().all(),
      parts: this.#db.prepare<[], KeptPart>("SELECT first, length, events, until FROM parts ORDER BY first").all(),
      sheets: this.#db.prepare<[], KeptSheet>("SELECT first, count, since, until FROM sheets ORDER BY first").all(),
    };
  }

  begin(at: Micros): void {
    this.#begin.run(at);
  }

  append({ first, length, events, until }: KeptPart, text: string, cursors: Cursors, also: () => void): void {
    this.#db.transaction(() => {
      this.#append.run(first, length, events, until, crc32(text), text);
      for (const [pool, revision] of cursors) this.#cursor.run(pool, revision);
      also();
    })();
  }

  text({ first }: KeptPart): string | undefined {
    const row = this.#text.get(first);
    if (row !== undefined && crc32(row.text) === row.seal) return row.text;
    this.#warn(`a part of the history (${first}) is damaged, and left out`);
    return undefined;
  }

  sheet({ first }: KeptSheet): Omit<Stored, "since" | "until"> | undefined {
    const row = this.#sheet.get(first);
    const isSound = row !== undefined && sealOf(row.names, row.columns) === row.seal && sealOf(row.ids, row.details) === row.restSeal;
    return isSound ? row : this.#damaged(first);
  }

  half({ first }: KeptSheet): Omit<Stored, "since" | "until"> | undefined {
    const row = this.#half.get(first);
    const isSound = row !== undefined && sealOf(row.names, row.columns) === row.seal;
    return isSound ? { ...row, ids: "", details: NOTHING } : this.#damaged(first);
  }

  #damaged(first: number): undefined {
    this.#warn(`a sheet of the history (${first}) is damaged, and left out`);
  }

  bind(parts: readonly KeptPart[], sheets: readonly Stored[]): void {
    this.#db.transaction(() => {
      for (const { first } of parts) this.#unpart.run(first);
      for (const { first, count, since, until, names, columns, ids, details } of sheets)
        this.#bind.run(first, count, since, until, sealOf(names, columns), names, columns, sealOf(ids, details), ids, details);
    })();
  }

  drop(parts: readonly KeptPart[], sheets: readonly KeptSheet[], begin: Micros): void {
    this.#db.transaction(() => {
      for (const { first } of parts) this.#unpart.run(first);
      for (const { first } of sheets) this.#unsheet.run(first);
      this.#begin.run(begin);
    })();
  }
}

function sealOf(text: string, bytes: Uint8Array): number {
  return crc32(bytes, crc32(text));
}
