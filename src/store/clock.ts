import type { Micros } from "../core/model.ts";

/** How often the clock is looked at when nobody asks, and the longest gap between two looks that counts as time. */
const LOOK = 250_000;
const STALL = LOOK + 500_000;
/** How far it runs on while a write is under way. */
const ALLOWANCE = 500_000;

/**
 * The clock of a store that lives in one process (api.md rule 5): max(last time stored, wall clock at start) + monotonic time
 * elapsed − stalls. A gap between two looks of more than half a second over the ticker's period means that the process stood still
 * (SIGSTOP, a frozen machine, a blocked loop): nobody could renew meanwhile, so the gap does not count. Renewals that wait in the
 * sockets are decided before time goes on, since only the next look can move it.
 */
export class Clock {
  readonly #monotonic: () => Micros;
  readonly #stalled: (gap: Micros) => void;
  readonly #ticker: NodeJS.Timeout;
  #looked: Micros;
  #now: Micros;
  /** What is left of the allowance, while it is held. */
  #left: Micros | undefined;

  /** `monotonic` in microseconds; `stalled` is told of each gap taken out. */
  constructor(start: Micros, stalled: (gap: Micros) => void = () => {}, monotonic: () => Micros = monotonicMicros) {
    this.#now = start;
    this.#monotonic = monotonic;
    this.#stalled = stalled;
    this.#looked = monotonic();
    this.#ticker = setInterval(() => this.now(), LOOK / 1000);
    this.#ticker.unref();
  }

  now(): Micros {
    const look = this.#monotonic();
    const gap = look - this.#looked;
    this.#looked = look;
    if (gap > STALL) this.#stalled(gap);
    const step = gap > STALL ? 0 : Math.min(Math.max(0, gap), this.#left ?? Number.POSITIVE_INFINITY);
    if (this.#left !== undefined) this.#left -= step;
    this.#now += step;
    return this.#now;
  }

  /** A write begins. While a slow or full disk keeps everybody from renewing, time stands still after half a second. */
  hold(): void {
    this.now();
    this.#left ??= ALLOWANCE;
  }

  /** A write has worked. */
  release(): void {
    this.now();
    this.#left = undefined;
  }

  stop(): void {
    clearInterval(this.#ticker);
  }
}

function monotonicMicros(): Micros {
  return Number(process.hrtime.bigint() / 1_000n);
}
