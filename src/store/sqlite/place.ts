import { openSync, readSync, statSync } from "node:fs";
import { StoreFailure } from "../store.ts";
import { LOG_LIMIT } from "./database.ts";
import { SHORTEST_LOG, soundFrames } from "./log.ts";

/** What identifies a file. */
interface Identity {
  readonly dev: bigint;
  readonly ino: bigint;
}

/** A file when it was last looked at; size and time change when somebody writes it. */
interface Look extends Identity {
  readonly size: bigint;
  readonly mtimeNs: bigint;
}

/** The length of the first page in bytes. It has a counter of changes, the size of the database, and where its tables are. */
const FIRST_PAGE = 4_096;

/**
 * Whether the database and its log are still the files that SQLite has open, and nobody else has written them. SQLite itself goes on with
 * a file that was deleted, replaced, cut short or overwritten, and all that it acknowledges is lost. Found out by path: four looks of some
 * microseconds for a commit. What others write during a commit is not told from what SQLite writes, unless a file gets shorter.
 */
export class Place {
  readonly #file: string;
  /** How many frames of the log SQLite relies on. */
  readonly #frames: () => number;
  /**
   * Never closed: that would drop all locks that this process has on the file (docs/decisions/0010-sqlite-with-one-owner.md). It ends
   * with the thread.
   */
  readonly #descriptor: number;
  #database: Look | undefined;
  #log: Look | undefined;
  #page: Buffer;
  #lost: StoreFailure | undefined;
  #isLogSpoilt = false;

  /** Must be made while SQLite has both files open. */
  constructor(file: string, frames: () => number) {
    this.#file = file;
    this.#frames = frames;
    this.#log = look(`${file}-wal`);
    this.#descriptor = openSync(file, "r");
    this.#database = look(file);
    this.#page = this.#firstPage();
  }

  /** Before a write: throws STORAGE_LOST, now and ever after, if the files are others than SQLite has, or were changed by others. */
  before(): void {
    const unchanged = "nothing was changed";
    const [database, log] = this.#look(unchanged);
    // A changed time alone proves nothing: backups set times, and some file systems report them late.
    if (!isAsItWas(this.#database, database)) {
      const isSound = this.#database?.size === database?.size && this.#firstPage().equals(this.#page);
      if (!isSound) this.#lose("it was written by another program", unchanged);
    }
    if (!isAsItWas(this.#log, log)) {
      this.#isLogSpoilt = this.#log?.size !== log?.size || soundFrames(`${this.#file}-wal`) < this.#frames();
      if (this.#isLogSpoilt) this.#lose("its log (-wal) was written by another program", unchanged);
    }
    this.#database = database;
    this.#log = log;
  }

  /** After a write, before anybody is told of it: throws STORAGE_LOST if it went to files that are not in their place any more. */
  after(): void {
    const outcome = "what was just written is in the lost file alone";
    const [database, log] = this.#look(outcome);
    this.#isLogSpoilt = isCut(this.#log, log);
    if (this.#isLogSpoilt) this.#lose("its log (-wal) was cut short by another program", outcome);
    this.#note(database, log);
  }

  /** Must be called after a write that failed: it may have changed the files as well. */
  note(): void {
    const [database, log] = [look(this.#file), look(`${this.#file}-wal`)];
    if (isSame(this.#database, database) && isSame(this.#log, log) && !isCut(this.#log, log)) this.#note(database, log);
  }

  get isLost(): boolean {
    return this.#lost !== undefined;
  }

  /** Whether others have written the log where it is, so that SQLite can no longer read from it what it wrote. */
  get isLogSpoilt(): boolean {
    return this.#isLogSpoilt;
  }

  /** Whether the log has ever been written, so that there must be one at the next start. */
  get hasCommits(): boolean {
    return (this.#log?.size ?? 0) >= SHORTEST_LOG;
  }

  /** Remembers the files as they are now, where this process has written them: the log by a commit, the database by a checkpoint. */
  #note(database: Look | undefined, log: Look | undefined): void {
    this.#log = log;
    if (isAsItWas(this.#database, database)) return;
    this.#database = database;
    this.#page = this.#firstPage();
  }

  /** Database and log as they are now, which are the ones that SQLite has open. */
  #look(outcome: string): [database: Look | undefined, log: Look | undefined] {
    if (this.#lost !== undefined) throw this.#lost;
    const database = look(this.#file);
    if (!isSame(this.#database, database)) this.#lose(told(database, "it"), outcome);
    const log = look(`${this.#file}-wal`);
    if (!isSame(this.#log, log)) this.#lose(told(log, "its log (-wal)"), outcome);
    return [database, log];
  }

  #lose(found: string, outcome: string): never {
    this.#lost = new StoreFailure(
      "STORAGE_LOST",
      `${found} while the server has it open; ${outcome}, and nothing is written any more: stop the server, put the database and its -wal in their place (the same files or a backup), and start again`,
    );
    throw this.#lost;
  }

  #firstPage(): Buffer {
    const page = Buffer.alloc(FIRST_PAGE);
    readSync(this.#descriptor, page, 0, FIRST_PAGE, 0);
    return page;
  }
}

function isSame(a: Identity | undefined, b: Identity | undefined): boolean {
  return a?.dev === b?.dev && a?.ino === b?.ino;
}

function isAsItWas(a: Look | undefined, b: Look | undefined): boolean {
  return a?.size === b?.size && a?.mtimeNs === b?.mtimeNs;
}

/** SQLite itself cuts only a log that is beyond its limit. */
function isCut(before: Look | undefined, now: Look | undefined): boolean {
  const size = before?.size ?? 0n;
  return (now?.size ?? 0n) < (size < LOG_LIMIT ? size : BigInt(LOG_LIMIT));
}

function told(now: Identity | undefined, name: string): string {
  return now === undefined ? `${name} was deleted or moved away` : `${name} was replaced by another file`;
}

function look(file: string): Look | undefined {
  return statSync(file, { bigint: true, throwIfNoEntry: false });
}
