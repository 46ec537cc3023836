import type { Call } from "./methods/call.ts";

/** A call that is gone as well when its caller is nobody any more: a revoked key's streams end at once, also silent ones. */
export class BoundedCall implements Call, Disposable {
  readonly #call: Call;
  readonly #listening: (() => void)[] = [];

  constructor(call: Call) {
    this.#call = call;
  }

  get caller(): Call["caller"] {
    return this.#call.caller;
  }

  get gone(): boolean {
    return this.#call.gone || this.caller.tenure?.over === true;
  }

  onGone(listener: () => void): void {
    this.#call.onGone(listener);
    const { tenure } = this.caller;
    if (tenure !== undefined) this.#listening.push(tenure.onEnd(listener));
  }

  timeLeft(): number | undefined {
    return this.#call.timeLeft();
  }

  handOver(lost: (written: boolean) => void): () => void {
    return this.#call.handOver(lost);
  }

  [Symbol.dispose](): void {
    for (const stop of this.#listening) stop();
  }
}
