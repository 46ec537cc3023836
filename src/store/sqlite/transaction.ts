import type { Database, Statement } from "better-sqlite3";
import { StoreFailure } from "../store.ts";
import { failureOf, type Step } from "./failure.ts";

/** Transactions of a database, one at a time. */
export class Transactions {
  readonly #db: Database;
  readonly #begin: Statement;
  readonly #commit: Statement;

  constructor(db: Database) {
    this.#db = db;
    this.#begin = db.prepare("BEGIN IMMEDIATE");
    this.#commit = db.prepare("COMMIT");
  }

  /** Runs `work` in a transaction of its own, which is on disk when it returns. Throws StoreFailure. */
  run(work: () => void): void {
    let step: Step = "work";
    try {
      this.#begin.run();
      work();
      step = "commit";
      this.#commit.run();
    } catch (error) {
      const failure = failureOf(error, step);
      throw this.#rollBack() ? failure : new StoreFailure("OUTCOME_UNKNOWN", `could not roll back: ${failure.message}`, { cause: error });
    }
  }

  /** SQLite has rolled back by itself after some errors, and not after others. */
  #rollBack(): boolean {
    try {
      if (this.#db.inTransaction) this.#db.exec("ROLLBACK");
      return true;
    } catch {
      return false;
    }
  }
}
