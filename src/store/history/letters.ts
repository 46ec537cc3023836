import { limits } from "../../core/limits.ts";
import type { Micros } from "../../core/model/units.ts";
import { type Letter, RULE } from "./notice.ts";

/** A letter that waits to be delivered: those to one receiver in the order of their numbers. */
export interface WaitingLetter extends Letter {
  readonly number: number;
}

/** A letter that was given up. */
export interface DeadLetter extends WaitingLetter {
  readonly diedAt: Micros;
  /** Why, in words. */
  readonly why: string;
}

/** A letter of which there is one for each lease, however often it is written. */
export interface LeaseLetter extends Letter {
  readonly lease: string;
}

/** Whose letters. */
export type Those = { readonly to: string } | "named" | "all";

/** What letters are kept on. Synchronous; each change is all or nothing. */
export interface Desk {
  /** How many wait, for whom. */
  counts(): readonly (readonly [to: string, waiting: number])[];
  /** Keeps it behind all others; false if one of its id is there, waiting or dead. */
  add(letter: Letter): boolean;
  /** Those that wait for a receiver behind a number, in order. */
  waiting(to: string, after: number, limit: number): WaitingLetter[];
  /** Those that have waited for longest, for a receiver, for those whom leases have named, or for any. */
  oldest(of: Those, limit: number): WaitingLetter[];
  /** Forgets letters, waiting or dead; how many waited. */
  remove(numbers: readonly number[]): number;
  /** How many waited. */
  bury(numbers: readonly number[], at: Micros, why: string): number;
  /** Of the dead those in front of a number, newest first. */
  dead(limit: number, before: number): DeadLetter[];
  /** Has a dead one wait again, behind all others; the receiver, or undefined if none of that id is dead. */
  revive(id: string): string | undefined;
  /** Forgets the oldest of the dead. */
  trimDead(kept: number): void;
  /** Marks that a letter was written about a lease; false if it was marked before. */
  mark(lease: string, id: string): boolean;
  unmark(leases: readonly string[]): void;
  readonly isMarked: boolean;
  together(act: () => void): void;
}

const OVERFLOW = "more waited than are kept: it was the oldest";

/**
 * Letters that are to be delivered, in order for each receiver, and those that were given up. So many are kept that a receiver can be away
 * for hours; of more the oldest are given up.
 */
export class Letters {
  readonly #desk: Desk;
  #counts = new Map<string, number>();
  #total = 0;
  #named = 0;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  /** Looks what is kept; before anything else, and again after a failure. */
  load(): void {
    this.#counts = new Map();
    [this.#total, this.#named] = [0, 0];
    for (const [to, waiting] of this.#desk.counts()) this.#add(to, waiting);
  }

  /** Whether something is known of leases that has to be forgotten with their end. */
  get isMarked(): boolean {
    return this.#desk.isMarked;
  }

  /** How many wait, for whom. */
  counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /** Keeps letters. Returns for whom there are more. */
  put(letters: readonly Letter[], at: Micros): readonly string[] {
    const receivers = new Set<string>();
    this.#desk.together(() => {
      for (const letter of letters) {
        if (!this.#desk.add(letter)) continue;
        this.#add(letter.to, 1);
        receivers.add(letter.to);
      }
      for (const to of receivers) this.#bound({ to }, this.#count(to) - limits.notices.receiver, at);
      this.#bound("named", this.#named - limits.notices.named, at);
      this.#bound("all", this.#total - limits.notices.total, at);
    });
    return [...receivers];
  }

  /** The same, once for each lease. */
  putOnce(letters: readonly LeaseLetter[], at: Micros): readonly string[] {
    let receivers: readonly string[] = [];
    this.#desk.together(() => {
      receivers = this.put(
        letters.filter(({ lease, id }) => this.#desk.mark(lease, id)),
        at,
      );
    });
    return receivers;
  }

  /** Those leases have ended. */
  forget(leases: readonly string[]): void {
    this.#desk.unmark(leases);
  }

  waiting(to: string, after: number, limit: number): readonly WaitingLetter[] {
    return this.#desk.waiting(to, after, limit);
  }

  /** They were delivered. */
  done(to: string, numbers: readonly number[]): void {
    // Of those that have arrived one may have been given up meanwhile, where too many waited.
    this.#add(to, -this.#desk.remove(numbers));
  }

  /** One is given up. */
  bury(to: string, number: number, at: Micros, why: string): void {
    this.#add(to, -this.#desk.bury([number], at, why));
    this.#desk.trimDead(limits.notices.dead);
  }

  dead(limit: number, before: number): readonly DeadLetter[] {
    return this.#desk.dead(limit, before);
  }

  /** Has a dead one delivered after all; its receiver, or undefined if there is none of that id. */
  revive(id: string): string | undefined {
    const to = this.#desk.revive(id);
    if (to !== undefined) this.#add(to, 1);
    return to;
  }

  #bound(of: Those, over: number, at: Micros): void {
    if (over <= 0) return;
    const victims = this.#desk.oldest(of, over);
    this.#desk.bury(
      victims.map(({ number }) => number),
      at,
      OVERFLOW,
    );
    for (const victim of victims) this.#add(victim.to, -1);
    this.#desk.trimDead(limits.notices.dead);
  }

  #count(to: string): number {
    return this.#counts.get(to) ?? 0;
  }

  #add(to: string, more: number): void {
    const count = this.#count(to) + more;
    if (count > 0) this.#counts.set(to, count);
    else this.#counts.delete(to);
    this.#total += more;
    if (!to.startsWith(RULE)) this.#named += more;
  }
}
