import { limits } from "../../core/limits.ts";
import type { Micros } from "../../core/model/units.ts";
import { ruleOf } from "./addressee.ts";
import {
  type Dead,
  type DeadLetter,
  type Desk,
  type LeaseLetter,
  type Letter,
  type LetterFigures,
  NOTHING_POSTED,
  type Posting,
  type Those,
  type WaitingLetter,
} from "./letter.ts";

/** How many wait at most, for one receiver, for all whom leases have named, and in all; how many dead ones are kept. */
export interface Bounds {
  readonly receiver: number;
  readonly named: number;
  readonly total: number;
  readonly dead: number;
}

const OVERFLOW = "more waited than are kept: it was the oldest";

/**
 * Letters that are to be delivered, in order for each receiver, and those that were given up. So many are kept that a receiver can be away
 * for hours; of more the oldest are given up.
 */
export class Letters {
  readonly #desk: Desk;
  readonly #bounds: Bounds;
  #counts = new Map<string, number>();
  #total = 0;
  #named = 0;
  /** What was counted within `together`. */
  #counted: (readonly [to: string, more: number])[] | undefined;

  constructor(desk: Desk, bounds: Bounds = limits.notices) {
    this.#desk = desk;
    this.#bounds = bounds;
  }

  /** Looks what is kept; before anything else. */
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

  figures(): LetterFigures {
    const rules = [...this.#counts].flatMap(([to, waiting]) => {
      const rule = ruleOf(to);
      return rule === undefined ? [] : { rule, waiting, oldest: this.#since({ to }) };
    });
    const named = this.#named > 0 ? [{ rule: "", waiting: this.#named, oldest: this.#since("named") }] : [];
    return { backlogs: [...rules, ...named], dead: this.#desk.deadCount() };
  }

  #since(of: Those): Micros {
    return this.#desk.oldest(of, 1)[0]?.notice.at ?? 0;
  }

  /** What `act` changes here is kept and counted if all of it is done, and not, if it throws. */
  together(act: () => void): void {
    if (this.#counted !== undefined) {
      act();
      return;
    }
    const counted: (readonly [string, number])[] = [];
    this.#counted = counted;
    try {
      act();
      this.#counted = undefined;
    } catch (error) {
      this.#counted = undefined;
      for (const [to, more] of counted) this.#add(to, -more);
      throw error;
    }
  }

  /** Keeps letters. */
  put(letters: readonly Letter[], at: Micros): Posting {
    const receivers = new Set<string>();
    const lost = new Map<string, number>();
    this.#change(() => {
      for (const letter of letters) {
        if (!this.#desk.add(letter)) continue;
        this.#add(letter.to, 1);
        receivers.add(letter.to);
      }
      for (const to of receivers) {
        const over = this.#count(to) - this.#bounds.receiver;
        if (over > 0) this.#lose(this.#desk.oldest({ to }, over), at, lost);
      }
      this.#bound("named", () => this.#named - this.#bounds.named, at, lost);
      this.#bound("all", () => this.#total - this.#bounds.total, at, lost);
    });
    return { receivers: [...receivers], lost: [...lost] };
  }

  /** The same, once for each lease. */
  putOnce(letters: readonly LeaseLetter[], at: Micros): Posting {
    let posting = NOTHING_POSTED;
    this.#change(() => {
      posting = this.put(
        letters.filter(({ lease, id }) => this.#desk.mark(lease, id)),
        at,
      );
    });
    return posting;
  }

  /** Of which leases it is known that a letter was written. */
  marked(): readonly string[] {
    return this.#desk.marked();
  }

  /** Those leases have ended. */
  forget(leases: readonly string[]): void {
    this.#desk.unmark(leases);
  }

  /** The first of all that wait for these receivers, each behind a number, in order. */
  waiting(of: readonly (readonly [to: string, after: number])[], limit: number): readonly WaitingLetter[] {
    const found = of.flatMap(([to, after]) => this.#desk.waiting(to, after, limit));
    return found.sort((a, b) => a.number - b.number).slice(0, limit);
  }

  /** They were delivered. */
  done(to: string, numbers: readonly number[]): void {
    // Of those that have arrived one may have been given up meanwhile, where too many waited.
    this.#add(to, -this.#desk.remove(numbers));
  }

  /** One is given up. */
  bury(to: string, number: number, at: Micros, why: string): void {
    this.#add(to, -this.#desk.bury([number], at, why));
    this.#desk.trimDead(this.#bounds.dead, 0);
  }

  dead(limit: number, before: number): readonly DeadLetter[] {
    return this.#desk.dead(limit, before);
  }

  /** Has dead ones delivered after all, behind all others; the receivers of each. */
  revive(of: Dead): readonly string[] {
    const receivers: string[] = [];
    this.#change(() => {
      for (const letter of this.#desk.take(of)) {
        this.#desk.add(letter);
        this.#add(letter.to, 1);
        receivers.push(letter.to);
      }
    });
    return receivers;
  }

  /** Forgets dead ones; how many. */
  drop(of: Dead): number {
    return this.#desk.take(of).length;
  }

  /** Forgets those that died before a time. */
  trim(before: Micros): void {
    this.#desk.trimDead(this.#bounds.dead, before);
  }

  /** Gives up so many: the oldest of those to the receiver for whom most wait, so that none pays for another; then of the next. */
  #bound(of: "named" | "all", over: () => number, at: Micros, lost: Map<string, number>): void {
    for (let more = over(); more > 0; more = over()) {
      let [busiest, most] = ["", 0];
      for (const [to, count] of this.#counts) if (count > most && (of === "all" || ruleOf(to) === undefined)) [busiest, most] = [to, count];
      // Where all have one alone, it is the oldest.
      const victims = most > 1 ? this.#desk.oldest({ to: busiest }, Math.min(more, most)) : this.#desk.oldest(of, more);
      if (victims.length === 0) return;
      this.#lose(victims, at, lost);
    }
  }

  #lose(victims: readonly WaitingLetter[], at: Micros, lost: Map<string, number>): void {
    if (victims.length === 0) return;
    this.#desk.bury(
      victims.map(({ number }) => number),
      at,
      OVERFLOW,
    );
    for (const { to } of victims) {
      this.#add(to, -1);
      lost.set(to, (lost.get(to) ?? 0) + 1);
    }
    this.#desk.trimDead(this.#bounds.dead, 0);
  }

  #change(act: () => void): void {
    this.together(() => this.#desk.together(act));
  }

  #count(to: string): number {
    return this.#counts.get(to) ?? 0;
  }

  #add(to: string, more: number): void {
    this.#counted?.push([to, more]);
    const count = this.#count(to) + more;
    if (count > 0) this.#counts.set(to, count);
    else this.#counts.delete(to);
    this.#total += more;
    if (ruleOf(to) === undefined) this.#named += more;
  }
}
