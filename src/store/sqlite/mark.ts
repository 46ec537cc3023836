import { closeSync, fsyncSync, openSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { StoreFailure } from "../store.ts";
import { codeOf } from "./failure.ts";

/** The name of a database's mark. */
export function markOf(database: string): string {
  return `${database}-open`;
}

/**
 * A file beside the database that says: the database alone is not all, there must be a log with it. A start that finds the mark and no log
 * knows that commits are missing, which SQLite would take for a database that was closed in order. It is empty, unless the log was spoilt
 * under the server: SQLite would take what is left of it for all.
 */
export class Mark {
  readonly #database: string;
  readonly #warn: (text: string) => void;
  #isMade = false;

  constructor(database: string, warn: (text: string) => void) {
    this.#database = database;
    this.#warn = warn;
  }

  /** Must be called when the log has a commit, and before anybody is told of it. Warns if there can be no mark. Throws OUTCOME_UNKNOWN. */
  make(): void {
    if (this.#isMade) return;
    this.#isMade = true;
    const file = markOf(this.#database);
    try {
      closeSync(openSync(file, "a", 0o600));
    } catch (error) {
      this.#warn(`cannot create ${file} (${codeOf(error)}): a start after a crash would not notice it if the log (-wal) were missing`);
      return;
    }
    try {
      syncDirectory(path.dirname(file));
    } catch (error) {
      throw new StoreFailure("OUTCOME_UNKNOWN", `an fsync of the directory failed: ${String(error)}`, { cause: error });
    }
  }

  /** Writes down that commits are missing from the log, so that no start takes it for whole. Warns if it can't. */
  spoil(): void {
    const file = markOf(this.#database);
    try {
      writeFileSync(file, "the log was written by another program\n", { mode: 0o600, flush: true });
    } catch (error) {
      this.#warn(`cannot write ${file} (${codeOf(error)}): a start would take what is left of the log (-wal) for all`);
    }
  }

  remove(): void {
    unmark(this.#database);
  }
}

/**
 * Removes the mark of a database. Must be called when the database alone has all, or is about to, and before the log is deleted: a crash in
 * between then finds what it expects.
 */
export function unmark(database: string): void {
  rmSync(markOf(database), { force: true });
}

/** Makes the names of new files durable. */
export function syncDirectory(directory: string): void {
  if (process.platform === "win32") return;
  const descriptor = openSync(directory, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
