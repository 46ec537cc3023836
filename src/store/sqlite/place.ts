import { openSync, readSync, statSync } from "node:fs";
import { StoreFailure } from "../store.ts";

/** What identifies a file. */
interface Identity {
  readonly dev: bigint;
  readonly ino: bigint;
}

/** The database file when it was last looked at; size and time change when somebody writes it. */
interface Mark extends Identity {
  readonly size: bigint;
  readonly mtimeNs: bigint;
}

/** The length of SQLite's header in bytes. It has a counter of changes, and the size of the database. */
const HEADER = 100;

/**
 * Whether the database and its log are still the files that SQLite has open, and nobody else has written the database. SQLite itself goes
 * on with a file that was deleted, replaced or overwritten, and all that it acknowledges is lost. Found out by path: four looks of some
 * microseconds for a commit.
 */
export class Place {
  readonly #file: string;
  readonly #log: Identity | undefined;
  /** Never closed: that would drop all locks that this process has on the file (sqlite.org/howtocorrupt.html, 2.2). It ends with the thread. */
  readonly #descriptor: number;
  #database: Mark | undefined;
  #header: Buffer;
  #lost: StoreFailure | undefined;

  /** Must be made while SQLite has both files open. */
  constructor(file: string) {
    this.#file = file;
    this.#log = look(`${file}-wal`);
    this.#descriptor = openSync(file, "r");
    this.#database = look(file);
    this.#header = this.#readHeader();
  }

  /** Before a write: throws STORAGE_LOST, now and ever after, if the files are others than SQLite has, or were changed by others. */
  before(): void {
    const now = look(this.#file);
    this.#check(now, "nothing was changed");
    if (isAsItWas(this.#database, now)) return;
    // A changed time alone proves nothing: some file systems report times late.
    if (!this.#readHeader().equals(this.#header)) this.#lose("it was written by another program", "nothing was changed");
    this.#database = now;
  }

  /** After a write, before anybody is told of it: throws STORAGE_LOST if it went to files that are not in their place any more. */
  after(): void {
    const now = look(this.#file);
    this.#check(now, "what was just written is in the lost file alone");
    this.#note(now);
  }

  /** Must be called after a write that failed: it may have changed the file as well. */
  note(): void {
    const now = look(this.#file);
    if (isSame(this.#database, now)) this.#note(now);
  }

  get isLost(): boolean {
    return this.#lost !== undefined;
  }

  /** Remembers the database as it is now, where a checkpoint of this process has written it. */
  #note(now: Mark | undefined): void {
    if (isAsItWas(this.#database, now)) return;
    this.#database = now;
    this.#header = this.#readHeader();
  }

  #check(now: Mark | undefined, outcome: string): void {
    if (this.#lost !== undefined) throw this.#lost;
    if (!isSame(this.#database, now)) this.#lose(told(now, "it"), outcome);
    const log = look(`${this.#file}-wal`);
    if (!isSame(this.#log, log)) this.#lose(told(log, "its log (-wal)"), outcome);
  }

  #lose(found: string, outcome: string): never {
    this.#lost = new StoreFailure(
      "STORAGE_LOST",
      `${found} while the server has it open; ${outcome}, and nothing is written any more: stop the server, put the database and its -wal in their place (the same files or a backup), and start again`,
    );
    throw this.#lost;
  }

  #readHeader(): Buffer {
    const header = Buffer.alloc(HEADER);
    readSync(this.#descriptor, header, 0, HEADER, 0);
    return header;
  }
}

function isSame(a: Identity | undefined, b: Identity | undefined): boolean {
  return a?.dev === b?.dev && a?.ino === b?.ino;
}

function isAsItWas(a: Mark | undefined, b: Mark | undefined): boolean {
  return a?.size === b?.size && a?.mtimeNs === b?.mtimeNs;
}

function told(now: Identity | undefined, name: string): string {
  return now === undefined ? `${name} was deleted or moved away` : `${name} was replaced by another file`;
}

function look(file: string): Mark | undefined {
  return statSync(file, { bigint: true, throwIfNoEntry: false });
}
