import type { Micros } from "../../core/model/units.ts";
import { Book, type KeptPart, type KeptSheet, type Shelf } from "./book.ts";
import type { Archive, Cursors, Filter, Kept, Page, Part, StatsQuery, StatsRow } from "./history.ts";
import type { Posting } from "./letter.ts";
import { mailBy } from "./mail.ts";
import { MemoryDesk } from "./memory-desk.ts";
import type { Stored } from "./sheet.ts";
import type { Subscription } from "./subscriptions.ts";

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
    also();
    this.#parts.set(part.first, { part, text });
    for (const [pool, revision] of cursors) this.#cursors.set(pool, revision);
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
  readonly mail = mailBy(async (operation, ...parameters) =>
    structuredClone(Reflect.apply(this.#book.letters[operation], this.#book.letters, parameters)),
  );

  async open(now: Micros): Promise<Cursors> {
    this.#book = new Book(this.#shelf, this.#desk);
    this.#book.subscribe(this.#subscriptions);
    return this.#book.open(now);
  }

  async append(part: Part): Promise<Posting> {
    const posting = this.#book.append(part);
    while (this.#book.isBindable) this.#book.bind();
    return posting;
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

  async close(): Promise<void> {}
}
