import type { Caller } from "../../core/command.ts";
import type { Call } from "../methods/call.ts";
import type { Exchange } from "./exchange.ts";

/** What Node's timers can count; a longer deadline would be over at once. In ms: 24 days. */
export const LONGEST_MS: number = 2 ** 31 - 1;

type Carrier = Pick<Exchange, "closed" | "onClose" | "handOver">;

/** Why a call's signal aborts; Node would make an error with a stack for each. */
const GONE = new Error("the caller is gone, or its deadline has passed");

/** The call that an exchange carries. Its signal, which most calls do not look at, is made when it is first asked for. */
export class ExchangeCall implements Call {
  readonly caller: Caller;
  readonly #exchange: Carrier;
  readonly #deadline: number | undefined;
  #gone: AbortController | undefined;

  /** `timeout`: how long the caller waits, ms; undefined: for ever. */
  constructor(caller: Caller, exchange: Carrier, timeout?: number) {
    this.caller = caller;
    this.#exchange = exchange;
    this.#deadline = timeout === undefined ? undefined : performance.now() + timeout;
  }

  get gone(): boolean {
    return this.#exchange.closed || (this.#deadline !== undefined && this.#deadline <= performance.now());
  }

  get signal(): AbortSignal {
    if (this.#gone === undefined) {
      this.#gone = new AbortController();
      this.#watch(this.#gone);
    }
    return this.#gone.signal;
  }

  onGone(listener: () => void): void {
    this.#exchange.onClose(listener);
  }

  timeLeft(): number | undefined {
    return this.#deadline === undefined ? undefined : this.#deadline - performance.now();
  }

  handOver(lost: (written: boolean) => void): () => void {
    return this.#exchange.handOver(lost);
  }

  #watch(gone: AbortController): void {
    if (this.gone) {
      gone.abort(GONE);
      return;
    }
    const left = this.timeLeft();
    const timer = left === undefined ? undefined : setTimeout(() => gone.abort(GONE), Math.min(left, LONGEST_MS));
    this.#exchange.onClose(() => {
      clearTimeout(timer);
      gone.abort(GONE);
    });
  }
}
