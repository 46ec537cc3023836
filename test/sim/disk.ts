import type { Reads } from "../../src/core/command.ts";
import type { Lease } from "../../src/core/model/lease.ts";
import type { Micros, Revision } from "../../src/core/model/units.ts";
import type { Cursors, Part } from "../../src/store/history/history.ts";
import type { Batch, Loaded, Medium, MediumState } from "../../src/store/medium.ts";
import type { MemoryMedium } from "../../src/store/memory.ts";
import { type History, type LeaseQuery, type Past, StoreFailure } from "../../src/store/store.ts";
import { nothing, specimen } from "../store/fixtures.ts";

/** How many ended leases are kept whole; of older ones only what remains of a full history. */
const HISTORY = 3;
/** For how long time stands still, at least, once a disk that has refused writes takes them again: who was told to come back can renew then. */
const OUTAGE: Micros = 5_000_000;
/** A pool whose rows contradict each other. */
export const DAMAGED = "damaged";
/** A lease on an environment that is not stored; of no time, so that the clock does not begin with it. */
const contradiction: Lease = { ...(await specimen()), pool: DAMAGED, revision: 0 };

/** Writes rows of which no pool can be made. */
export async function damage(rows: MemoryMedium): Promise<void> {
  await rows.write({ ...nothing, leases: [contradiction] });
}

/** What the disk knows of the machine that it is in. */
export interface Host {
  readonly full: boolean;
  short: boolean;
  readonly booting: boolean;
  /** How many writes are under way. */
  writing: number;
  readonly deaths: number;
  readonly onWrite: (batch: Batch) => void;
  /** Resolves when a write may go on. */
  disk(): Promise<void>;
  /** Asked once for each write. */
  hasRoom(): boolean;
  /** Asked at each effect. */
  diesHere(): boolean;
  /** Writes work again: time stands still for a while longer. */
  recovered(span: Micros): void;
}

/** The disk as one incarnation of the server sees it: each call is an effect, before or after which the machine may die. */
export class Disk implements Medium {
  readonly #rows: MemoryMedium;
  readonly #machine: Host;
  readonly #life: number;

  constructor(rows: MemoryMedium, machine: Host) {
    this.#rows = rows;
    this.#machine = machine;
    this.#life = machine.deaths;
  }

  get #dead(): boolean {
    return this.#life !== this.#machine.deaths;
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
    await this.write({
      pools: [],
      leases: [],
      environments: [],
      fences: [],
      settings: [],
      keys: [],
      deleted: [],
      forgotten: [],
      events: [],
    });
    this.#needRoom();
    this.#machine.short = false;
    this.#machine.recovered(OUTAGE);
  }

  find(reads: Pick<Reads, "leases" | "requests">): Promise<readonly Lease[]> {
    return this.#effect(() => this.#rows.find(reads));
  }

  write(batch: Batch, fresh: readonly string[] = []): Promise<readonly Lease[]> {
    this.#machine.writing++;
    const written = this.#effect(async () => {
      await this.#machine.disk();
      if (this.#dead) return await new Promise<never>(() => {});
      if (!this.#machine.hasRoom()) throw new StoreFailure("STORAGE_FULL", "the disk is full");
      if (!this.#machine.booting) this.#machine.onWrite(batch);
      return await this.#rows.write(batch, fresh);
    });
    return written.finally(() => {
      if (!this.#dead) this.#machine.writing--;
    });
  }

  list(query: LeaseQuery): Promise<readonly Lease[]> {
    return this.#rows.list(query);
  }

  past(pool: string, since: Revision, limit: number): Promise<Past> {
    return this.#effect(() => this.#rows.past(pool, since, limit));
  }

  take(from?: Cursors): Promise<Part | undefined> {
    return this.#rows.take(from);
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
    return this.#dead || this.#machine.diesHere() ? new Promise(() => {}) : Promise.resolve();
  }
}
