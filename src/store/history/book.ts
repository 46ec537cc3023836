import type { Micros } from "../../core/model/units.ts";
import { entriesOf, eventsIn } from "./entry.ts";
import type { Cursors, Entry, Filter, Kept, Page, Part, StatsQuery, StatsRow } from "./history.ts";
import { type Desk, NOTHING_POSTED, type Posting } from "./letter.ts";
import { Letters } from "./letters.ts";
import { isEnd, rowsIn } from "./matching.ts";
import { LARGEST, Sheet, type Stored, store } from "./sheet.ts";
import { Stats } from "./stats.ts";
import { hasAddressee, type Subscription, Subscriptions } from "./subscriptions.ts";

/** From how many characters on parts are made into sheets. */
const ENOUGH = 1024 * 1024;
/** How many characters of parts are looked at together before that, and how many of these are kept in memory. */
const LOOKED = 128 * 1024;
const KEPT = 32;
/** How many sheets one call of `trim` drops. */
const CHUNK = 32;

/** A part as it is kept until it is made into a sheet. Its entries have the positions from `first` on, its length in characters at most. */
export interface KeptPart {
  readonly first: number;
  readonly length: number;
  readonly events: number;
  readonly until: Micros;
}

/** What is known of a sheet without reading it. */
export type KeptSheet = Pick<Stored, "first" | "count" | "since" | "until">;

/** What a book is kept on. Synchronous; each change is all or nothing. */
export interface Shelf {
  /** All that there is; undefined before the first `begin`. Oldest first. */
  open(): { readonly begin: Micros; readonly cursors: Cursors; readonly parts: KeptPart[]; readonly sheets: KeptSheet[] } | undefined;
  begin(at: Micros): void;
  /** `also` is done with it, or neither. */
  append(part: KeptPart, text: string, cursors: Cursors, also: () => void): void;
  /** Undefined: damaged. */
  text(part: KeptPart): string | undefined;
  sheet(sheet: KeptSheet): Omit<Stored, "since" | "until"> | undefined;
  /** The same without ids and details. */
  half(sheet: KeptSheet): Omit<Stored, "since" | "until"> | undefined;
  /** Puts sheets in the place of parts. */
  bind(parts: readonly KeptPart[], sheets: readonly Stored[]): void;
  /** From `begin` on everything is there. */
  drop(parts: readonly KeptPart[], sheets: readonly KeptSheet[], begin: Micros): void;
}

/** Which sheets: with times from `since` on and before `until`, and positions in front of one. Of those before `whole` half is enough. */
interface Scope {
  readonly since?: Micros;
  readonly until?: Micros | undefined;
  readonly before?: number;
  readonly whole?: Micros;
}

/**
 * The history, on one shelf: parts of the log as they come, which cost next to nothing, and behind them sheets, made of many parts at once
 * in a quiet moment (`bind`). It is read newest first; there is no index, as a sheet is looked through faster than an index is kept.
 */
export class Book {
  readonly #shelf: Shelf;
  #begin: Micros = 0;
  #cursors = new Map<string, number>();
  /** Oldest first. */
  #parts: KeptPart[] = [];
  #sheets: KeptSheet[] = [];
  #next = 1;
  /** Loose parts as sheets, by the first and the last of them: the last that were looked at. */
  readonly #loose = new Map<string, readonly Sheet[]>();

  /** What is told of it to others. */
  readonly letters: Letters;
  #subscriptions = new Subscriptions();

  constructor(shelf: Shelf, desk: Desk) {
    this.#shelf = shelf;
    this.letters = new Letters(desk);
  }

  /** Who is told of what is appended from now on. */
  subscribe(subscriptions: readonly Subscription[]): void {
    this.#subscriptions = new Subscriptions(subscriptions);
  }

  /** Up to where it is filled. One that is new begins at `now`. */
  open(now: Micros): Cursors {
    const found = this.#shelf.open();
    if (found === undefined) this.#shelf.begin(now);
    const { begin, cursors, parts, sheets } = found ?? { begin: now, cursors: [], parts: [], sheets: [] };
    this.#begin = begin;
    this.letters.load();
    this.#cursors = new Map(cursors);
    [this.#parts, this.#sheets] = [parts, sheets];
    const last = parts.at(-1);
    const sheet = sheets.at(-1);
    // A sheet's positions end where those of the next part began.
    this.#next = last === undefined ? (sheet === undefined ? 1 : this.#endOf(sheet)) : last.first + last.length;
    return cursors;
  }

  #endOf(sheet: KeptSheet): number {
    const stored = this.#shelf.sheet(sheet);
    return stored === undefined ? sheet.first + 2 ** 32 : new Sheet(stored).position(sheet.count - 1) + 1;
  }

  /** Returns who is to be told of something. */
  append({ text, events, until, cursors, gap }: Part): Posting {
    if (gap !== undefined && gap > this.#begin) this.#drop([], [], gap);
    if (events === 0) return NOTHING_POSTED;
    const part: KeptPart = { first: this.#next, length: text.length, events, until };
    let posting = NOTHING_POSTED;
    this.letters.together(() => {
      this.#shelf.append(part, text, cursors, () => {
        posting = this.#write(text, until);
      });
    });
    this.#parts.push(part);
    this.#next += text.length;
    for (const [pool, revision] of cursors) this.#cursors.set(pool, revision);
    return posting;
  }

  /** The letters about events that have just come, in one transaction with them: there is one of each, whatever ends the process. */
  #write(text: string, at: Micros): Posting {
    if (this.#subscriptions.areNone && !this.letters.isMarked && !hasAddressee(text)) return NOTHING_POSTED;
    const events = eventsIn({ text });
    this.letters.forget(events.flatMap(({ cause }) => (cause?.state === "ENDED" ? cause.leaseId : [])));
    return this.letters.put(
      events.flatMap((event) => this.#subscriptions.lettersOf(event)),
      at,
    );
  }

  /** How much is not in sheets yet, in characters. */
  get loose(): number {
    return this.#parts.reduce((sum, { length }) => sum + length, 0);
  }

  /** Whether that is enough for a sheet. */
  get isBindable(): boolean {
    return this.loose >= ENOUGH;
  }

  /** Makes sheets of the oldest parts. */
  bind(): void {
    const [parts] = this.#groups(ENOUGH);
    if (parts === undefined) return;
    const sheets = this.#entriesOf(parts);
    this.#shelf.bind(parts, sheets);
    this.#parts = this.#parts.slice(parts.length);
    this.#sheets.push(...sheets.map(({ first, count, since, until }) => ({ first, count, since, until })));
  }

  list(filter: Filter, limit: number, before = Number.POSITIVE_INFINITY): Page {
    const entries: Entry[] = [];
    for (const sheet of this.#newest({ since: filter.heldAt ?? filter.since ?? 0, before, until: filter.until })) {
      const fits = rowsIn(sheet, filter);
      if (fits === undefined) continue;
      for (let row = sheet.count - 1; row >= 0; row--) {
        if (sheet.position(row) >= before || !fits(row)) continue;
        entries.push(sheet.entry(row));
        if (entries.length === limit) return { entries, next: sheet.position(row), coversFrom: this.#begin };
      }
    }
    return { entries, coversFrom: this.#begin };
  }

  stats(query: StatsQuery): readonly StatsRow[] {
    for (;;) {
      const begin = this.#begin;
      const stats = new Stats(query, begin);
      const { lease, holder } = query.filter;
      const whole = lease !== undefined || holder !== undefined ? 0 : query.asOf;
      for (const sheet of this.#newest({ since: query.from, whole })) stats.add(sheet);
      // Something turned out to be damaged, so that less can be told.
      if (this.#begin === begin) return stats.rows();
    }
  }

  /** Of the newest million entries. */
  holds(most: number, before: Micros): (readonly [environment: string, durations: readonly Micros[]])[] {
    const found = new Map<string, Micros[]>();
    let seen = 0;
    for (const sheet of this.#newest({ whole: Number.POSITIVE_INFINITY })) {
      const { at, granted, environment } = sheet.columns;
      for (let row = sheet.count - 1; row >= 0; row--) {
        const since = granted[row] ?? 0;
        if (since === 0 || (at[row] ?? 0) >= before || !isEnd(sheet, row)) continue;
        const name = sheet.names[environment[row] ?? 0] ?? "";
        const holds = found.get(name) ?? [];
        if (holds.length === 0) found.set(name, holds);
        if (holds.length < most) holds.push((at[row] ?? 0) - since);
      }
      seen += sheet.count;
      if (seen >= 1_000_000) break;
    }
    return [...found].map(([name, holds]) => [name, holds.reverse()] as const);
  }

  /** True: there is more to forget. */
  trim({ before, entries }: Kept): boolean {
    this.letters.trim(before);
    let left = this.#sheets.reduce((sum, { count }) => sum + count, 0) + this.#parts.reduce((sum, { events }) => sum + events, 0);
    const sheets = this.#sheets.slice(0, CHUNK).filter(({ until, count }) => {
      if (until >= before && left - count < entries) return false;
      left -= count;
      return true;
    });
    const isBare = sheets.length === this.#sheets.length;
    const parts = this.#parts.filter(({ until, events }) => {
      if (!isBare || (until >= before && left - events < entries)) return false;
      left -= events;
      return true;
    });
    const latest = [...sheets, ...parts].reduce((time, { until }) => Math.max(time, until), 0);
    if (latest > 0) this.#drop(parts, sheets, Math.max(latest + 1, this.#begin));
    return sheets.length === CHUNK;
  }

  #drop(parts: readonly KeptPart[], sheets: readonly KeptSheet[], begin: Micros): void {
    this.#shelf.drop(parts, sheets, begin);
    this.#begin = begin;
    this.#parts = this.#parts.filter((part) => !parts.includes(part));
    this.#sheets = this.#sheets.filter((sheet) => !sheets.includes(sheet));
  }

  /** Sheets in a scope, newest first; what is loose, as if it were in sheets. */
  *#newest({
    since = 0,
    until = Number.POSITIVE_INFINITY,
    before = Number.POSITIVE_INFINITY,
    whole = 0,
  }: Scope): Generator<Sheet, void, undefined> {
    for (const parts of this.#groups(LOOKED).reverse()) {
      if ((parts[0]?.first ?? 0) >= before || (parts.at(-1)?.until ?? 0) < since) continue;
      yield* this.#sheetsOf(parts).toReversed();
    }
    for (const kept of this.#sheets.toReversed()) {
      if (kept.first >= before || kept.until < since || kept.since >= until) continue;
      const stored = kept.until < whole ? this.#shelf.half(kept) : this.#shelf.sheet(kept);
      if (stored === undefined) this.#lost(kept.until);
      else yield new Sheet(stored);
    }
  }

  /** Something is damaged, up to a time: it is left out, and nothing is told to be whole before. */
  #lost(until: Micros): undefined {
    this.#begin = Math.max(this.#begin, until + 1);
  }

  /** The parts in groups of so many characters, oldest first. */
  #groups(size: number): KeptPart[][] {
    const groups: KeptPart[][] = [];
    let length = size;
    for (const part of this.#parts) {
      if (length >= size) {
        groups.push([]);
        length = 0;
      }
      groups.at(-1)?.push(part);
      length += part.length;
    }
    return groups;
  }

  #sheetsOf(parts: readonly KeptPart[]): readonly Sheet[] {
    const of = `${parts[0]?.first} ${parts.at(-1)?.first}`;
    const sheets = this.#loose.get(of) ?? this.#entriesOf(parts).map((stored) => new Sheet(stored));
    // The one that was looked at last is the last.
    this.#loose.delete(of);
    this.#loose.set(of, sheets);
    const [oldest] = this.#loose.keys();
    if (this.#loose.size > KEPT && oldest !== undefined) this.#loose.delete(oldest);
    return sheets;
  }

  #entriesOf(parts: readonly KeptPart[]): Stored[] {
    const entries = parts.flatMap((part) => {
      const text = this.#shelf.text(part) ?? this.#lost(part.until) ?? "";
      return entriesOf({ text }).map((entry, index) => [part.first + index, entry] as const);
    });
    const sheets: Stored[] = [];
    for (let from = 0; from < entries.length; from += LARGEST) sheets.push(store(entries.slice(from, from + LARGEST)));
    return sheets;
  }
}
