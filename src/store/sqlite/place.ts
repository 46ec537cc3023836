import { type BigIntStats, statSync } from "node:fs";
import { StoreFailure } from "../store.ts";

/** What identifies a file, and shows that somebody else has written it. */
type Mark = Pick<BigIntStats, "dev" | "ino" | "size" | "mtimeNs">;

/**
 * Whether the database and its log are still the files that SQLite has open, and nobody else has written the database. SQLite itself goes
 * on with a file that was deleted or replaced, and all that it acknowledges is lost. Found out by path: three looks of some microseconds
 * for a commit; to open the file would, on closing, drop the locks that this process has on it.
 */
export class Place {
  readonly #file: string;
  readonly #log: Mark | undefined;
  #database: Mark | undefined;
  #lost: StoreFailure | undefined;

  /** Must be made while SQLite has both files open. */
  constructor(file: string) {
    this.#file = file;
    this.#database = look(file);
    this.#log = look(`${file}-wal`);
  }

  /** Before a write: throws STORAGE_LOST, now and ever after, if the files are others than SQLite has, or were changed by others. */
  before(): void {
    const now = look(this.#file);
    const known = this.#database;
    this.#check(now, "nothing was changed", known?.size !== now?.size || known?.mtimeNs !== now?.mtimeNs);
  }

  /** After a write, before anybody is told of it: throws STORAGE_LOST if it went to files that are not in their place any more. */
  after(): void {
    const now = look(this.#file);
    this.#check(now, "what was just written is in the lost file alone");
    this.#database = now;
  }

  /** Must be called after a write that failed: it may have changed the file as well. */
  note(): void {
    const now = look(this.#file);
    if (isSame(this.#database, now)) this.#database = now;
  }

  get isLost(): boolean {
    return this.#lost !== undefined;
  }

  #check(now: Mark | undefined, outcome: string, overwritten = false): void {
    const log = look(`${this.#file}-wal`);
    if (this.#lost === undefined) {
      const what = !isSame(this.#database, now) ? told(now, "it") : !isSame(this.#log, log) ? told(log, "its log (-wal)") : undefined;
      const found = what ?? (overwritten ? "it was written by another program" : undefined);
      if (found === undefined) return;
      this.#lost = new StoreFailure(
        "STORAGE_LOST",
        `${found} while the server has it open; ${outcome}, and nothing is written any more: stop the server, put the database and its -wal in their place (the same files or a backup), and start again`,
      );
    }
    throw this.#lost;
  }
}

function isSame(a: Mark | undefined, b: Mark | undefined): boolean {
  return a?.dev === b?.dev && a?.ino === b?.ino;
}

function told(now: Mark | undefined, name: string): string {
  return now === undefined ? `${name} was deleted or moved away` : `${name} was replaced by another file`;
}

function look(file: string): Mark | undefined {
  return statSync(file, { bigint: true, throwIfNoEntry: false });
}
