import type { Micros } from "../../core/model/units.ts";
import { Book, type KeptPart, type KeptSheet, type Shelf } from "./book.ts";
import type { Archive, Cursors, Filter, Kept, Page, Part, StatsQuery, StatsRow } from "./history.ts";
import type { DeadLetter, LeaseLetter, WaitingLetter } from "./letters.ts";
import { MemoryDesk } from "./memory-desk.ts";
import type { Subscription } from "./notice.ts";
import type { Stored } from "./sheet.ts";

/** Kept in memory as long as the object. */
class MemoryShelf implements Shelf {
  #begin: Micros | undefined;
  readonly #cursors = new Map<string, number>();
  readonly #parts = new Map<number, { readonly part: KeptPart; readonly text: string }>();
  readonly #sheets = new Map<number, Stored>();

  open() {
    if (this.#begin === undefined) return undefined;
    const parts = [...this.#parts.values()].map(({ part }) => part);
    return { begin: this.#begin, cursors: [...this.#cursors], parts, sheets: [...this.#sheets.values()] };
  }

  begin(at: Micros): void {
    this.#begin = at;
  }

  append(part: KeptPart, text: string, cursors: Cursors, also: () => void): void {
    this.#parts.set(part.first, { part, text });
    for (const [pool, revision] of cursors) this.#cursors.set(pool, revision);
    also();
  }

  text({ first }: KeptPart): string | undefined {
    return this.#parts.get(first)?.text;
  }

  sheet({ first }: KeptSheet): Stored | undefined {
    return this.#sheets.get(first);
  }

  half(kept: KeptSheet): Stored | undefined {
    return this.sheet(kept);
  }

  bind(parts: readonly KeptPart[], sheets: readonly Stored[]): void {
    for (const { first } of parts) this.#parts.delete(first);
    for (const sheet of sheets) this.#sheets.set(sheet.first, sheet);
  }

  drop(parts: readonly KeptPart[], sheets: readonly KeptSheet[], begin: Micros): void {
    for (const { first } of parts) this.#parts.delete(first);
    for (const { first } of sheets) this.#sheets.delete(first);
    this.#begin = begin;
  }
}

/** A history in memory, for tests and simulations: what is in it survives as long as the object, over any number of `open`s. */
export class MemoryArchive implements Archive {
  readonly #shelf = new MemoryShelf();
  readonly #desk = new MemoryDesk();
  #subscriptions: readonly Subscription[] = [];
  #book = new Book(this.#shelf, this.#desk);

  async open(now: Micros): Promise<Cursors> {
    this.#book = new Book(this.#shelf, this.#desk);
    this.#book.subscribe(this.#subscriptions);
    return this.#book.open(now);
  }

  async append(part: Part): Promise<readonly string[]> {
    const receivers = this.#book.append(part);
    while (this.#book.isBindable) this.#book.bind();
    return receivers;
  }

  async list(filter: Filter, limit: number, before?: number): Promise<Page> {
    return this.#book.list(filter, limit, before);
  }

  async stats(query: StatsQuery): Promise<readonly StatsRow[]> {
    return this.#book.stats(query);
  }

  async holds(most: number, before: Micros): Promise<readonly (readonly [environment: string, durations: readonly Micros[]])[]> {
    return this.#book.holds(most, before);
  }

  async trim(kept: Kept): Promise<boolean> {
    return this.#book.trim(kept);
  }

  subscribe(subscriptions: readonly Subscription[]): void {
    this.#subscriptions = subscriptions;
    this.#book.subscribe(subscriptions);
  }

  async counts(): Promise<ReadonlyMap<string, number>> {
    return new Map(this.#book.letters.counts());
  }

  async putOnce(letters: readonly LeaseLetter[], at: Micros): Promise<readonly string[]> {
    return this.#book.letters.putOnce(letters, at);
  }

  async waiting(to: string, after: number, limit: number): Promise<readonly WaitingLetter[]> {
    return this.#book.letters.waiting(to, after, limit);
  }

  async done(to: string, numbers: readonly number[]): Promise<void> {
    this.#book.letters.done(to, numbers);
  }

  async bury(to: string, number: number, at: Micros, why: string): Promise<void> {
    this.#book.letters.bury(to, number, at, why);
  }

  async dead(limit: number, before: number): Promise<readonly DeadLetter[]> {
    return this.#book.letters.dead(limit, before);
  }

  async revive(id: string): Promise<string | undefined> {
    return this.#book.letters.revive(id);
  }

  async close(): Promise<void> {}
}
