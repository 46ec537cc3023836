/** An engine to play with: a disk that can hang, timers and a clock by hand. */

import type { Lease } from "../../src/core/model/lease.ts";
import { Engine } from "../../src/engine/engine.ts";
import type { Observer } from "../../src/engine/observer.ts";
import type { Timers } from "../../src/engine/timers.ts";
import { LocalStore } from "../../src/store/local.ts";
import type { Batch } from "../../src/store/medium.ts";
import { MemoryMedium } from "../../src/store/memory.ts";
import { StoreFailure } from "../../src/store/store.ts";
import { HandClock } from "../store/fixtures.ts";

/** Timers that fire when `HandTimers.fire` says so. */
export class HandTimers implements Timers {
  readonly #waiting = new Set<() => void>();

  after(_milliseconds: number, call: () => void): () => void {
    const timer = () => call();
    this.#waiting.add(timer);
    return () => this.#waiting.delete(timer);
  }

  /** Fires all that are set now. */
  fire(): void {
    const due = [...this.#waiting];
    this.#waiting.clear();
    for (const timer of due) timer();
  }
}

/** A disk whose writes wait while it hangs. */
export class SlowDisk extends MemoryMedium {
  writes = 0;
  #hanging: PromiseWithResolvers<void> | undefined;
  #begun: (() => void) | undefined;

  override async write(batch: Batch, fresh: readonly string[] = []): Promise<readonly Lease[]> {
    this.writes++;
    this.#begun?.();
    await this.#hanging?.promise;
    return await super.write(batch, fresh);
  }

  /** Writes wait from now on; resolves when one does. */
  hang(): Promise<void> {
    this.#hanging = Promise.withResolvers();
    return new Promise((resolve) => {
      this.#begun = resolve;
    });
  }

  /** What waits to be written fails, and nothing after it. */
  fail(): void {
    this.#hanging?.reject(new StoreFailure("STORAGE_FAILED", "the disk gave an error"));
    this.#hanging = undefined;
  }

  flow(): void {
    this.#hanging?.resolve();
    this.#hanging = undefined;
  }
}

export interface Stage {
  readonly engine: Engine;
  readonly disk: SlowDisk;
  readonly clock: HandClock;
  readonly timers: HandTimers;
}

/** An engine that has started on what the disk has. */
export async function stage(disk = new SlowDisk(), observer: Observer = {}): Promise<Stage> {
  const clock = new HandClock();
  const timers = new HandTimers();
  const store = await LocalStore.open(disk, () => clock);
  return { engine: await Engine.start(store, timers, observer), disk, clock, timers };
}

/** Lets everything happen that can without time passing. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}
