import type { Unwelcome } from "./guests.ts";
import type { DoorLog } from "./limits.ts";

/** What goes wrong with connections, told in a line or two per sweep, however much it is. */
export class Trouble {
  #refused = 0;
  #failed = 0;
  #code = "";
  readonly #unwelcome = new Map<Unwelcome, number>();

  /** Too many are open. */
  refused(): void {
    this.#refused++;
  }

  unwelcome(why: Unwelcome): void {
    this.#unwelcome.set(why, (this.#unwelcome.get(why) ?? 0) + 1);
  }

  /** One could not be accepted. */
  failed(error: NodeJS.ErrnoException): void {
    this.#failed++;
    this.#code = error.code ?? error.message;
  }

  /** Logs what there was since the last time. `limit`: of open connections. */
  report(log: DoorLog, limit: number): void {
    if (this.#refused > 0) log.warn({ refused: this.#refused, limit }, "refused connections: too many are open");
    for (const [why, refused] of this.#unwelcome) log.warn({ refused, why }, "refused connections of some addresses");
    if (this.#failed > 0) log.warn({ failed: this.#failed, code: this.#code }, "could not accept connections");
    this.#refused = 0;
    this.#failed = 0;
    this.#unwelcome.clear();
  }
}
