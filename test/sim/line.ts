import type { EngineCall } from "../../src/engine/call.ts";

/** An answer that gives a lease, and whether it was handed to the system by now. */
interface Underway {
  readonly lost: (written: boolean) => void;
  written: boolean;
}

/**
 * The connection that a client's calls go over, until it breaks. Before that it may be dead for a while without anybody noticing. It is a
 * call as well, for those who make just one.
 */
export class Line implements EngineCall {
  readonly #broken = new AbortController();
  readonly #calls = new Set<LineCall>();
  /** Set once it is dead: the server hears nothing more; "one-way": what it sends still arrives at the client. */
  silent: "one-way" | "both ways" | undefined;

  get signal(): AbortSignal {
    return this.#broken.signal;
  }

  onGone(listener: () => void): void {
    this.signal.addEventListener("abort", listener);
  }

  get gone(): boolean {
    return this.signal.aborted;
  }

  timeLeft(): undefined {}

  handOver(lost: (written: boolean) => void): () => void {
    return this.call().handOver(lost);
  }

  /** Begins a call. */
  call(): LineCall {
    const call = new LineCall(this.signal);
    this.#calls.add(call);
    return call;
  }

  /** What was answered so far was heard. */
  heard(): void {
    for (const call of this.#calls) call.heard();
  }

  /** It is noticed that nothing comes through any more. Tells whether an answer that gives a lease, or will, was under way. */
  break(): boolean {
    const lost = [...this.#calls].flatMap((call) => call.take());
    this.#broken.abort();
    for (const answer of lost) answer.lost(answer.written);
    return lost.length > 0;
  }

  /** The server that it led to is dead: nobody is left to notice anything. */
  drop(): void {
    for (const call of this.#calls) call.take();
  }
}

/** One call over a connection. */
export class LineCall implements EngineCall {
  readonly signal: AbortSignal;
  readonly #underway = new Set<Underway>();

  constructor(signal: AbortSignal) {
    this.signal = signal;
  }

  get gone(): boolean {
    return this.signal.aborted;
  }

  onGone(listener: () => void): void {
    this.signal.addEventListener("abort", listener);
  }

  timeLeft(): undefined {}

  handOver(lost: (written: boolean) => void): () => void {
    const answer: Underway = { lost, written: false };
    if (this.signal.aborted) lost(false);
    else this.#underway.add(answer);
    return () => this.#underway.delete(answer);
  }

  /** The answer, or the next message of a stream, is handed to the system. */
  write(): void {
    for (const answer of this.#underway) answer.written = true;
  }

  heard(): void {
    for (const answer of this.#underway) if (answer.written) this.#underway.delete(answer);
  }

  take(): Underway[] {
    const all = [...this.#underway];
    this.#underway.clear();
    return all;
  }
}
