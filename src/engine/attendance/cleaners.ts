/** Those who wait for something to become DIRTY. They wait in memory, each as long as its call: who has gone is given nothing. */
import type { Clean, Reply } from "../../core/command.ts";
import type { Event } from "../../core/event.ts";
import { requestKey } from "../../core/model/lease.ts";
import { isCleanable } from "../../core/model/site.ts";
import type { Micros } from "../../core/model/units.ts";
import { firstDirty, isMeant } from "../../core/verbs/cleaning.ts";
import type { EngineCall } from "../call.ts";
import { EngineFailure } from "../failure.ts";
import { type Wait, Waits } from "./wait.ts";
import { patienceOf, type Rooms } from "./waiting.ts";

/** An AcquireForCleaning, and for how long its call waits. */
export interface AskedToClean {
  readonly pool: string;
  readonly command: Clean;
  readonly wait?: Micros | undefined;
}

interface Cleaner {
  readonly pool: string;
  readonly command: Clean;
  readonly wait: Wait;
  /** What has become DIRTY for it, until it has asked for that. */
  called: string | undefined;
}

export class Cleaners {
  readonly #rooms: Rooms;
  readonly #waits: Waits;
  /** By pool, in the order of their calls. */
  readonly #lines = new Map<string, Set<Cleaner>>();

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
    this.#waits = new Waits(rooms.timers, rooms.draining);
  }

  /** Asks by `ask`, and again whenever there may be something. Of those who wait one is called for each environment that becomes DIRTY. */
  async clean({ pool, command, wait: asked }: AskedToClean, call: EngineCall, ask: () => Promise<Reply>): Promise<Reply> {
    let reply = await ask();
    // Behind that: it may have had to wait for the disk, and the caller's deadline does not move.
    const patience = patienceOf(asked, call);
    if (!isInVain(reply) || patience <= 0) return reply;
    const cleaner: Cleaner = { pool, command, wait: this.#waits.open(patience, call), called: undefined };
    const leave = this.#join(cleaner);
    try {
      while (!cleaner.wait.over) {
        // Before it joined something may have become DIRTY, too.
        while (!cleaner.wait.over && !this.#isToAsk(cleaner)) await cleaner.wait.next();
        if (cleaner.wait.over) break;
        reply = await ask();
        this.#passOn(cleaner);
        if (!isInVain(reply)) return reply;
      }
    } finally {
      leave();
    }
    if (this.#rooms.draining.aborted) throw new EngineFailure("DRAINING", "the server is about to stop");
    return reply;
  }

  /**
   * Calls somebody for each environment that these events have made ready to be cleaned. Where one is given, whoever waits by the same
   * request_id asks again as well: an earlier call may be dead without anybody having noticed.
   */
  committed(events: readonly Event[]): void {
    if (this.#lines.size === 0) return;
    for (const { pool, environments, cause } of events) {
      for (const { name, state } of environments) if (state === "DIRTY") this.#call(pool, name);
      if (cause?.state === "HELD" && environments[0]?.state === "CLEANING") this.#wakeSharers(pool, cause.leaseId);
    }
  }

  #wakeSharers(pool: string, lease: string): void {
    const requestId = this.#rooms.views.live(lease)?.lease.requestId;
    if (requestId === undefined) return;
    for (const { command, wait } of this.#lines.get(pool) ?? []) if (command.requestId === requestId) wait.wake();
  }

  #join(cleaner: Cleaner): () => void {
    const line = this.#lines.get(cleaner.pool) ?? new Set();
    this.#lines.set(cleaner.pool, line.add(cleaner));
    return () => {
      line.delete(cleaner);
      if (line.size === 0 && this.#lines.get(cleaner.pool) === line) this.#lines.delete(cleaner.pool);
      cleaner.wait.close();
      this.#passOn(cleaner);
    };
  }

  #isToAsk({ pool: name, command, called }: Cleaner): boolean {
    const pool = this.#rooms.views.pool(name);
    const { requestId, by } = command;
    const isGiven = requestId !== undefined && pool.requests.has(requestKey(by.principal, name, requestId));
    return called !== undefined || isGiven || firstDirty(pool, command) !== undefined;
  }

  /** What it was called for, and has not taken, is for the next one. */
  #passOn(cleaner: Cleaner): void {
    const { pool, called } = cleaner;
    cleaner.called = undefined;
    if (called !== undefined) this.#call(pool, called);
  }

  #call(pool: string, name: string): void {
    const line = this.#lines.get(pool);
    const site = line && this.#rooms.views.pool(pool).sites.get(name);
    if (line === undefined || site === undefined || !isCleanable(site)) return;
    for (const cleaner of line) {
      if (cleaner.called !== undefined || !isMeant(cleaner.command, site)) continue;
      cleaner.called = name;
      cleaner.wait.wake();
      return;
    }
  }
}

function isInVain(reply: Reply): boolean {
  return !reply.ok && reply.reason === "NOTHING_DIRTY";
}
