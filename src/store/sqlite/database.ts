import { randomBytes } from "node:crypto";
import { accessSync, closeSync, constants, existsSync, openSync, realpathSync, statSync } from "node:fs";
import path from "node:path";
import Database from "better-sqlite3";
import { APPLICATION_ID, migrate } from "../migrations.ts";
import { StoreUnusable } from "../store.ts";
import { codeOf } from "./failure.ts";
import { SHORTEST_LOG } from "./log.ts";
import { markOf, syncDirectory } from "./mark.ts";

/** How long to wait for another process that has the file open, in milliseconds: for example a server that is just stopping. */
const PATIENCE = 500;
/** Up to which size the whole file is read at start, to find damage before anything is decided on it. */
const CHECKED = 256 * 1024 * 1024;
/** To which size SQLite cuts the log when it begins it anew, in bytes. */
export const LOG_LIMIT: number = 64 * 1024 * 1024;

/** Opens the file for ourselves alone, or creates it. Throws StoreUnusable. */
export function openDatabase(file: string): Database.Database {
  const directory = path.dirname(file);
  prepareFile(file, directory);
  let db: Database.Database | undefined;
  try {
    db = new Database(file, { fileMustExist: true, timeout: PATIENCE });
    own(db, file);
    check(db, file);
    // SQLite does so too, with the first commit, but ignores errors, and then a power loss could lose the names of both files.
    syncDirectory(directory);
    db.function("random_key", () => randomBytes(32));
    // The file alone then has the schema and the secret. The log stays as long as it is: it may have a mark.
    if (migrate(db, file)) db.pragma("wal_checkpoint(FULL)");
    return db;
  } catch (error) {
    db?.close();
    throw error instanceof StoreUnusable ? error : unusable(file, ...diagnose(error, directory));
  }
}

/**
 * Checks path and permissions before SQLite opens the file. Creates a new file readable by its owner alone, as it will hold the key of the
 * lease tokens.
 */
function prepareFile(file: string, directory: string): void {
  const folder = statSync(directory, { throwIfNoEntry: false });
  if (!folder?.isDirectory()) throw unusable(file, `there is no directory ${directory}`, "create it, or choose another path");
  const found = statSync(file, { throwIfNoEntry: false });
  if (found?.isDirectory()) throw unusable(file, "it is a directory", "give the path of a file in it");
  if (found !== undefined && !found.isFile()) throw unusable(file, "it is not a regular file", "choose another path");
  checkLog(file, found?.size);
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
    // Only a missing file may be opened here. Closing any descriptor of a file drops all locks that this process has on it, so to
    // touch one that a store of this process has open would let a second server in (docs/decisions/0010-sqlite-with-one-owner.md).
    if (found === undefined) closeSync(openSync(file, "wx", 0o600));
    else accessSync(file, constants.R_OK | constants.W_OK);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw unusable(file, ...diagnose(error, directory));
  }
}

/** Throws if the database or its log is missing, and the other one shows it. They lie beside the real file: SQLite follows symbolic links. */
function checkLog(file: string, size: number | undefined): void {
  const real = size === undefined ? file : realpathSync(file);
  // The log first: a server that has just written its first commit makes the mark after it, one that closes removes the mark before it.
  const log = sizeOf(`${real}-wal`);
  // SQLite would delete such a log and begin an empty database.
  if ((size ?? 0) === 0 && log > 0)
    throw unusable(
      file,
      `it is ${size === undefined ? "missing" : "empty"}, but its log ${real}-wal holds ${log} bytes that were committed`,
      "restore the database that belongs to the log, or move the log (and -open beside it) away to begin anew",
    );
  const mark = markOf(real);
  const marked = statSync(mark, { throwIfNoEntry: false })?.size;
  if ((marked ?? 0) > 0)
    throw unusable(
      file,
      `another program wrote into its log ${real}-wal while a server had it open, so leases may be missing from it`,
      `restore both from a backup and remove ${mark}; without a backup, removing it alone begins with what is left`,
    );
  if (log >= SHORTEST_LOG || marked === undefined) return;
  const state = log > 0 ? "cut short" : existsSync(`${real}-wal`) ? "empty" : "missing";
  throw unusable(
    file,
    `its log ${real}-wal is ${state}, and the server that had it open did not close it: leases that are in the log alone would be lost`,
    `put the log back, or remove ${mark} to begin with what the database alone has`,
  );
}

/** Takes the file, which stays locked until it is closed, and makes commits durable. Writes nothing to a file of somebody else. */
function own(db: Database.Database, file: string): void {
  db.pragma("locking_mode = EXCLUSIVE");
  db.pragma("trusted_schema = OFF");
  db.pragma("cell_size_check = ON");
  db.pragma("temp_store = MEMORY");
  // An empty file becomes one page, written whole or not at all: it needs no rollback journal, whose name SQLite would sync, ignoring errors.
  if (sizeOf(file) === 0) db.pragma("journal_mode = MEMORY");
  db.exec("BEGIN EXCLUSIVE; COMMIT");
  const tables = Number(db.prepare("SELECT count(*) FROM sqlite_schema").pluck().get());
  if (tables > 0 && db.pragma("application_id", { simple: true }) !== APPLICATION_ID)
    throw unusable(file, "it is a SQLite database of another program", "choose another path");
  // Not { simple: true }, which stops at the first row: this commits after it, and its error would be lost.
  const [row] = db.pragma("journal_mode = WAL") as { journal_mode: string }[];
  if (row?.journal_mode !== "wal")
    throw unusable(file, `its file system has no write-ahead log (journal_mode is ${row?.journal_mode})`, "keep it on a local disk");
  // After journal_mode: this build of SQLite silently turns it to NORMAL for a WAL, and a commit would not be on disk.
  db.pragma("synchronous = FULL");
  db.pragma("wal_autocheckpoint = 0");
  db.pragma(`journal_size_limit = ${LOG_LIMIT}`);
}

function check(db: Database.Database, file: string): void {
  if (sizeOf(file) + sizeOf(`${file}-wal`) > CHECKED) return;
  // Not quick_check, which is three times as fast (120 ms for 160 MiB, warm): it does not notice an index that misses a row, and what a
  // lease that is not found holds would be granted a second time.
  const verdict = db.pragma("integrity_check(1)", { simple: true });
  const [, found = verdict] = String(verdict).split(" ***\n");
  if (verdict !== "ok") throw unusable(file, `it is damaged: ${found}`, RESTORE);
}

const RESTORE = "restore a backup, or move it and its -wal away (and -open, if it is there) to begin with an empty store";

/** Why the file cannot be opened, and the remedy. */
function diagnose(error: unknown, directory: string): [reason: string, remedy: string] {
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  if (code === "SQLITE_NOTADB") return ["it is not a SQLite database", RESTORE];
  if (code.startsWith("SQLITE_CORRUPT")) return [`it is damaged: ${message}`, RESTORE];
  if (code.startsWith("SQLITE_BUSY"))
    return ["it is in use by another call-me server, or a tool that has it open", "stop that one, or give this one a file of its own"];
  if (code === "SQLITE_FULL" || code === "ENOSPC") return ["the disk is full", "free some space"];
  if (/^(SQLITE_READONLY|SQLITE_CANTOPEN|EROFS|EACCES|EPERM)/.test(code))
    return [`it cannot be written (${code})`, `let this user write it and its directory ${directory}, on a disk that is not read-only`];
  return [`${message}${code === "" ? "" : ` (${code})`}`, "see to the disk, or restore a backup"];
}

function unusable(file: string, reason: string, remedy: string): StoreUnusable {
  return new StoreUnusable(`cannot open the store ${file}: ${reason}; ${remedy}`);
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
