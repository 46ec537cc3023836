import type { Command, Reads, Reply } from "../core/command.ts";
import { readsOf } from "../core/command.ts";
import { decide } from "../core/decide.ts";
import type { Draft } from "../core/draft.ts";
import { limits } from "../core/limits.ts";
import { type Store, StoreFailure, type Transaction } from "../store/store.ts";
import { EngineFailure } from "./failure.ts";
import type { Batch } from "./observer.ts";
import { refusedForSpace } from "./shortage.ts";

/** The caller who waits for a unit's answer. */
export interface Asker {
  /** It was let in before: this unit is about an earlier one of its own, and is never refused as OVERLOADED. */
  readonly isIn?: boolean;
  /** Whether the caller waits no more: then the unit is not executed. */
  gone(): boolean;
}

/** Commands that are decided together, all or none: usually one; ApplyEnvironments has one for each pool. */
export interface Unit {
  readonly parts: readonly { readonly pool: string; readonly command: Command }[];
  /** Decide, answer, change nothing. */
  readonly dryRun?: boolean;
  /** Absent for the server's own units, which are never refused as OVERLOADED. */
  readonly asker?: Asker;
}

interface Waiting {
  readonly unit: Unit;
  readonly resolve: (replies: readonly Reply[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Group commit: while one transaction is under way, new commands collect; the next one takes them all, so a batch costs one fsync.
 * One lane serves all pools, as SQLite writes one transaction at a time; a store that locks pools apart would have a lane for each.
 */
export class Lane {
  readonly #store: Store;
  readonly #first: () => readonly Unit[];
  readonly #takes: (lease: string) => boolean;
  readonly #decided: (batch: Batch) => void;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;

  /**
   * `first` gives what has to be decided ahead of every batch; `takes` tells of a lease that a batch offers slots to whether somebody is
   * there who takes them, in that batch; `decided` is told of each.
   */
  constructor(store: Store, first: () => readonly Unit[], takes: (lease: string) => boolean, decided: (batch: Batch) => void = () => {}) {
    this.#store = store;
    this.#first = first;
    this.#takes = takes;
    this.#decided = decided;
  }

  /**
   * The replies, in the order of the parts, once they are on disk. Of a refused unit nothing is done. Rejects with a StoreFailure, or with
   * an EngineFailure: OVERLOADED when limits.waiting units wait already, CALLER_GONE when its asker has gone before its turn.
   */
  submit(unit: Unit): Promise<readonly Reply[]> {
    if (unit.asker !== undefined && unit.asker.isIn !== true && this.#waiting.length >= limits.waiting)
      return Promise.reject(new EngineFailure("OVERLOADED", `${this.#waiting.length} commands wait already; try again a little later`));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ unit, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    // What arrives in the same turn of the event loop goes into the same batch.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const ahead = this.#first().map((unit) => ({ unit, resolve: () => {}, reject: () => {} }));
      const batch = this.#waiting.splice(0, limits.batch).filter((entry) => !dropped(entry));
      if (ahead.length + batch.length > 0) await this.#commit([...ahead, ...batch]);
    }
    this.#running = undefined;
  }

  /** Whether the disk is full, and only what gives back or keeps is written. */
  #isShort(): boolean {
    return this.#store.condition === "short";
  }

  async #commit(asked: readonly Waiting[]): Promise<void> {
    const short = this.#isShort();
    const batch = short ? asked.filter((entry) => !refused(entry)) : asked;
    if (batch.length === 0) return;
    const began = performance.now();
    const commands = batch.reduce((sum, { unit }) => sum + unit.parts.length, 0);
    const decided = (stored: boolean) => this.#decided({ commands, milliseconds: performance.now() - began, stored });
    try {
      const replies = await this.#transact(batch.map((entry) => entry.unit));
      decided(true);
      for (const [index, entry] of batch.entries()) entry.resolve(replies[index] ?? []);
    } catch (error) {
      decided(false);
      // The disk has become full in this batch, and the store has freed its reserve: what gives something back is tried again.
      if (!short && this.#isShort()) await this.#commit(batch);
      else if (error instanceof StoreFailure || batch.length === 1) for (const entry of batch) entry.reject(error);
      // A broken invariant: nothing of the batch was written. Each unit is decided alone, so that only the one at fault fails.
      else for (const entry of batch) await this.#commit([entry]);
    }
  }

  #transact(units: readonly Unit[]): Promise<(readonly Reply[])[]> {
    const parts = units.flatMap((unit) => unit.parts);
    const pools = [...new Set(parts.map((part) => part.pool))].sort();
    const each = parts.map((part) => readsOf(part.pool, part.command));
    const reads: Reads = { leases: each.flatMap((read) => read.leases), requests: each.flatMap((read) => read.requests) };
    return this.#store.transact(pools, reads, (transaction) => {
      const decided = units.map((unit) => decideUnit(transaction, unit));
      for (const pool of pools) handOver(transaction.draft(pool), this.#takes);
      return decided.map((replies) => replies.map((complete) => complete()));
    });
  }
}

/** Has whoever is there take what was offered to him: handed over in one commit, and in the turn in which that is known. */
function handOver(draft: Draft, takes: (lease: string) => boolean): void {
  const offered = new Set(draft.events.flatMap(({ cause }) => (cause?.state === "OFFERED" ? [cause.leaseId] : [])));
  for (const lease of offered)
    if (draft.pool.leases.get(lease)?.state === "OFFERED" && takes(lease)) decide(draft, { type: "claim", lease });
}

/** Refuses a unit that may not be decided while the disk is full; tells whether it did. */
function refused({ unit, reject }: Waiting): boolean {
  const failure = unit.dryRun === true ? undefined : refusedForSpace(unit.parts.map((part) => part.command));
  if (failure !== undefined) reject(failure);
  return failure !== undefined;
}

/** Whether nobody waits for it any more; then it has been answered. */
function dropped({ unit, reject }: Waiting): boolean {
  const gone = unit.asker?.gone() ?? false;
  if (gone) reject(new EngineFailure("CALLER_GONE", "its caller was gone before its turn; it was not executed"));
  return gone;
}

/** Decides a unit; what comes of each part is a reply once the whole batch is decided. */
function decideUnit(transaction: Transaction, unit: Unit): readonly (() => Reply)[] {
  const marks = unit.parts.map((part) => ({ draft: transaction.draft(part.pool), mark: transaction.draft(part.pool).mark() }));
  const replies = unit.parts.map((part) => decide(transaction.draft(part.pool), part.command));
  const kept = unit.parts.length === 1 || replies.every((reply) => reply.ok);
  if (unit.dryRun === true || !kept) for (const { draft, mark } of marks) draft.reset(mark);
  return replies.map((reply) => (reply.ok && reply.lease !== undefined ? aboutLease(transaction, reply) : () => reply));
}

/** A reply about a lease has the pool as it is at the end of its batch. A version of the pool for each would be kept until all are written. */
function aboutLease(transaction: Transaction, { pool: { name }, ...done }: Reply): () => Reply {
  return () => ({ ...done, pool: transaction.draft(name).pool });
}
