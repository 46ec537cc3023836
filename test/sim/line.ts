import type { EngineCall } from "../../src/engine/call.ts";

/** The connection that a client's calls go over, until it breaks. */
export class Line implements EngineCall {
  readonly #broken = new AbortController();
  readonly #underway = new Set<(written: boolean) => void>();

  get signal(): AbortSignal {
    return this.#broken.signal;
  }

  timeLeft(): undefined {}

  handOver(lost: (written: boolean) => void): () => void {
    if (this.signal.aborted) lost(false);
    else this.#underway.add(lost);
    return () => this.#underway.delete(lost);
  }

  /** What was answered so far was heard. */
  heard(): void {
    this.#underway.clear();
  }

  /** Nothing comes through any more. Tells whether an answer that gives a lease, or will, was under way. */
  break(): boolean {
    const lost = [...this.#underway];
    this.#underway.clear();
    this.#broken.abort();
    for (const tell of lost) tell(false);
    return lost.length > 0;
  }
}
