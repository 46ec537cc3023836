/** A machine to run the engine on: its time, its disk, and the ways in which it dies. Nothing here is left to chance. */
import type { Reads } from "../../src/core/command.ts";
import type { Lease, Micros, Revision } from "../../src/core/model.ts";
import { Engine } from "../../src/engine/engine.ts";
import type { Timers } from "../../src/engine/timers.ts";
import { Clock } from "../../src/store/clock.ts";
import { LocalStore } from "../../src/store/local.ts";
import type { Batch, Loaded, Medium, MediumState } from "../../src/store/medium.ts";
import { MemoryMedium } from "../../src/store/memory.ts";
import { type Commit, type History, type LeaseQuery, type Past, StoreFailure } from "../../src/store/store.ts";

/** How many writes the reserve is good for. */
const RESERVE = 20;
/** How many ended leases are kept whole; of older ones only what remains of a full history. */
const HISTORY = 3;
/** How often the clock is looked at, in microseconds. */
const LOOK = 250_000;

/** Virtual time and timers. */
class Time implements Timers {
  now: Micros = 1_000_000_000_000;
  readonly #timers = new Set<{ at: Micros; call: () => void }>();

  after(milliseconds: number, call: () => void): () => void {
    const timer = { at: this.now + Math.ceil(Math.max(0, milliseconds)) * 1_000, call };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** The earliest timer up to `until`, taken out. */
  due(until: Micros): { at: Micros; call: () => void } | undefined {
    let next: { at: Micros; call: () => void } | undefined;
    for (const timer of this.#timers) if (timer.at <= until && (next === undefined || timer.at < next.at)) next = timer;
    if (next !== undefined) this.#timers.delete(next);
    return next;
  }
}

/** The disk as one incarnation of the server sees it: each call is an effect, before or after which the machine may die. */
class Disk implements Medium {
  readonly #rows: MemoryMedium;
  readonly #machine: Machine;
  #dead = false;

  constructor(rows: MemoryMedium, machine: Machine) {
    this.#rows = rows;
    this.#machine = machine;
  }

  load(): Promise<Loaded> {
    return this.#rows.load();
  }

  get state(): MediumState {
    return this.#machine.short ? "short" : "well";
  }

  onFailure(): void {}

  async probe(): Promise<void> {
    this.#needRoom();
    await this.write({ pools: [], leases: [], environments: [], deleted: [], forgotten: [], events: [] });
    this.#needRoom();
    this.#machine.short = false;
  }

  find(reads: Pick<Reads, "leases" | "requests">): Promise<readonly Lease[]> {
    return this.#effect(() => this.#rows.find(reads));
  }

  write(batch: Batch): Promise<void> {
    return this.#effect(async () => {
      await this.#machine.disk();
      if (this.#dead) return await new Promise<void>(() => {});
      if (!this.#machine.hasRoom()) throw new StoreFailure("STORAGE_FULL", "the disk is full");
      if (!this.#machine.booting) this.#machine.onWrite(batch);
      await this.#rows.write(batch);
    });
  }

  list(query: LeaseQuery): Promise<readonly Lease[]> {
    return this.#rows.list(query);
  }

  past(pool: string, since: Revision, limit: number): Promise<Past> {
    return this.#effect(() => this.#rows.past(pool, since, limit));
  }

  trim(history: History): Promise<boolean> {
    return this.#effect(() => this.#rows.trim({ ...history, leases: HISTORY }));
  }

  async close(): Promise<void> {}

  #needRoom(): void {
    if (this.#machine.full) throw new StoreFailure("STORAGE_FULL", "there is no room for the reserve");
  }

  /** What the dead never hear of. */
  async #effect<T>(run: () => Promise<T>): Promise<T> {
    await this.#point();
    const result = await run();
    await this.#point();
    return result;
  }

  #point(): Promise<void> {
    this.#dead ||= this.#machine.diesHere();
    return this.#dead ? new Promise(() => {}) : Promise.resolve();
  }
}

export class Machine {
  readonly time = new Time();
  readonly rows = new MemoryMedium(new Uint8Array(32));
  /** As on a full disk one write fails, then some work, from the reserve, and from then on none. */
  full = false;
  /** The reserve is in use. */
  short = false;
  #reserve = 0;
  /** Writes wait until the next time that time passes. */
  slow = false;
  /** Writes wait until it ends, however much time passes. */
  hanging = false;
  /** A server that cannot write while it starts does not start; here it always can. */
  booting = false;
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
  readonly #slowWrites: (() => void)[] = [];

  async boot(): Promise<void> {
    this.#died = false;
    this.booting = true;
    this.#slowWrites.length = 0;
    this.short = this.full;
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

  /** The power goes after so many more effects. */
  dieAfter(effects: number): void {
    this.#effectsLeft = effects;
  }

  /** Asked at each effect. */
  diesHere(): boolean {
    if (this.#effectsLeft-- > 0) return false;
    this.#effectsLeft = Number.POSITIVE_INFINITY;
    this.#died = true;
    this.deaths++;
    return true;
  }

  hasRoom(): boolean {
    if (!this.full || this.booting) return true;
    if (this.short) return this.#reserve-- > 0;
    this.short = true;
    this.#reserve = RESERVE;
    return false;
  }

  disk(): Promise<void> {
    return (this.slow || this.hanging) && !this.booting ? new Promise((resolve) => this.#slowWrites.push(resolve)) : Promise.resolve();
  }

  #goOn(): void {
    if (!this.hanging) for (const write of this.#slowWrites.splice(0)) write();
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
