import type { Caller } from "../../core/command.ts";
import { LONGEST_MS } from "../connect/headers.ts";
import type { Exchange } from "../http/exchange.ts";
import type { Call } from "../methods/call.ts";

/** Why a call's signal aborts; Node would make an error with a stack for each. */
const GONE = new Error("the caller is gone, or its deadline has passed");

/** A call of the direct way. Its signal, which most calls do not look at, is made when it is first asked for. */
export class DirectCall implements Call {
  readonly caller: Caller;
  readonly #exchange: Exchange;
  readonly #deadline: number | undefined;
  #gone: AbortController | undefined;

  /** `timeout`: how long the caller waits, ms; undefined: for ever. */
  constructor(caller: Caller, exchange: Exchange, timeout: number | undefined) {
    this.caller = caller;
    this.#exchange = exchange;
    this.#deadline = timeout === undefined ? undefined : performance.now() + timeout;
  }

  get signal(): AbortSignal {
    if (this.#gone === undefined) {
      this.#gone = new AbortController();
      this.#watch(this.#gone);
    }
    return this.#gone.signal;
  }

  timeLeft(): number | undefined {
    return this.#deadline === undefined ? undefined : this.#deadline - performance.now();
  }

  handOver(lost: (written: boolean) => void): () => void {
    return this.#exchange.handOver(lost);
  }

  #watch(gone: AbortController): void {
    const left = this.timeLeft();
    if (this.#exchange.closed || (left !== undefined && left <= 0)) {
      gone.abort(GONE);
      return;
    }
    const timer = left === undefined ? undefined : setTimeout(() => gone.abort(GONE), Math.min(left, LONGEST_MS));
    this.#exchange.res.once("close", () => {
      clearTimeout(timer);
      gone.abort(GONE);
    });
  }
}
