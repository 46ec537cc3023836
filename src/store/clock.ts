import type { Micros } from "../core/model/units.ts";

/** How often the clock is looked at when nobody asks, and the longest gap between two looks that counts as time. */
const LOOK = 250_000;
const STALL = LOOK + 500_000;
/** How far the clock runs on while a write is under way. */
const ALLOWANCE = 500_000;
/** How long the clock still stands, at most, after writing works again: callers who were refused were told to come back in 5 s. */
const RETURN = 10_000_000;
/** How long the clock must have stood for a write before that is told. */
const WORTH_TELLING = 1_000_000;
/** Stalls that follow each other sooner are told together. */
const TOLD_APART = 10_000_000;

/** What a clock tells. None of it is told more often than about once in a second. */
export interface ClockWitness {
  /** The process stood still for so long, since it was last told of: that time is left out. */
  stalled(gap: Micros): void;
  /** The clock stands still, since a write hangs or has failed. */
  held(): void;
  /** It goes on, having stood for so long. Only after `held`. */
  resumed(stood: Micros): void;
}

const nobody: ClockWitness = { stalled() {}, held() {}, resumed() {} };

/**
 * The clock of a store that lives in one process (rule 5 of docs/contract.md): max(last time stored, wall clock at start) + monotonic
 * time elapsed − stalls. A gap between two looks of more than half a second over the ticker's period means that the process stood still
 * (SIGSTOP, a frozen machine, a blocked loop): nobody could renew meanwhile, so the gap does not count. Renewals that wait in the
 * sockets are decided before time goes on, since only the next look can move it.
 */
export class Clock {
  readonly #monotonic: () => Micros;
  readonly #witness: ClockWitness;
  readonly #ticker: NodeJS.Timeout;
  #looked: Micros;
  #now: Micros;
  /** While a write is under way or has failed: how far the clock may still run. */
  #left: Micros | undefined;
  /** When the first write began that has not worked yet, and whether one has failed since. */
  #heldSince: Micros = 0;
  #failed = false;
  /** How long the clock will stand still after an outage, so that callers who were refused can come back. */
  #pause: Micros = 0;
  #stood: Micros = 0;
  #told = false;
  #gaps: Micros = 0;
  #gapsToldAt = Number.NEGATIVE_INFINITY;

  /** `monotonic` in microseconds. */
  constructor(start: Micros, witness: ClockWitness = nobody, monotonic: () => Micros = monotonicMicros) {
    this.#now = start;
    this.#monotonic = monotonic;
    this.#witness = witness;
    this.#looked = monotonic();
    this.#ticker = setInterval(() => this.now(), LOOK / 1000);
    this.#ticker.unref();
  }

  now(): Micros {
    const look = this.#monotonic();
    const gap = Math.max(0, look - this.#looked);
    this.#looked = look;
    if (gap > STALL) this.#gaps += gap;
    else this.#pass(gap);
    this.#tellOfStalls(look);
    return this.#now;
  }

  /**
   * A write begins, or something has failed. While a slow or full disk keeps everybody from renewing, time stands still after half a
   * second. Called again before `release` it means that a write has failed.
   */
  hold(): void {
    this.now();
    if (this.#left !== undefined) this.#failed = true;
    else {
      this.#left = ALLOWANCE;
      this.#heldSince = this.#looked;
    }
  }

  /**
   * A write has worked. Time stands still for a moment more, since no lease may end before its holder could come back: 10 s after a
   * failure; after a write that hung and whose callers may have given up, as long as it stood for it, up to 10 s.
   */
  release(): void {
    this.now();
    this.#left = undefined;
    const stood = Math.max(0, this.#looked - this.#heldSince - ALLOWANCE);
    this.#pause = Math.max(this.#pause, this.#failed ? RETURN : Math.min(stood, RETURN));
    this.#failed = false;
    if (this.#pause === 0) this.#resume();
  }

  stop(): void {
    clearInterval(this.#ticker);
  }

  #pass(gap: Micros): void {
    const step = Math.min(Math.max(0, gap - this.#pause), this.#left ?? Number.POSITIVE_INFINITY);
    if (this.#left !== undefined) this.#left -= step;
    this.#pause = Math.max(0, this.#pause - gap);
    this.#now += step;
    this.#stood += gap - step;
    if (this.#left === undefined && this.#pause === 0) this.#resume();
    else if (!this.#told && this.#stood >= WORTH_TELLING) {
      this.#told = true;
      this.#witness.held();
    }
  }

  #resume(): void {
    if (this.#told) this.#witness.resumed(this.#stood);
    this.#told = false;
    this.#stood = 0;
  }

  #tellOfStalls(look: Micros): void {
    if (this.#gaps === 0 || look - this.#gapsToldAt < TOLD_APART) return;
    this.#witness.stalled(this.#gaps);
    this.#gaps = 0;
    this.#gapsToldAt = look;
  }
}

function monotonicMicros(): Micros {
  return Number(process.hrtime.bigint() / 1_000n);
}
