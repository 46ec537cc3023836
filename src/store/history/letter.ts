/** A letter, and what letters are kept on. */
import type { Micros } from "../../core/model/units.ts";
import type { Notice } from "../../core/notice.ts";

/** A notice and where it goes: `rule:NAME`, or a URL that an Acquire has named. The same one has the same id. */
export interface Letter {
  readonly id: string;
  readonly to: string;
  readonly notice: Notice;
}

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

/** Which of the dead. */
export type Dead = { readonly id: string } | { readonly to: string } | "all";

/** For whom letters were kept, and of whose the oldest were given up, how many, since too many waited. */
export interface Posting {
  readonly receivers: readonly string[];
  readonly lost: readonly (readonly [to: string, count: number])[];
}

/** Nobody has got anything. */
export const NOTHING_POSTED: Posting = { receivers: [], lost: [] };

/** What waits for a receiver of a rule, or for all whom leases have named (`rule` is empty), and since when. */
export interface Backlog {
  readonly rule: string;
  readonly waiting: number;
  readonly oldest: Micros;
}

/** How many letters there are. */
export interface LetterFigures {
  /** Of whom something waits for. */
  readonly backlogs: readonly Backlog[];
  readonly dead: number;
}

/** What letters are kept on. Synchronous; each change is all or nothing. */
export interface Desk {
  /** How many wait, for whom. */
  counts(): readonly (readonly [to: string, waiting: number])[];
  /** How many were given up. */
  deadCount(): number;
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
  /** Forgets the dead that are meant; returns them, oldest first. */
  take(of: Dead): Letter[];
  /** Forgets the oldest of the dead, and those that died before a time. */
  trimDead(kept: number, before: Micros): void;
  /** Marks that a letter was written about a lease; false if it was marked before. */
  mark(lease: string, id: string): boolean;
  unmark(leases: readonly string[]): void;
  /** The leases that are marked. */
  marked(): string[];
  readonly isMarked: boolean;
  /** All that `act` does, or nothing of it, if it throws. */
  together(act: () => void): void;
}
