import type { Beat, Beats } from "./beats.ts";
import type { Slices } from "./slices.ts";

/** Lets a stream sleep until it is woken, its beat comes or it ends. It needs no timer, signal or listener for each sleep. */
export class Pause implements Beat {
  due: number;
  readonly #slices: Slices;
  readonly #beats: Beats;
  readonly #urgent: boolean;
  readonly #leave: () => void;
  #woken = false;
  #queued = false;
  #ended = false;
  #resolve: ((quiet: boolean) => void) | undefined;

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
   * Resolves when `wake` was called since it last resolved, after so many milliseconds at most, or at the end; true: nobody called. One
   * caller at a time.
   */
  sleep(milliseconds: number): Promise<boolean> {
    this.due = this.#beats.in(milliseconds);
    return new Promise((resolve) => {
      this.#resolve = resolve;
      if (this.#woken || this.#ended) this.#queue();
    });
  }

  /** Resolves in the stream's turn: who has much to tell asks for it now and then. */
  turn(): Promise<void> {
    return new Promise((resolve) => this.#slices.add(resolve, this.#urgent));
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
    if (this.#resolve !== undefined) this.#queue();
  }

  /** Must be called when the stream is over. */
  close(): void {
    this.#ended = true;
    this.#leave();
  }

  #queue(): void {
    if (this.#queued || this.#resolve === undefined) return;
    this.#queued = true;
    this.#slices.add(() => {
      const quiet = !this.#woken;
      const resolve = this.#resolve;
      this.#queued = false;
      this.#woken = false;
      this.#resolve = undefined;
      resolve?.(quiet);
    }, this.#urgent);
  }
}
