import type { Identity } from "../../access/identity.ts";
import type { System } from "../../engine/observer.ts";
import type { Call } from "../methods/call.ts";
import type { Exchange } from "./exchange.ts";

type Carrier = Pick<Exchange, "closed" | "onClose" | "handOver">;

/** The call that an exchange carries. */
export class ExchangeCall implements Call {
  readonly caller: Identity;
  readonly system: System;
  readonly #exchange: Carrier;
  readonly #deadline: number | undefined;

  /** `timeout`: how long the caller waits, ms; undefined: for ever. */
  constructor(caller: Identity, system: System, exchange: Carrier, timeout?: number) {
    this.caller = caller;
    this.system = system;
    this.#exchange = exchange;
    this.#deadline = timeout === undefined ? undefined : performance.now() + timeout;
  }

  get gone(): boolean {
    return this.#exchange.closed || (this.#deadline !== undefined && this.#deadline <= performance.now());
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
}
