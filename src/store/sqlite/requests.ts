import { crc32 } from "node:zlib";
import type { Database, Statement } from "better-sqlite3";

/** How many rows one call of `load` reads: other requests wait meanwhile. */
const PART = 2_000;
const SMALLEST = 1_024;

/** A row of `leases` that has ended, and the request key in it. */
export type Answered = readonly [key: string, row: number];

type Entry = [endedAt: number, key: string, row: number];

/**
 * In which rows of ended leases a request key may be, in memory: 16 to 32 bytes for each. Random keys in an index of the file would cost a
 * page for each end. It is filled from the file a part at a time, or all at once when it is first asked.
 */
export class Requests {
  readonly #part: Statement<Entry, Entry>;
  /** Up to where the file was read; undefined: to its end. */
  #read: Entry | undefined = [-1, "", 0];
  /** Open addressing with linear probing. Row 0 is none. */
  #hashes = new Uint32Array(SMALLEST);
  #rows = new Uint32Array(SMALLEST);
  #count = 0;

  constructor(db: Database) {
    this.#part = db
      .prepare<Entry, Entry>(
        `SELECT ended_at, request_key, rowid FROM leases
         WHERE ended_at IS NOT NULL AND request_key IS NOT NULL AND (ended_at, request_key, rowid) > (?, ?, ?)
         ORDER BY ended_at, request_key, rowid LIMIT ${PART}`,
      )
      .raw();
  }

  /** Reads a part of the file; true: there is more. */
  load(): boolean {
    if (this.#read === undefined) return false;
    const part = this.#part.all(...this.#read);
    for (const [, key, row] of part) this.add([key, row]);
    this.#read = part.length < PART ? undefined : part.at(-1);
    return this.#read !== undefined;
  }

  /** All rows that have the key, and perhaps some that have not. */
  rowsOf(key: string): number[] {
    while (this.load());
    const rows: number[] = [];
    const hash = crc32(key);
    for (let slot = this.#first(hash); this.#rows[slot] !== 0; slot = this.#next(slot))
      if (this.#hashes[slot] === hash) rows.push(this.#rows[slot] ?? 0);
    return rows;
  }

  add([key, row]: Answered): void {
    if (2 * this.#count >= this.#rows.length) this.#grow();
    this.#put(crc32(key), row);
  }

  remove([key, row]: Answered): void {
    const hash = crc32(key);
    let slot = this.#first(hash);
    while (this.#rows[slot] !== 0 && (this.#hashes[slot] !== hash || this.#rows[slot] !== row)) slot = this.#next(slot);
    if (this.#rows[slot] === 0) return;
    this.#rows[slot] = 0;
    this.#count--;
    // What stands behind it must be found without it.
    for (let after = this.#next(slot); this.#rows[after] !== 0; after = this.#next(after)) {
      const [moved, of] = [this.#rows[after] ?? 0, this.#hashes[after] ?? 0];
      this.#rows[after] = 0;
      this.#count--;
      this.#put(of, moved);
    }
  }

  #put(hash: number, row: number): void {
    let slot = this.#first(hash);
    for (; this.#rows[slot] !== 0; slot = this.#next(slot)) if (this.#hashes[slot] === hash && this.#rows[slot] === row) return;
    this.#hashes[slot] = hash;
    this.#rows[slot] = row;
    this.#count++;
  }

  #grow(): void {
    const [hashes, rows] = [this.#hashes, this.#rows];
    this.#hashes = new Uint32Array(2 * rows.length);
    this.#rows = new Uint32Array(2 * rows.length);
    this.#count = 0;
    for (const [slot, row] of rows.entries()) if (row !== 0) this.#put(hashes[slot] ?? 0, row);
  }

  #first(hash: number): number {
    return hash & (this.#rows.length - 1);
  }

  #next(slot: number): number {
    return (slot + 1) & (this.#rows.length - 1);
  }
}
