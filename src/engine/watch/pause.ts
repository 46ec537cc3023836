import type { Slices } from "../slices.ts";
import type { Beat, Beats } from "./beats.ts";

/** What sleeps by a pause. */
export interface Sleeper {
  /** Its sleep is over; `quiet`: because of the time, and nobody has woken it. Must not throw. */
  woken(quiet: boolean): void;
}

/** Lets a stream sleep until it is woken, its beat comes or it ends. It needs no timer, signal, listener or promise for each sleep. */
export class Pause implements Beat {
  due: number;
  readonly #slices: Slices;
  readonly #beats: Beats;
  readonly #urgent: boolean;
  readonly #leave: () => void;
  #sleeper: Sleeper | undefined;
  #woken = false;
  #rung = false;
  #queued = false;
  #ended = false;

  /** `urgent`: comes before other streams when many are woken. */
  constructor(slices: Slices, beats: Beats, urgent: boolean) {
    this.#slices = slices;
    this.#beats = beats;
    this.#urgent = urgent;
    this.due = beats.in(0);
    this.#leave = beats.enlist(this);
  }

  /** Whether the stream is to end. */
  get ended(): boolean {
    return this.#ended;
  }

  /**
   * Wakes the sleeper in its turn, when `wake` was called since it was last woken, after so many milliseconds at most, or at the end. One
   * sleeper at a time.
   */
  sleep(milliseconds: number, sleeper: Sleeper): void {
    this.due = this.#beats.in(milliseconds);
    this.#sleeper = sleeper;
    if (this.#woken || this.#ended) this.#queue();
  }

  /** Resolves as `sleep` wakes. */
  slept(milliseconds: number): Promise<boolean> {
    return new Promise((resolve) => this.sleep(milliseconds, { woken: resolve }));
  }

  /** Wakes the sleeper in the stream's turn: who has much to tell asks for it now and then. */
  yield(sleeper: Sleeper): void {
    this.#sleeper = sleeper;
    this.#queue();
  }

  /** Resolves in the stream's turn. */
  turn(): Promise<void> {
    return new Promise((resolve) => this.yield({ woken: () => resolve() }));
  }

  wake(): void {
    this.#woken = true;
    this.#queue();
  }

  /** Ends the stream: it sleeps no more. */
  end(): void {
    this.#ended = true;
    this.#queue();
  }

  /** Its beat: ends a sleep. A stream that does not sleep is at work and needs none. */
  ring(): void {
    this.due = this.#beats.in(0);
    if (this.#sleeper === undefined || this.#queued) return;
    this.#rung = true;
    this.#queue();
  }

  /** Must be called when the stream is over. */
  close(): void {
    this.#ended = true;
    this.#leave();
  }

  #queue(): void {
    if (this.#queued || this.#sleeper === undefined) return;
    this.#queued = true;
    this.#slices.add(this.#run, this.#urgent);
  }

  readonly #run = () => {
    const quiet = this.#rung && !this.#woken;
    const sleeper = this.#sleeper;
    this.#queued = false;
    this.#woken = false;
    this.#rung = false;
    this.#sleeper = undefined;
    sleeper?.woken(quiet);
  };
}
