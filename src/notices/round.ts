/** Delivers the letters to one receiver, in order, until there are none: one at a time, and the first again and again until it has arrived. */
import type { Micros } from "../core/model/units.ts";
import type { Timers } from "../engine/timers.ts";
import type { Mail } from "../store/history/history.ts";
import type { WaitingLetter } from "../store/history/letters.ts";
import type { Outcome } from "./sender.ts";

/** How many letters are read at once; how many may have arrived before that is put down, and how long ago, in milliseconds. */
const READ = 64;
const UNWRITTEN = { letters: 64, time: 1_000 };
/** How long a letter is tried, and how often one that is refused itself. */
const DAY: Micros = 86_400_000_000;
const REFUSALS = 5;
/** How long after an attempt the next one comes, in milliseconds: twice as long each time, and up to half of it less, by chance. */
const FIRST = 1_000;
const LONGEST = 15 * 60_000;
/** How long after a failure of the store it is asked again, in milliseconds. */
const STORE_AGAIN = 10_000;

export interface RoundParts {
  readonly mail: Pick<Mail, "waiting" | "done" | "bury">;
  readonly now: () => Micros;
  readonly timers: Timers;
  /** One attempt, as soon as it is its turn. */
  readonly attempt: (letter: WaitingLetter) => Promise<Outcome>;
  /** Told when letters cease to arrive, and when they do again, and of one that is given up. */
  readonly failing: (why: string) => void;
  readonly well: () => void;
  readonly gaveUp: (letter: WaitingLetter, why: string) => void;
  /** Told of what the store could not do; `what` completes "could not …". */
  readonly trouble: (error: unknown, what: string) => void;
}

/** How a receiver is doing: since how many attempts nothing has arrived, and what was wrong with the last. */
export interface Health {
  readonly failures: number;
  readonly why: string;
}

const WELL: Health = { failures: 0, why: "" };

export class Round {
  readonly #to: string;
  readonly #parts: RoundParts;
  #health = WELL;
  /** Up to which number letters have arrived, or were given up. */
  #after = 0;
  /** Those that have arrived, and are not put down as such. */
  #arrived: number[] = [];
  #written = 0;
  #isRunning = false;
  /** More may have come since it looked. */
  #isStale = false;
  #stopped = false;
  /** Ends a pause before its time. */
  #hurry: (() => void) | undefined;

  constructor(to: string, parts: RoundParts) {
    this.#to = to;
    this.#parts = parts;
  }

  get health(): Health {
    return this.#health;
  }

  /** Whether nothing is left to do, as far as it knows. */
  get isOver(): boolean {
    return !this.#isRunning && this.#arrived.length === 0;
  }

  /** There are letters. */
  note(): void {
    this.#isStale = true;
    if (this.#isRunning || this.#stopped) return;
    this.#isRunning = true;
    void this.#run().finally(() => {
      this.#isRunning = false;
      if (this.#isStale) this.note();
    });
  }

  /** Somebody wants it now, or what was wrong may have been mended. */
  hurry(): void {
    this.#hurry?.();
    this.note();
  }

  /** Nothing is begun any more; what has arrived is put down. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#hurry?.();
    await this.#write().catch(() => {});
  }

  async #run(): Promise<void> {
    while (this.#isStale && !this.#stopped) {
      this.#isStale = false;
      try {
        await this.#deliverAll();
        await this.#write();
      } catch (error) {
        this.#parts.trouble(error, "look for notices, or put down that they have arrived; it is tried again, and some may arrive twice");
        this.#isStale = true;
        await this.#pause(STORE_AGAIN);
      }
    }
  }

  async #deliverAll(): Promise<void> {
    for (;;) {
      const letters = await this.#parts.mail.waiting(this.#to, this.#after, READ);
      for (const letter of letters) {
        await this.#deliver(letter);
        if (this.#stopped) return;
      }
      if (letters.length < READ) return;
    }
  }

  async #deliver(letter: WaitingLetter): Promise<void> {
    for (let attempt = 1; !this.#stopped; attempt++) {
      const outcome = await this.#parts.attempt(letter);
      if (this.#stopped && !outcome.ok) return;
      if (outcome.ok) {
        if (this.#health.failures > 0) this.#parts.well();
        this.#health = WELL;
        this.#arrived.push(letter.number);
        this.#after = letter.number;
        const { letters, time } = UNWRITTEN;
        if (this.#arrived.length >= letters || performance.now() - this.#written >= time) await this.#write();
        return;
      }
      if (this.#health.failures === 0) this.#parts.failing(outcome.why);
      this.#health = { failures: this.#health.failures + 1, why: outcome.why };
      if ((outcome.refused && attempt >= REFUSALS) || letter.notice.at + DAY <= this.#parts.now())
        return await this.#bury(letter, outcome.why);
      // What has arrived is put down before a pause that may be long.
      await this.#write();
      await this.#pause(pauseAfter(this.#health.failures));
    }
  }

  async #bury(letter: WaitingLetter, why: string): Promise<void> {
    await this.#parts.mail.bury(this.#to, letter.number, this.#parts.now(), why);
    this.#after = letter.number;
    this.#parts.gaveUp(letter, why);
  }

  async #write(): Promise<void> {
    const numbers = this.#arrived;
    this.#written = performance.now();
    if (numbers.length === 0) return;
    this.#arrived = [];
    try {
      await this.#parts.mail.done(this.#to, numbers);
    } catch (error) {
      this.#arrived = [...numbers, ...this.#arrived];
      throw error;
    }
  }

  #pause(milliseconds: number): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#parts.timers.after(milliseconds, resolve);
      this.#hurry = () => {
        cancel();
        resolve();
      };
    });
  }
}

function pauseAfter(failures: number): number {
  const longest = Math.min(LONGEST, FIRST * 2 ** Math.min(failures - 1, 20));
  return longest * (1 - Math.random() / 2);
}
