/** How time passes while the machine cannot write as it should: nobody can renew then. */
import type { Micros } from "../../src/core/model/units.ts";
import type { Machine } from "./machine.ts";
import { count, expectThat } from "./seen.ts";

/** How far the clock may run on once nothing can be written. */
const ALLOWANCE = 500_000;
/** For how long after an outage commands may still be late: a dead connection takes the server no longer to notice. */
const AFTERMATH = 20_000_000;

/** Since when something is so, by the store's clock, and in which life: a start sets the clock. */
interface Since {
  readonly at: Micros;
  readonly life: number;
}

export class Outages {
  readonly #machine: Machine;
  #full: Since | undefined;
  #hanging: Since | undefined;
  /** When the machine last could not write as it wanted, by the store's clock. */
  #latest: Micros = 0;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** Tells apart one time of being full from another. */
  get full(): object | undefined {
    return this.#full;
  }

  /** Whether it lately could not write as it wanted, so that commands may still be late. */
  wereLately(now: Micros): boolean {
    return this.#machine.troubled || now - this.#latest < AFTERMATH;
  }

  /** Those who could not renew have time to do it. */
  checkStandstill(): void {
    const { ranOn } = this.#machine;
    expectThat(ranOn <= 0, `time ran on for ${ranOn} µs, just when writes worked again`);
  }

  /** While the disk is full, or a write hangs, nobody can renew for long: time runs on for half a second. */
  checkTime(): void {
    const { deaths: life, engine, full, short, hangs, troubled } = this.#machine;
    const at = engine.views.now();
    if (troubled) this.#latest = at;
    if (!full || !short) this.#full = undefined;
    else if (this.#full?.life !== life) this.#full = { at, life };
    if (!hangs) this.#hanging = undefined;
    else if (this.#hanging?.life !== life) this.#hanging = { at, life };
    if (hangs) count("a write hung");
    for (const since of [this.#full, this.#hanging])
      expectThat(at - (since?.at ?? at) <= ALLOWANCE, `time ran on for ${at - (since?.at ?? at)} µs while nothing could be written`);
  }
}
