/** A machine to run the engine on: its time, its disk, and the ways in which it dies. Nothing here is left to chance. */
import type { Micros } from "../../src/core/model/units.ts";
import { Engine } from "../../src/engine/engine.ts";
import type { Timers } from "../../src/engine/timers.ts";
import { Clock } from "../../src/store/clock.ts";
import { LocalStore } from "../../src/store/local.ts";
import type { Batch } from "../../src/store/medium.ts";
import { MemoryMedium } from "../../src/store/memory.ts";
import type { Commit } from "../../src/store/store.ts";
import { Disk, damage } from "./disk.ts";
import { Time } from "./time.ts";

/** How many writes the reserve is good for. */
const RESERVE = 6;
/** How far the clock runs on while a write hangs, and how long it stands still after it, at most. */
const ALLOWANCE = 500_000;
const HUNG = 10_000_000;
/** The farthest that it goes on to the brink of something. */
const MINUTE = 60_000_000;
/** How often the clock is looked at, in microseconds. */
const LOOK = 250_000;

export class Machine {
  readonly time = new Time();
  readonly rows = new MemoryMedium(new Uint8Array(32));
  /** As on a full disk one write fails, then some work, from the reserve, and from then on none. */
  full = false;
  /** The reserve is in use. */
  short = false;
  #reserve = 0;
  /** Until when the store's clock must stand still, by the machine's, and where; so that who could not renew can do it. */
  #stand: { readonly until: Micros; readonly at: Micros; readonly life: number } | undefined;
  /** Writes wait until the next time that time passes. */
  slow = false;
  /** Writes wait until it ends, however much time passes. */
  hanging = false;
  /** A server that cannot write while it starts does not start; here it always can. */
  booting = false;
  /** How many writes are under way. */
  writing = 0;
  /** Deaths so far. */
  deaths = 0;
  engine!: Engine;
  /** Told of each incarnation. */
  onStart: (engine: Engine) => void = () => {};
  /** Told of what a server that has started is writing, before anybody can know whether it works. */
  onWrite: (batch: Batch) => void = () => {};
  /** Told of each commit of a server that has started. */
  onCommit: (commit: Commit) => void = () => {};
  /** Told of what goes wrong where no caller waits for it. */
  onTrouble: (error: unknown) => void = () => {};
  #clock: Clock | undefined;
  #effectsLeft = Number.POSITIVE_INFINITY;
  #died = false;
  #slowWrites: { readonly since: Micros; readonly go: () => void }[] = [];

  async boot(): Promise<void> {
    this.#died = false;
    this.booting = true;
    this.#slowWrites = [];
    this.writing = 0;
    this.short = this.full;
    if (this.deaths === 0) await damage(this.rows);
    const store = await LocalStore.open(new Disk(this.rows, this), (latest) => {
      this.#clock?.stop();
      this.#clock = new Clock(Math.max(latest, this.time.now), undefined, () => this.time.now);
      return this.#clock;
    });
    let up = false;
    const started = Engine.start(store, this.timersOfThisLife(), {
      committed: (commit) => up && this.onCommit(commit),
      trouble: (error) => this.onTrouble(error),
    });
    // A machine may die while it starts; then it is booted again.
    const engine = await Promise.race([started, this.settle().then(() => undefined)]);
    if (engine === undefined) return await this.boot();
    this.booting = false;
    this.engine = engine;
    up = true;
    this.onStart(engine);
  }

  /** A write waits that no passing of time ends. */
  get hangs(): boolean {
    return this.hanging && this.#slowWrites.length > 0;
  }

  /** Whether writes fail or wait, or would. */
  get troubled(): boolean {
    return this.full || this.short || this.slow || this.hanging || this.#slowWrites.length > 0;
  }

  /** Lets everything happen that can without time passing; a dead machine is booted again. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  async rest(): Promise<void> {
    await this.settle();
    while (this.#died) {
      await this.boot();
      await this.settle();
    }
  }

  /** Time passes, timer by timer; the store's clock with it, unless the process stands still. */
  async pass(span: Micros, stalled = false): Promise<void> {
    this.#goOn();
    await this.rest();
    const until = this.time.now + span;
    for (let timer = stalled ? undefined : this.time.due(until); timer !== undefined; timer = this.time.due(until)) {
      this.#advance(timer.at, false);
      timer.call();
      this.#goOn();
      await this.rest();
    }
    this.#advance(until, stalled);
    await this.rest();
  }

  /** Time passes until just before something is due. */
  async passToBrink(): Promise<void> {
    await this.pass(Math.max(0, Math.min(this.time.next - this.time.now - 1_000, MINUTE)));
  }

  /** The power goes after so many more effects. */
  dieAfter(effects: number): void {
    this.#effectsLeft = effects;
  }

  /** Asked at each effect. */
  diesHere(): boolean {
    if (this.#effectsLeft-- > 0) return false;
    this.#die();
    return true;
  }

  /** The power is off for a while. */
  off(span: Micros): void {
    this.#die();
    this.time.now += span;
  }

  /** How far the store's clock has run since it should stand still. */
  get ranOn(): Micros {
    const { until, at, life } = this.#stand ?? { until: 0, at: 0, life: 0 };
    const stands = this.time.now < until && life === this.deaths;
    return stands ? this.engine.views.now() - at : 0;
  }

  /** The number of writes that the reserve is still good for. */
  get reserve(): number {
    return this.#reserve;
  }

  /** Writes work again: time stands still for a while longer. */
  recovered(span: Micros): void {
    const until = this.time.now + span;
    const before = this.#stand?.life === this.deaths ? this.#stand.until : 0;
    if (!this.booting && !this.#died && until > Math.max(before, this.time.now))
      this.#stand = { until, at: this.engine.views.now(), life: this.deaths };
  }

  #die(): void {
    this.#effectsLeft = Number.POSITIVE_INFINITY;
    this.#died = true;
    this.deaths++;
  }

  hasRoom(): boolean {
    if (!this.full || this.booting) return true;
    if (this.short) return this.#reserve-- > 0;
    this.short = true;
    this.#reserve = RESERVE;
    return false;
  }

  disk(): Promise<void> {
    return (this.slow || this.hanging) && !this.booting
      ? new Promise((go) => this.#slowWrites.push({ since: this.time.now, go }))
      : Promise.resolve();
  }

  #goOn(): void {
    if (this.hanging) return;
    for (const { since, go } of this.#slowWrites.splice(0)) {
      if (!this.full && !this.short) this.recovered(Math.min(this.time.now - since - ALLOWANCE, HUNG));
      go();
    }
  }

  #advance(to: Micros, stalled: boolean): void {
    // Looked at often, as its ticker does it, unless the process stands still.
    while (!stalled && this.time.now + LOOK < to) {
      this.time.now += LOOK;
      this.#clock?.now();
    }
    this.time.now = Math.max(this.time.now, to);
    this.#clock?.now();
  }

  /** Timers die with the process. */
  timersOfThisLife(): Timers {
    const life = this.deaths;
    return { after: (milliseconds, call) => this.time.after(milliseconds, () => life === this.deaths && call()) };
  }
}
