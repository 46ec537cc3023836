/** Delivers the letters that go to one URL, in order, until there are none: one at a time, and the first again and again until it has arrived. */
import type { Micros } from "../core/model/units.ts";
import type { Timers } from "../engine/timers.ts";
import type { WaitingLetter } from "../store/history/letter.ts";
import type { Mail } from "../store/history/mail.ts";
import type { Failure, Outcome } from "./outcome.ts";

/** How many letters are read at once; how many may have arrived before that is put down, and how long ago, in milliseconds. */
const READ = 64;
const UNWRITTEN = { letters: 64, time: 1_000 };
/**
 * A letter is given up when it is so old, and nothing has arrived for as long, in at least so many attempts: a server that was away itself
 * begins anew.
 */
const DAY: Micros = 86_400_000_000;
const LEAST = 24;
/** How often in a row a letter is refused itself until it is given up. */
const REFUSALS = 5;
/** How long after an attempt the next one comes, in milliseconds: twice as long each time, and up to half of it less, by chance. */
const FIRST = 1_000;
const LONGEST = 15 * 60_000;
/** How long after a failure of the store it is asked again, in milliseconds. */
const STORE_AGAIN = 10_000;

/** Why a letter was given up by its round: it was tried for a day, or refused. */
export type Loss = "day" | "refused";

export interface RoundParts {
  readonly mail: Pick<Mail, "waiting" | "done" | "bury">;
  readonly now: () => Micros;
  readonly timers: Timers;
  /** One attempt, as soon as it is its turn. */
  readonly attempt: (letter: WaitingLetter) => Promise<Outcome>;
  /** Told of each letter that has arrived or was given up, and of each attempt that has failed. */
  readonly arrived: (letter: WaitingLetter) => void;
  readonly failed: (letter: WaitingLetter, why: string) => void;
  readonly gaveUp: (letter: WaitingLetter, why: string, loss: Loss) => void;
  /** Told of what the store could not do; `what` completes "could not …". */
  readonly trouble: (error: unknown, what: string) => void;
}

/** How it is going: since how many attempts nothing has arrived, and what was wrong with the last. */
export interface Health {
  readonly failures: number;
  readonly why: string;
}

const WELL: Health = { failures: 0, why: "" };

export class Round {
  readonly #parts: RoundParts;
  /** To whom, and up to which number their letters have arrived, or were given up. */
  readonly #after = new Map<string, number>();
  #health = WELL;
  /** When the first of the attempts was that have failed. */
  #failingSince: Micros = 0;
  /** Those that have arrived, and are not put down as such. */
  #arrived: WaitingLetter[] = [];
  #written = 0;
  #running: Promise<void> | undefined;
  /** More may have come since it looked. */
  #isStale = false;
  #stopped = false;
  /** There is to be no pause: for the one that is, and for the next one. */
  #hurry: (() => void) | undefined;
  #isHurried = false;

  constructor(parts: RoundParts) {
    this.#parts = parts;
  }

  get health(): Health {
    return this.#health;
  }

  /** Whose letters it has had. */
  get receivers(): readonly string[] {
    return [...this.#after.keys()];
  }

  /** Whether nothing is left to do, as far as it knows. */
  get isOver(): boolean {
    return this.#running === undefined && this.#arrived.length === 0;
  }

  /** There are letters to a receiver. */
  note(to: string): void {
    if (!this.#after.has(to)) this.#after.set(to, 0);
    this.#begin();
  }

  /** Somebody wants it now, or what was wrong may have been mended. */
  hurry(): void {
    this.#isHurried = true;
    this.#hurry?.();
    this.#begin();
  }

  /** Nothing is begun any more; what has arrived is put down. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#hurry?.();
    await this.#running;
    await this.#write().catch(() => {});
  }

  #begin(): void {
    this.#isStale = true;
    if (this.#stopped) return;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      if (this.#isStale) this.#begin();
    });
  }

  async #run(): Promise<void> {
    // Those that come at once are known before the first of their letters is sent.
    await Promise.resolve();
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
      const receivers = this.#after.size;
      const letters = await this.#parts.mail.waiting([...this.#after], READ);
      for (const letter of letters) {
        await this.#deliver(letter);
        if (this.#stopped) return;
        // Letters to one that has come meanwhile may be older.
        if (this.#after.size > receivers) break;
      }
      if (letters.length < READ && this.#after.size === receivers) return;
    }
  }

  async #deliver(letter: WaitingLetter): Promise<void> {
    for (let refusals = 0; !this.#stopped; ) {
      this.#isHurried = false;
      const outcome = await this.#parts.attempt(letter);
      if (outcome.ok) return await this.#arrive(letter);
      if (outcome.kind === "cut") continue;
      refusals = outcome.kind === "refused" ? refusals + 1 : 0;
      this.#fail(letter, outcome);
      if (refusals >= REFUSALS) return await this.#bury(letter, outcome.why, "refused");
      const isOver = this.#isOver(letter);
      if (isOver) await this.#bury(letter, outcome.why, "day");
      // What has arrived is put down before a pause that may be long.
      await this.#write();
      await this.#pause(Math.max(pauseAfter(this.#health.failures), outcome.pause ?? 0));
      if (isOver) return;
    }
  }

  async #arrive(letter: WaitingLetter): Promise<void> {
    this.#health = WELL;
    this.#arrived.push(letter);
    this.#after.set(letter.to, letter.number);
    this.#parts.arrived(letter);
    const { letters, time } = UNWRITTEN;
    if (this.#arrived.length >= letters || performance.now() - this.#written >= time) await this.#write();
  }

  #fail(letter: WaitingLetter, { why }: Failure): void {
    if (this.#health.failures === 0) this.#failingSince = this.#parts.now();
    this.#health = { failures: this.#health.failures + 1, why };
    this.#parts.failed(letter, why);
  }

  #isOver({ notice }: WaitingLetter): boolean {
    const aDayAgo = this.#parts.now() - DAY;
    return notice.at <= aDayAgo && this.#failingSince <= aDayAgo && this.#health.failures >= LEAST;
  }

  async #bury(letter: WaitingLetter, why: string, loss: Loss): Promise<void> {
    await this.#parts.mail.bury(letter.to, letter.number, this.#parts.now(), why);
    this.#after.set(letter.to, letter.number);
    this.#parts.gaveUp(letter, why, loss);
  }

  async #write(): Promise<void> {
    const letters = this.#arrived;
    this.#written = performance.now();
    if (letters.length === 0) return;
    this.#arrived = [];
    try {
      for (const [to, arrived] of Map.groupBy(letters, ({ to }) => to))
        await this.#parts.mail.done(
          to,
          arrived.map(({ number }) => number),
        );
    } catch (error) {
      this.#arrived = [...letters, ...this.#arrived];
      throw error;
    }
  }

  #pause(milliseconds: number): Promise<void> {
    const isHurried = this.#isHurried;
    this.#isHurried = false;
    if (this.#stopped || isHurried) return Promise.resolve();
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
