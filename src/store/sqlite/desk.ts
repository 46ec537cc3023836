import type { Database, Statement } from "better-sqlite3";
import type { Micros } from "../../core/model/units.ts";
import { RULE } from "../history/addressee.ts";
import type { Dead, DeadLetter, Desk, Letter, Those, WaitingLetter } from "../history/letter.ts";

interface Row {
  readonly number: number;
  readonly id: string;
  readonly receiver: string;
  readonly notice: string;
}

/** Letters in the SQLite file of the history. */
export class SqliteDesk implements Desk {
  readonly #db: Database;
  readonly #add: Statement<[string, string, string]>;
  readonly #waiting: Statement<[string, number, number], Row>;
  readonly #oldestOf: Statement<[string, number], Row>;
  readonly #oldest: Statement<[number], Row>;
  readonly #oldestNamed: Statement<[string, number], Row>;
  readonly #remove: Statement<[number], number>;
  readonly #bury: Statement<[Micros, string, number]>;
  readonly #dead: Statement<[number, number], Row & Pick<DeadLetter, "diedAt" | "why">>;
  readonly #trim: Statement<[number]>;
  readonly #expire: Statement<[Micros]>;
  readonly #take: { readonly id: Statement<[string], Row>; readonly to: Statement<[string], Row>; readonly all: Statement<[], Row> };
  readonly #mark: Statement<[string, string]>;
  readonly #unmark: Statement<[string]>;
  readonly #isMarked: Statement<[], number>;

  constructor(db: Database) {
    this.#db = db;
    const row = "number, id, receiver, notice";
    const isWaiting = "died_at IS NULL";
    this.#add = db.prepare("INSERT INTO letters (id, receiver, notice) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING");
    this.#waiting = db.prepare(`SELECT ${row} FROM letters WHERE receiver = ? AND number > ? AND ${isWaiting} ORDER BY number LIMIT ?`);
    this.#oldestOf = db.prepare(`SELECT ${row} FROM letters WHERE receiver = ? AND ${isWaiting} ORDER BY number LIMIT ?`);
    this.#oldest = db.prepare(`SELECT ${row} FROM letters WHERE ${isWaiting} ORDER BY number LIMIT ?`);
    this.#oldestNamed = db.prepare(`SELECT ${row} FROM letters WHERE receiver < ? AND ${isWaiting} ORDER BY number LIMIT ?`);
    this.#remove = db.prepare<[number], number>(`DELETE FROM letters WHERE number = ? RETURNING ${isWaiting}`).pluck();
    this.#bury = db.prepare(`UPDATE letters SET died_at = ?, why = ? WHERE number = ? AND ${isWaiting}`);
    this.#dead = db.prepare(
      `SELECT ${row}, died_at AS diedAt, why FROM letters WHERE died_at IS NOT NULL AND number < ? ORDER BY number DESC LIMIT ?`,
    );
    this.#trim = db.prepare(
      "DELETE FROM letters WHERE number <= (SELECT number FROM letters WHERE died_at IS NOT NULL ORDER BY number DESC LIMIT 1 OFFSET ?) AND died_at IS NOT NULL",
    );
    this.#expire = db.prepare("DELETE FROM letters WHERE died_at < ?");
    const take = (which: string) => `DELETE FROM letters WHERE ${which} died_at IS NOT NULL RETURNING ${row}`;
    this.#take = { id: db.prepare(take("id = ? AND")), to: db.prepare(take("receiver = ? AND")), all: db.prepare(take("")) };
    this.#mark = db.prepare("INSERT INTO marks VALUES (?, ?) ON CONFLICT DO NOTHING");
    this.#unmark = db.prepare("DELETE FROM marks WHERE lease = ?");
    this.#isMarked = db.prepare<[], number>("SELECT EXISTS (SELECT 1 FROM marks)").pluck();
  }

  counts(): [string, number][] {
    const found = this.#db.prepare<[], [string, number]>("SELECT receiver, count(*) FROM letters WHERE died_at IS NULL GROUP BY receiver");
    return found.raw().all();
  }

  deadCount(): number {
    return this.#db.prepare<[], number>("SELECT count(*) FROM letters WHERE died_at IS NOT NULL").pluck().get() ?? 0;
  }

  add({ id, to, notice }: Letter): boolean {
    return this.#add.run(id, to, JSON.stringify(notice)).changes > 0;
  }

  waiting(to: string, after: number, limit: number): WaitingLetter[] {
    return this.#waiting.all(to, after, limit).map(letterOf);
  }

  oldest(of: Those, limit: number): WaitingLetter[] {
    if (of === "all") return this.#oldest.all(limit).map(letterOf);
    return (of === "named" ? this.#oldestNamed.all(RULE, limit) : this.#oldestOf.all(of.to, limit)).map(letterOf);
  }

  remove(numbers: readonly number[]): number {
    return this.#sum(numbers, (number) => this.#remove.get(number) ?? 0);
  }

  bury(numbers: readonly number[], at: Micros, why: string): number {
    return this.#sum(numbers, (number) => this.#bury.run(at, why, number).changes);
  }

  dead(limit: number, before: number): DeadLetter[] {
    return this.#dead.all(before, limit).map((row) => ({ ...letterOf(row), diedAt: row.diedAt, why: row.why }));
  }

  take(of: Dead): Letter[] {
    const rows = of === "all" ? this.#take.all.all() : "id" in of ? this.#take.id.all(of.id) : this.#take.to.all(of.to);
    // In no order by itself.
    return rows.sort((a, b) => a.number - b.number).map(letterOf);
  }

  trimDead(kept: number, before: Micros): void {
    this.#trim.run(kept);
    if (before > 0) this.#expire.run(before);
  }

  mark(lease: string, id: string): boolean {
    return this.#mark.run(lease, id).changes > 0;
  }

  unmark(leases: readonly string[]): void {
    for (const lease of leases) this.#unmark.run(lease);
  }

  marked(): string[] {
    return this.#db.prepare<[], string>("SELECT DISTINCT lease FROM marks").pluck().all();
  }

  get isMarked(): boolean {
    return this.#isMarked.get() === 1;
  }

  together(act: () => void): void {
    this.#db.transaction(act)();
  }

  #sum(numbers: readonly number[], change: (number: number) => number): number {
    let sum = 0;
    this.together(() => {
      sum = numbers.reduce((so, number) => so + change(number), 0);
    });
    return sum;
  }
}

function letterOf({ number, id, receiver, notice }: Row): WaitingLetter {
  return { number, id, to: receiver, notice: JSON.parse(notice) };
}
