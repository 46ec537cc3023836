import type { Timers } from "../timers.ts";

/** How often the beats that are due are rung, in milliseconds: their accuracy. */
const TICK_MS = 1_000;

/** Something that is called when it has been quiet for a while, such as a stream that owes a HEARTBEAT. */
export interface Beat {
  /** The tick in which it is to be called. May be moved to a later one at any time, at no cost. */
  due: number;
  /** Called when `due` has come; it must set the next `due`. */
  ring(): void;
}

/**
 * One timer for the heartbeats of all streams. A beat is looked at when its tick comes; if its `due` has moved since, it is filed under
 * that.
 */
export class Beats {
  readonly #timers: Timers;
  readonly #ticks = new Map<number, Set<Beat>>();
  #tick = 0;
  #size = 0;
  #armed = false;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** The tick that comes in so many milliseconds, rounded up. */
  in(milliseconds: number): number {
    return this.#tick + Math.max(1, Math.ceil(milliseconds / TICK_MS));
  }

  /** Calls `beat` whenever it is due, until the returned function is called. */
  enlist(beat: Beat): () => void {
    let left = false;
    const entry: Beat = {
      due: beat.due,
      ring: () => {
        if (left) return;
        if (beat.due <= this.#tick) beat.ring();
        entry.due = Math.max(beat.due, this.#tick + 1);
        this.#put(entry);
      },
    };
    this.#size++;
    this.#put(entry);
    this.#arm();
    return () => {
      if (left) return;
      left = true;
      this.#size--;
      const others = this.#ticks.get(entry.due);
      others?.delete(entry);
      if (others?.size === 0) this.#ticks.delete(entry.due);
    };
  }

  #put(entry: Beat): void {
    const others = this.#ticks.get(entry.due);
    if (others === undefined) this.#ticks.set(entry.due, new Set([entry]));
    else others.add(entry);
  }

  #arm(): void {
    if (this.#armed || this.#size === 0) return;
    this.#armed = true;
    this.#timers.after(TICK_MS, () => {
      this.#armed = false;
      this.#tick++;
      const due = this.#ticks.get(this.#tick) ?? [];
      this.#ticks.delete(this.#tick);
      for (const entry of due) entry.ring();
      this.#arm();
    });
  }
}
