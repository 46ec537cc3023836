import type { MediumState } from "../medium.ts";
import { StoreFailure } from "../store.ts";
import { failureOf } from "./failure.ts";
import type { Mark } from "./mark.ts";
import type { Place } from "./place.ts";
import type { Reserve } from "./reserve.ts";

const NO_ROOM = "the disk is full: there is no room for the reserve, from which only what gives back or keeps is written";

/** Surrounds every write: checks that the files are in their place, and frees the reserve when the disk is full. */
export class Guard {
  readonly #place: Place;
  readonly #reserve: Reserve;
  readonly #mark: Mark;
  #short: boolean;
  /** Whether the mark says that the log was spoilt. */
  #isTold = false;

  constructor(place: Place, reserve: Reserve, mark: Mark) {
    this.#place = place;
    this.#reserve = reserve;
    this.#mark = mark;
    this.#short = !reserve.isPossible;
  }

  get state(): MediumState {
    if (this.#place.isLost) return "lost";
    return this.#short ? "short" : "well";
  }

  /** Throws a StoreFailure. After the first STORAGE_FULL the same write may work: the reserve is free for it. */
  write<T>(work: () => T): T {
    this.#place.before();
    try {
      const result = work();
      this.#place.after();
      if (this.#place.hasCommits) this.#mark.make();
      return result;
    } catch (error) {
      const failure = failureOf(error, "work");
      this.#place.note();
      if (failure.reason === "STORAGE_FULL") {
        this.#short = true;
        this.#reserve.free();
      }
      throw failure;
    }
  }

  /** Makes the reserve again if there is room, then tries a write. Throws a StoreFailure: STORAGE_FULL while there is no room. */
  probe(write: () => void): void {
    if (this.#short && !this.#reserve.make()) throw new StoreFailure("STORAGE_FULL", NO_ROOM);
    this.write(write);
    this.#short = false;
  }

  /** Must be told of each failure: the next start is to know of a log that was spoilt, whoever ends this server, and however. */
  failed({ reason }: StoreFailure): void {
    if (reason !== "STORAGE_LOST" || !this.#place.isLogSpoilt || this.#isTold) return;
    this.#isTold = true;
    this.#mark.spoil();
  }

  /** Before the files are closed. `checkpoint` copies the log to the database, and tells whether it could. */
  close(checkpoint: () => boolean): void {
    // What others have written into the log must not be copied.
    if (!this.#place.isLogSpoilt && checkpoint()) this.#mark.remove();
  }

  /**
   * Called from time to time, for a server without writes: checks that the files are in their place, and makes the reserve, once (not at
   * the start, which it would delay by some tenths of a second). Returns a failure if the state is no longer "well" since this call.
   */
  look(): StoreFailure | undefined {
    if (this.state !== "well") return undefined;
    try {
      this.#place.before();
      if (this.#reserve.make()) return undefined;
      this.#short = true;
      return new StoreFailure("STORAGE_FULL", NO_ROOM);
    } catch (error) {
      return failureOf(error, "work");
    }
  }
}
