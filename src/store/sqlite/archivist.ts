/** The thread that has the history: its file, and every look at it. Nothing that is decided waits for it. One request at a time, in order. */
import { closeSync, existsSync, openSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import Database from "better-sqlite3";
import { Book } from "../history/book.ts";
import { MAILING, type Mailing } from "../history/mail.ts";
import { known, migrate } from "../migrations.ts";
import type { StoreFailure } from "../store.ts";
import { SqliteDesk } from "./desk.ts";
import { codeOf } from "./failure.ts";
import { SqliteShelf } from "./shelf.ts";

/** "chis": marks a file of the history. */
const APPLICATION_ID = 0x63686973;
/**
 * After making sheets the thread rests for so many times as long as that took: under load the work is left for later, until there is much
 * of it, in characters.
 */
const REST = { usual: 200, pressing: 20, much: 64 * 1024 * 1024 } as const;
/** How long nothing has to have come before sheets are made without a rest, in milliseconds. */
const QUIET = 2_000;

/** What the thread does on request. */
export type Operations = Pick<Book, "open" | "subscribe" | "append" | "list" | "stats" | "holds" | "trim"> & Mailing & { close(): void };

/** One call of an operation. */
export interface Request {
  readonly id: number;
  readonly operation: keyof Operations;
  readonly parameters: readonly unknown[];
}

/** The answer to the request of that id, or a warning. */
export type Answer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly failure: Pick<StoreFailure, "reason" | "message"> }
  | { readonly warning: string };

/** The open file, and the book in it. */
interface Opened {
  readonly db: Database.Database;
  readonly book: Book;
}

let opened: Opened | undefined;
/** The book knows what it has. */
let isBegun = false;
let binding: NodeJS.Timeout | undefined;
/** When something was appended last. */
let came = 0;

function open(file: string): Opened {
  // Readable by its owner alone, as it names people.
  if (!existsSync(file)) closeSync(openSync(file, "wx", 0o600));
  const db = new Database(file, { fileMustExist: true, timeout: 500 });
  try {
    db.pragma("page_size = 16384");
    db.pragma("locking_mode = EXCLUSIVE");
    db.pragma("trusted_schema = OFF");
    const tables = Number(db.prepare("SELECT count(*) FROM sqlite_schema").pluck().get());
    if (tables > 0 && db.pragma("application_id", { simple: true }) !== APPLICATION_ID)
      throw new Error("it is a SQLite database of something else; move it away");
    db.pragma("journal_mode = WAL");
    db.pragma("synchronous = FULL");
    migrate(db, file, known("history/"), APPLICATION_ID);
    return { db, book: new Book(new SqliteShelf(db, (warning) => say({ warning })), new SqliteDesk(db)) };
  } catch (error) {
    db.close();
    throw error;
  }
}

function perform({ operation, parameters }: Request): unknown {
  if (operation === "close") return opened?.db.close();
  // Who has opened it before may have had another thread, which has ended since, and does not know that this one knows nothing yet.
  if (!isBegun && operation !== "open" && operation !== "subscribe") throw new Error("it is not open yet; it is opened when it is filled");
  opened ??= open(String(workerData));
  const { book } = opened;
  const of = MAILING.some((mailing) => mailing === operation) ? book.letters : book;
  const result = Reflect.apply(Reflect.get(of, operation), of, parameters);
  if (operation === "append") came = performance.now();
  if (operation === "open") isBegun = true;
  if (operation === "append" || operation === "open") bindLater(opened.book, QUIET);
  return result;
}

/** Makes sheets of what is loose, one at a time. */
function bindLater(book: Book, milliseconds: number): void {
  if (binding !== undefined || !book.isBindable) return;
  binding = setTimeout(() => {
    binding = undefined;
    const since = performance.now();
    try {
      book.bind();
    } catch (error) {
      say({ warning: `the history cannot be kept in order: ${String(error)}` });
    }
    const times = book.loose > REST.much ? REST.pressing : REST.usual;
    bindLater(book, since - came > QUIET ? 0 : times * (performance.now() - since));
  }, milliseconds);
}

function failureOf(error: unknown): Pick<StoreFailure, "reason" | "message"> {
  const message = error instanceof Error ? error.message : String(error);
  const code = codeOf(error);
  return { reason: code === "SQLITE_FULL" || code === "ENOSPC" ? "STORAGE_FULL" : "STORAGE_FAILED", message };
}

function answer(request: Request): Answer {
  try {
    return { id: request.id, result: perform(request) };
  } catch (error) {
    return { id: request.id, failure: failureOf(error) };
  }
}

function say(message: Answer): void {
  parentPort?.postMessage(message);
}

parentPort?.on("message", (request: Request) => {
  say(answer(request));
  if (request.operation !== "close") return;
  clearTimeout(binding);
  parentPort?.close();
});
