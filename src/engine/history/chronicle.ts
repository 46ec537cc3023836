import { limits } from "../../core/limits.ts";
import type { Micros } from "../../core/model/units.ts";
import type { Archive, Cursors, Filter, GroupBy, Page, StatsRow } from "../../store/history/history.ts";
import type { Posting } from "../../store/history/letter.ts";
import { type Commit, type Condition, type Store, StoreFailure, type StoreFailureReason } from "../../store/store.ts";
import type { EngineCall } from "../call.ts";
import { EngineFailure } from "../failure.ts";
import type { Timers } from "../timers.ts";
import type { Views } from "../views.ts";
import { fleetOf } from "./fleet.ts";
import type { RecentHolds } from "./holds.ts";

/** How long after a commit its events are taken over, and after a failure it is tried again, in milliseconds. */
const TAKE_AFTER = 1_000;
const RETRY_AFTER = 10_000;
/** How often it is trimmed, in milliseconds. */
const TRIM_EVERY = 60_000;

/** How much is kept: how far back, and so many of the newest. */
export interface Retention {
  readonly span: Micros;
  readonly entries: number;
}

export interface ChronicleParts {
  readonly store: Pick<Store, "take" | "now" | "condition">;
  readonly archive: Archive;
  readonly views: Views;
  /** Recalls what was held before the start. */
  readonly holds: Pick<RecentHolds, "recall" | "most">;
  readonly timers: Timers;
  readonly retention: Retention;
  /** Told of the letters about what was taken over. */
  readonly posted?: (posting: Posting) => void;
  /** Told of what could not be done; `what` completes "could not …". */
  readonly trouble: (error: unknown, what: string) => void;
}

/** Why a history that is behind is not told, where the store is not well. */
const BEHIND: Readonly<Record<Exclude<Condition, "well">, readonly [StoreFailureReason, string]>> = {
  short: ["STORAGE_FULL", "until there is room on the server's disk again"],
  failing: ["STORAGE_FAILED", "until the server's store can be written again"],
  lost: ["STORAGE_LOST", "until the server's files are back and it is restarted"],
};

/** Who asks. */
type Gone = Pick<EngineCall, "gone">;
const HERE: Gone = { gone: false };

/** What to count; see StatsQuery. */
export interface StatsAsked {
  readonly filter: Filter;
  readonly from: Micros;
  readonly to: Micros;
  readonly groupBy: GroupBy;
  /** The label to group by. */
  readonly label: string;
}

/**
 * The history of the service: it follows the commits a second later, from the log that they write anyway. So no commit waits for it, and
 * when it cannot be written it is behind, and nothing else is wrong. Who asks it waits until it has all that was committed before, and is
 * refused where that cannot be: an answer that leaves something out would not tell.
 */
export class Chronicle {
  readonly #parts: ChronicleParts;
  /** When a history that is new begins. */
  readonly #begin: Micros;
  /** It knows up to where it was filled, and the store does. */
  #isOpen = false;
  #tail: Promise<void> = Promise.resolve();
  #isArmed = false;
  #isTroubled = false;
  /** Since when there may be events that it has not, by a clock that never stands still; undefined: there are none. */
  #behindSince: number | undefined = performance.now();
  /** The same of those that are being taken over. */
  #takingSince: number | undefined;
  /** Questions that wait, or are being answered. */
  #asked = 0;
  #questions: Promise<void> = Promise.resolve();
  #isRecalled = false;
  #cancelTake: (() => void) | undefined;
  #cancelTrim: (() => void) | undefined;
  #stopped = false;

  constructor(parts: ChronicleParts) {
    this.#parts = parts;
    this.#begin = parts.store.now();
    this.#takeAfter(TAKE_AFTER);
    this.#trimLater();
  }

  /** Something was committed. */
  note({ events }: Pick<Commit, "events">): void {
    if (events.length > 0) this.#behindSince ??= performance.now();
    if (!this.#isTroubled) this.#takeAfter(TAKE_AFTER);
  }

  /** For how many milliseconds it has lacked something that was committed. */
  get behind(): number {
    const since = this.#takingSince ?? this.#behindSince;
    return since === undefined ? 0 : performance.now() - since;
  }

  /** Entries with all that was committed before the call. Rejects with a StoreFailure or an EngineFailure. */
  list(filter: Filter, limit: number, before?: number, call: Gone = HERE): Promise<Page> {
    return this.#ask(call, async () => {
      await this.#catchUp();
      return await this.#reopening(this.#parts.archive.list(filter, limit, before));
    });
  }

  /** Figures of a time, what is held now included. Rejects with a StoreFailure or an EngineFailure. */
  stats(asked: StatsAsked, call: Gone = HERE): Promise<readonly StatsRow[]> {
    return this.#ask(call, () => this.#count(asked));
  }

  /** One question at a time, and none that nobody waits for any more: a long history takes a second each. */
  #ask<T>(call: Gone, question: () => Promise<T>): Promise<T> {
    if (this.#asked >= limits.questions)
      return Promise.reject(
        new EngineFailure("OVERLOADED", `${this.#asked} questions to the history wait already; try again a little later`),
      );
    this.#asked++;
    const answer = this.#questions.then(() => {
      if (call.gone) throw new EngineFailure("CALLER_GONE", "its caller was gone before its turn; it was not looked up");
      return question();
    });
    this.#questions = answer.then(nothing, nothing).finally(() => this.#asked--);
    return answer;
  }

  async #count({ filter, from, to, groupBy, label }: StatsAsked): Promise<readonly StatsRow[]> {
    const { archive, store, views } = this.#parts;
    const asOf = store.now();
    // First what is held, and then the ends up to now: what ends in between is known to both.
    const { fleet, holds } = await fleetOf(views, filter, label);
    await this.#catchUp();
    return await this.#reopening(archive.stats({ filter, from, to, groupBy, fleet, holds, asOf }));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTake?.();
    this.#cancelTrim?.();
    await this.#catchUp().catch(() => {});
    await this.#parts.archive.close();
  }

  /** Takes over all that was committed before the call. */
  #catchUp(): Promise<void> {
    const result = this.#tail.then(() => this.#take());
    this.#tail = result.catch(() => {});
    return result;
  }

  async #take(): Promise<void> {
    const { store, archive } = this.#parts;
    // On a full disk what room there is, is for leases: nobody is told of it meanwhile, if it is behind.
    const { condition } = store;
    if (condition !== "well" && (this.#isOpen || this.#behindSince !== undefined)) return this.#leaveBehind(condition);
    this.#takingSince = this.#behindSince;
    this.#behindSince = undefined;
    try {
      let part = this.#isOpen ? await store.take() : undefined;
      this.#isOpen = false;
      for (let isMore = true; isMore; ) {
        part ??= await store.take(await this.#open());
        if (part === undefined) return;
        const posting = await archive.append(part);
        this.#parts.posted?.(posting);
        isMore = part.more;
        part = undefined;
      }
      this.#isOpen = true;
      this.#isTroubled = false;
      await this.#recall();
    } catch (error) {
      if (!this.#isTroubled && !this.#stopped)
        this.#parts.trouble(error, "write the history; leases are not concerned, and it is tried again");
      this.#isTroubled = true;
      this.#behindSince = this.#takingSince ?? this.#behindSince ?? performance.now();
      this.#takeAfter(RETRY_AFTER);
      throw error;
    } finally {
      this.#takingSince = undefined;
    }
  }

  async #open(): Promise<Cursors> {
    const { archive, posted } = this.#parts;
    const cursors = await archive.open(this.#begin);
    const waiting = await archive.mail.counts();
    posted?.({ receivers: [...waiting.keys()], lost: [] });
    return cursors;
  }

  /** Nothing is taken over while the store is not well; throws if there is something. */
  #leaveBehind(condition: Exclude<Condition, "well">): void {
    if (this.#behindSince === undefined) return;
    this.#takeAfter(RETRY_AFTER);
    const [reason, when] = BEHIND[condition];
    throw new StoreFailure(reason, `the history is behind the leases ${when}, so nothing of it is told; leases are served as ever`);
  }

  /** What was held since the start is noted as it ends. */
  async #recall(): Promise<void> {
    if (this.#isRecalled) return;
    const { archive, holds } = this.#parts;
    for (const [environment, durations] of await archive.holds(holds.most, this.#begin)) holds.recall(environment, durations);
    this.#isRecalled = true;
  }

  /** After a failure it is opened anew. */
  async #reopening<T>(call: Promise<T>): Promise<T> {
    try {
      return await call;
    } catch (error) {
      this.#isOpen = false;
      throw error;
    }
  }

  #takeAfter(milliseconds: number): void {
    if (this.#isArmed || this.#stopped) return;
    this.#isArmed = true;
    this.#cancelTake = this.#parts.timers.after(milliseconds, () => {
      this.#isArmed = false;
      this.#catchUp().catch(() => {});
    });
  }

  #trimLater(): void {
    this.#cancelTrim = this.#parts.timers.after(TRIM_EVERY, () => {
      this.#trim()
        .catch(() => {})
        .finally(() => this.#stopped || this.#trimLater());
    });
  }

  async #trim(): Promise<void> {
    const { archive, store, retention } = this.#parts;
    if (!this.#isOpen) return;
    const kept = () => ({ before: store.now() - retention.span, entries: retention.entries });
    while (!this.#stopped && (await this.#reopening(archive.trim(kept()))));
  }
}

/** In place of an answer that nobody waits for. */
function nothing(): void {}
