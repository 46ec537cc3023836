import { crc32 } from "node:zlib";
import type { Database, Statement } from "better-sqlite3";
import type { Micros, Revision } from "../../core/model/units.ts";
import type { Cursors, Part } from "../history/history.ts";
import { poolsWithEvents } from "./pool-names.ts";
import type { Row } from "./rows.ts";

/** How much waits in memory to be taken, in characters; beyond that it is read from the log when it is taken. */
const MOST = 16 * 1024 * 1024;
/** How much of the log is read at once. */
const READ = 1024 * 1024;
const LEAST = 16 * 1024;

type EventRow = [pool: string, revision: Revision, body: string, seal: number, count: number];

/**
 * What the history has not taken over yet of the log: mostly it was written a moment ago, and is still here. After a start, and when the
 * history did not come for long, it is read from the file.
 */
export class Outbox {
  readonly #pools: () => Iterable<string>;
  readonly #behind: Statement<[string, Revision], EventRow>;
  readonly #trimmed: Statement<[], [pool: string, revision: Revision]>;
  /** All that was not taken is in memory. */
  #isAhead = false;
  #texts: string[] = [];
  #length = 0;
  #events = 0;
  #until: Micros = 0;
  readonly #last = new Map<string, Revision>();

  constructor(db: Database) {
    this.#pools = poolsWithEvents(db);
    this.#behind = db
      .prepare<[string, Revision], EventRow>(
        "SELECT pool, revision, body, seal, count FROM events WHERE pool = ? AND revision > ? ORDER BY revision",
      )
      .raw();
    this.#trimmed = db.prepare<[], [string, Revision]>("SELECT pool, revision FROM trimmed").raw();
  }

  /** Rows of the log have been committed. */
  note(rows: readonly Row[]): void {
    if (!this.#isAhead) return;
    for (const row of rows) this.#put(row);
    if (this.#length <= MOST) return;
    this.#isAhead = false;
    this.#emptied(false);
  }

  #put([pool, revision, body, , count]: Row): void {
    const text = `[${JSON.stringify(pool)},${body}]`;
    this.#texts.push(text);
    this.#length += text.length;
    this.#events += Number(count);
    this.#until = Math.max(this.#until, Number(revision));
    this.#last.set(String(pool), Number(revision));
  }

  /** What was not taken before, or is behind `from`. Undefined where it must be told from where: after a start, and after too much. */
  take(from?: Cursors): Part | undefined {
    if (from === undefined) return this.#isAhead ? this.#emptied(false) : undefined;
    const cursors = new Map(from);
    // What is in memory is in the file as well.
    this.#emptied(false);
    const trimmed = this.#trimmed.all().reduce((latest, [pool, at]) => (at > (cursors.get(pool) ?? 0) ? Math.max(latest, at) : latest), 0);
    const { more, damaged } = this.#read(cursors);
    const gap = Math.max(trimmed, damaged);
    this.#isAhead = !more;
    return { ...this.#emptied(more), ...(gap > 0 && { gap }) };
  }

  /**
   * In the order of all pools: a pool that has more than is read at once ends the part for the others as well. `damaged`: behind this revision
   * all was sound; 0 if all of it was.
   */
  #read(cursors: ReadonlyMap<string, Revision>): { readonly more: boolean; readonly damaged: Revision } {
    const pools = [...this.#pools()];
    const share = Math.max(LEAST, READ / pools.length);
    const rows: EventRow[] = [];
    let end = Number.POSITIVE_INFINITY;
    for (const pool of pools) {
      let length = 0;
      for (const row of this.#behind.iterate(pool, cursors.get(pool) ?? 0)) {
        rows.push(row);
        length += row[2].length;
        if (length < share) continue;
        end = Math.min(end, row[1]);
        break;
      }
    }
    const part = rows.filter(([, revision]) => revision <= end).sort((a, b) => a[1] - b[1]);
    let damaged = 0;
    for (const row of part) {
      if (isSound(row)) this.#put(row);
      else damaged = row[1] + 1;
      this.#last.set(row[0], row[1]);
    }
    return { more: end !== Number.POSITIVE_INFINITY, damaged };
  }

  #emptied(more: boolean): Part {
    const part = { text: this.#texts.join(","), events: this.#events, until: this.#until, cursors: [...this.#last], more };
    this.#texts = [];
    [this.#length, this.#events, this.#until] = [0, 0, 0];
    this.#last.clear();
    return part;
  }
}

function isSound([pool, revision, body, seal]: EventRow): boolean {
  return crc32([pool, revision, body].join("\0")) === seal;
}
