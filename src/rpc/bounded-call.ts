import type { Identity } from "../access/identity.ts";
import type { Micros } from "../core/model/units.ts";
import type { System } from "../engine/observer.ts";
import type { Call } from "./methods/call.ts";

/**
 * A call that is gone as well when its caller is nobody any more: a revoked key's streams end at once, also silent ones, and those of whoever
 * is known for a time only with that time.
 */
export class BoundedCall implements Call, Disposable {
  readonly caller: Identity;
  readonly system: System;
  readonly #call: Call;
  readonly #now: () => Micros;
  readonly #listening: (() => void)[] = [];

  /** `caller`: with how long it is good for. `now`: the store's time. */
  constructor(call: Call, caller: Identity, now: () => Micros) {
    this.#call = call;
    this.caller = caller;
    this.system = call.system;
    this.#now = now;
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
    const { expiresAt } = this.caller;
    const left = this.#call.timeLeft();
    return expiresAt === undefined ? left : Math.min(left ?? Number.POSITIVE_INFINITY, (expiresAt - this.#now()) / 1_000);
  }

  handOver(lost: (written: boolean) => void): () => void {
    return this.#call.handOver(lost);
  }

  [Symbol.dispose](): void {
    for (const stop of this.#listening) stop();
  }
}
