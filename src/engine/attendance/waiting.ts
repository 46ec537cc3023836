/** What a call does that waits for a lease. */
import type { Command, Reply } from "../../core/command.ts";
import { limits } from "../../core/limits.ts";
import type { Lease } from "../../core/model/lease.ts";
import type { Micros } from "../../core/model/units.ts";
import type { EngineCall } from "../call.ts";
import type { Timers } from "../timers.ts";
import type { Views } from "../views.ts";
import type { Hub } from "../watch/hub.ts";
import type { SignsOfLife } from "./signs.ts";
import { Waits } from "./wait.ts";

/** An answer must be on its way this long before the caller's deadline, in milliseconds. */
const MARGIN = 250;

/** The parts of the engine that attendance uses. */
export interface Rooms {
  readonly views: Views;
  readonly hub: Hub;
  readonly signs: SignsOfLife;
  readonly timers: Timers;
  readonly draining: AbortSignal;
  /** `call`: on whose behalf it is; nothing is executed for one who is gone by then. */
  submit(pool: string, command: Command, call?: Pick<EngineCall, "gone">): Promise<Reply>;
  /** Reports an error that no call is told of, and what failed by it. */
  trouble(error: unknown, what: string): void;
}

/**
 * Keeps of what it waits for the lease, and not the pool that this was read from: a line of waiters would keep as many versions of the pool.
 */
export class Waiting {
  readonly #rooms: Rooms;
  readonly #isTakenBack: (lease: string) => boolean;
  readonly #waits: Waits;

  /** `isTakenBack` tells whether a lease is being taken back just now: what becomes of it is known behind that. */
  constructor(rooms: Rooms, isTakenBack: (lease: string) => boolean) {
    this.#rooms = rooms;
    this.#isTakenBack = isTakenBack;
    this.#waits = new Waits(rooms.timers, rooms.draining);
  }

  /**
   * Waits until the lease waits no more. It is a sign of life as long as it lasts, and claims an offer: mostly in the very batch that makes
   * it; what was offered before, by a command. But not for a caller who is lost.
   */
  async inLine(lease: Lease, patience: number, call: EngineCall, isLost: () => boolean): Promise<Lease> {
    if (patience <= 0) return lease;
    const { hub, signs } = this.#rooms;
    let seen = lease;
    let taken = false;
    const wait = this.#waits.open(patience, call);
    const unfollow = hub.follow(lease.id, wait.wake);
    const leave = signs.attend(lease.id, () => {
      taken = !wait.over && !isLost();
      return taken;
    });
    try {
      while (seen.state === "QUEUED" && !wait.over) {
        while (!wait.over && this.#isStill(seen)) await wait.next();
        seen = await this.#now(seen);
        if (isLost()) break;
        seen = await this.claim(seen, call);
      }
    } finally {
      leave();
      unfollow();
      wait.close();
    }
    // The wait was over while a batch that takes an offer was being written: what came of it is known behind that batch.
    return taken && seen.state === "QUEUED" ? await this.#submitClaim(seen) : seen;
  }

  /** Waits until the lease is in another state. It is no sign of life, and claims nothing. */
  async forChange(lease: Lease, patience: number, call: EngineCall): Promise<void> {
    if (patience <= 0) return;
    const wait = this.#waits.open(patience, call);
    const unfollow = this.#rooms.hub.follow(lease.id, wait.wake);
    try {
      while (!wait.over && this.#isStill(lease)) await wait.next();
    } finally {
      unfollow();
      wait.close();
    }
  }

  /** Makes an offer a hold, and lets one be served again that was passed over; anything else stays as it is. */
  async claim(lease: Lease, call: EngineCall): Promise<Lease> {
    return this.isToClaim(lease) ? await this.#submitClaim(lease, call) : lease;
  }

  /** Whether it takes a command to give a sign of life of a lease. */
  isToClaim(lease: Lease): boolean {
    return lease.state === "OFFERED" || lease.passedOver === true || this.#isTakenBack(lease.id);
  }

  async #submitClaim(lease: Lease, call?: EngineCall): Promise<Lease> {
    const reply = await this.#rooms.submit(lease.pool, { type: "claim", lease: lease.id }, call);
    return reply.ok && reply.lease !== undefined ? reply.lease : lease;
  }

  /** Whether a lease is as it was seen. */
  #isStill(seen: Lease): boolean {
    const now = this.#rooms.views.live(seen.id)?.lease;
    return now !== undefined && !hasChanged(seen, now);
  }

  /** A lease as it is now. What waited in memory only leaves nothing behind. */
  async #now(seen: Lease): Promise<Lease> {
    const { views } = this.#rooms;
    return (views.live(seen.id) ?? (await views.lease(seen.id)))?.lease ?? { ...seen, state: "ENDED" };
  }
}

/** For how many milliseconds a call can wait of the microseconds that it wants to. */
export function patienceOf(wait: Micros | undefined, call: EngineCall): number {
  const asked = Math.min(Math.ceil((wait ?? 0) / 1_000), limits.wait / 1_000);
  const left = call.timeLeft();
  return left === undefined ? asked : Math.min(asked, Math.floor(left - MARGIN));
}

function hasChanged(before: Lease, now: Lease): boolean {
  return now.state !== before.state || now.fencingToken !== before.fencingToken || now.passedOver !== before.passedOver;
}
