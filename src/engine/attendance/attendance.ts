/** What a call does about its lease: ask for it, wait for it, give signs of life, and see that its answer arrives. */
import { notGranted } from "../../core/busy.ts";
import type { Acquire, Command, Reply } from "../../core/command.ts";
import { limits } from "../../core/limits.ts";
import { type Lease, type Micros, requestKey } from "../../core/model.ts";
import type { EngineCall } from "../call.ts";
import { EngineFailure } from "../failure.ts";
import type { Timers } from "../timers.ts";
import type { LeaseView, Views } from "../views.ts";
import type { Hub } from "../watch/hub.ts";
import { Deliveries, type Delivery } from "./deliveries.ts";
import type { SignsOfLife } from "./signs.ts";
import { type Wait, Waits } from "./wait.ts";

/** An answer must be on its way this long before the caller's deadline, in milliseconds. */
const MARGIN = 250;
/** How soon taking back a lease that the store could not write is tried again, in milliseconds. */
const AGAIN = 1_000;

/** An Acquire, and for how long its call waits in line. */
export interface Asked {
  readonly pool: string;
  readonly command: Acquire;
  readonly wait?: Micros | undefined;
}

/** The parts of the engine that it uses. */
export interface Rooms {
  readonly views: Views;
  readonly hub: Hub;
  readonly signs: SignsOfLife;
  readonly timers: Timers;
  readonly draining: AbortSignal;
  submit(pool: string, command: Command, call?: EngineCall): Promise<Reply>;
  trouble(error: unknown, what: string): void;
}

export class Attendance {
  readonly #rooms: Rooms;
  readonly #deliveries = new Deliveries();
  readonly #waits: Waits;

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
    this.#waits = new Waits(rooms.timers, rooms.draining);
  }

  /** Notes a committed change of a lease's state; undefined if it has ended. */
  moved(id: string, lease: Lease | undefined): void {
    const { signs } = this.#rooms;
    if (lease?.state === "QUEUED") signs.expect(id, lease.ticketTtl);
    else if (lease?.state === "OFFERED") signs.offered(id);
    else signs.forget(id);
    if (lease === undefined) this.#deliveries.forget(id);
    else if (lease.state !== "QUEUED") this.#deliveries.granted(id);
  }

  /**
   * Asks for a lease, and waits in line for it: HELD (an offer is claimed by the open wait itself), ENDED or, when the time is over, QUEUED;
   * with if_busy FAIL it is HELD or refused. A lease whose answer does not arrive is taken back. Rejects like Engine.submit.
   */
  async acquire({ pool, command, wait }: Asked, call: EngineCall): Promise<Reply> {
    const { signs } = this.#rooms;
    // A retry gives its sign of life now and not when it is decided: the ticket must not run out in between.
    const earlier = this.#knownAs(pool, command);
    if (earlier !== undefined) this.#named(earlier.id);
    const patience = patienceOf(wait, call);
    const fails = command.ifBusy === "FAIL";
    const reply = await this.#rooms.submit(pool, fails && patience > 0 ? { ...command, wait: patience * 1_000 } : command, call);
    if (!reply.ok || reply.lease === undefined || reply.lease.state === "ENDED") return reply;
    const { lease } = reply;
    signs.sign(lease.id);
    if (lease.state === "HELD") {
      this.#tell(lease, call);
      return reply;
    }
    const delivery = this.#give(lease.id, call, false);
    try {
      const waited = await this.#waitInLine({ lease, pool: reply.pool }, patience, call, delivery);
      const view = fails ? await this.#giveUp(waited) : waited;
      // The wait may have claimed an offer for a caller whose connection was lost at that moment.
      if (delivery.lost !== undefined) this.#lost(lease.id, delivery.lost.written, false);
      if (fails && view.lease.state !== "HELD") {
        delivery.cancel();
        return this.#busy(pool, command);
      }
      delivery.answer(view.lease.state === "HELD");
      return { ...reply, ...view };
    } catch (error) {
      delivery.cancel();
      // Its caller gets no answer, and cannot come back for it.
      if (command.requestId === undefined || fails) this.#abandon(lease.id);
      throw error;
    }
  }

  #abandon(id: string): void {
    const lease = this.#rooms.views.live(id)?.lease;
    if (lease !== undefined && !this.#rooms.draining.aborted) this.#takeBack(lease, false, false);
  }

  /** With if_busy FAIL nothing is left in line when the wait of the last open call is over; granted by now, it is held. */
  async #giveUp(view: LeaseView): Promise<LeaseView> {
    const { id, pool, state } = view.lease;
    if (state !== "QUEUED") return view;
    const reply = await this.#rooms.submit(pool, { type: "giveUp", lease: id });
    return reply.ok && reply.lease !== undefined ? { lease: reply.lease, pool: reply.pool } : view;
  }

  #busy(name: string, command: Acquire): Reply {
    const { draining, views } = this.#rooms;
    if (draining.aborted) throw new EngineFailure("DRAINING", "the server is about to stop");
    const pool = views.pool(name);
    return { ...notGranted(pool, command.needs), pool };
  }

  /**
   * Reads a lease for the bearer of its token. It is a sign of life and claims an offer; with `wait` it lasts until the lease waits no
   * more.
   */
  async look(view: LeaseView, wait: Micros | undefined, call: EngineCall): Promise<LeaseView> {
    const signed = await this.sign(view, call);
    if (signed.lease.state !== "QUEUED") return signed;
    const waited = await this.#waitInLine(signed, patienceOf(wait, call), call);
    this.#tell(waited.lease, call, true);
    return waited;
  }

  /** Reads a lease for an onlooker; with `wait` after its next change of state. It is no sign of life and claims nothing (rule 3). */
  async onlook(view: LeaseView, wait: Micros | undefined, call: EngineCall): Promise<LeaseView> {
    await this.#waits.during(patienceOf(wait, call), call, (one) => this.#changed(view.lease, one));
    return (await this.#rooms.views.lease(view.lease.id)) ?? view;
  }

  /** A sign of life of a lease, given by a call that has its token: an offer becomes a hold, committed before this resolves. */
  async sign(view: LeaseView, call: EngineCall): Promise<LeaseView> {
    if (view.lease.state === "ENDED") return view;
    this.#named(view.lease.id);
    const signed = await this.#claim(view);
    this.#tell(signed.lease, call, true);
    return signed;
  }

  /** A further sign of life by a stream that named the lease when it began. */
  async keep(view: LeaseView, call: EngineCall): Promise<LeaseView> {
    const kept = await this.#claim(view);
    if (kept !== view) this.#tell(kept.lease, call, true);
    return kept;
  }

  /** A call that renews the lease begins; the returned function is called once it has, as its caller has had an earlier answer. */
  renewing(id: string): (lease: Lease, call: EngineCall) => void {
    const named = this.#deliveries.naming(id);
    return (lease, call) => {
      named();
      this.#rooms.signs.sign(lease.id);
      this.#tell(lease, call, true);
    };
  }

  /** A call that begins names the lease: a sign of life, and what was answered before has arrived. */
  #named(id: string): void {
    this.#rooms.signs.sign(id);
    this.#deliveries.naming(id)();
  }

  /**
   * An open wait is a continuous sign of life, and claims an offer; but not for a caller whose connection is lost. It mostly does so in the
   * very batch that makes the offer; what was offered before is claimed by a command.
   */
  async #waitInLine(view: LeaseView, patience: number, call: EngineCall, delivery?: Delivery): Promise<LeaseView> {
    const { signs, views } = this.#rooms;
    const { id } = view.lease;
    const isLost = () => delivery?.lost !== undefined || this.#isGone(call);
    let seen = view;
    let taken = false;
    await this.#waits.during(patience, call, async (wait) => {
      const leave = signs.attend(id, () => {
        taken = !wait.over && !isLost();
        return taken;
      });
      try {
        while (seen.lease.state === "QUEUED" && !wait.over) {
          await this.#changed(seen.lease, wait);
          // What waited in memory only leaves nothing behind.
          seen = (await views.lease(id)) ?? { pool: seen.pool, lease: { ...seen.lease, state: "ENDED" } };
          if (isLost()) break;
          seen = await this.#claim(seen);
        }
      } finally {
        leave();
      }
    });
    // The wait was over while a batch that takes an offer was being written: what came of it is known behind that batch.
    return taken && seen.lease.state === "QUEUED" ? await this.#submitClaim(seen) : seen;
  }

  /** Resolves when the lease differs from `seen`, or the wait is over. */
  async #changed(seen: Lease, wait: Wait): Promise<void> {
    const { hub, views } = this.#rooms;
    const leave = hub.follow(seen.id, wait.wake);
    try {
      while (!wait.over) {
        const now = views.live(seen.id)?.lease;
        if (now === undefined || hasChanged(seen, now)) return;
        await wait.next();
      }
    } finally {
      leave();
    }
  }

  /** Not while the server stops: then signals abort of calls that are still to be answered. */
  #isGone(call: EngineCall): boolean {
    return call.gone && !this.#rooms.draining.aborted;
  }

  /** Makes an offer a hold, and lets one be served again that was passed over; anything else stays as it is. */
  async #claim(view: LeaseView): Promise<LeaseView> {
    return view.lease.state === "OFFERED" || view.lease.passedOver === true ? await this.#submitClaim(view) : view;
  }

  async #submitClaim(view: LeaseView): Promise<LeaseView> {
    const reply = await this.#rooms.submit(view.lease.pool, { type: "claim", lease: view.lease.id });
    return reply.ok && reply.lease !== undefined ? { lease: reply.lease, pool: reply.pool } : view;
  }

  /** The live lease that an Acquire's request_id stands for, if it is a retry. */
  #knownAs(pool: string, command: Acquire): Lease | undefined {
    if (command.requestId === undefined) return undefined;
    const { leases, requests } = this.#rooms.views.pool(pool);
    return leases.get(requests.get(requestKey(command.by.principal, pool, command.requestId)) ?? "");
  }

  /** If no caller is known to have learned of the hold, this answer is what gives the lease, and its delivery is followed. */
  #tell(lease: Lease, call: EngineCall, byToken = false): void {
    if (lease.state === "HELD" && !this.#deliveries.isKnown(lease.id)) this.#give(lease.id, call, byToken).answer(true);
  }

  #give(lease: string, call: EngineCall, byToken: boolean): Delivery {
    return this.#deliveries.give(
      lease,
      (lost) => call.handOver(lost),
      (written) => this.#lost(lease, written, byToken),
    );
  }

  /**
   * An answer that gives a lease has not arrived; `byToken`: it was that of a call by the lease's token. Ignored while the server stops,
   * since then it is the server that ends connections.
   */
  #lost(id: string, written: boolean, byToken: boolean): void {
    const lease = this.#rooms.views.live(id)?.lease;
    if (lease !== undefined && !this.#rooms.draining.aborted && this.#isOrphan(lease, byToken)) this.#takeBack(lease, written, byToken);
  }

  /**
   * Whether nobody has the lease, nor can come for it. Without a request_id nobody but the caller of the Acquire has its answer, whoever has
   * looked at the lease. One that waits only as long as its calls is over with the last of them.
   */
  #isOrphan(lease: Lease, byToken: boolean): boolean {
    if (lease.requestId === undefined && !byToken) return true;
    if (lease.state === "HELD") return !this.#deliveries.isTold(lease.id);
    return lease.transient === true && !this.#deliveries.isUnderway(lease.id);
  }

  #takeBack(lease: Lease, written: boolean, byToken: boolean): void {
    this.#hangUp(lease, written).catch((error) => {
      this.#rooms.trouble(error, "take back a lease whose answer did not arrive");
      this.#rooms.timers.after(AGAIN, () => this.#lost(lease.id, written, byToken));
    });
  }

  async #hangUp({ id, pool, revision }: Lease, written: boolean): Promise<void> {
    const { submit } = this.#rooms;
    const reply = await submit(pool, { type: "hangUp", lease: id, revision, written });
    // Another call was told that the lease is HELD while the hang-up was being stored: then it stays HELD.
    const missed = reply.ok && reply.lease?.state === "OFFERED" && this.#deliveries.isTold(id);
    if (missed) await submit(pool, { type: "claim", lease: id });
  }
}

/** For how many milliseconds a call can wait of the microseconds that it wants to. */
function patienceOf(wait: Micros | undefined, call: EngineCall): number {
  const asked = Math.min(Math.ceil((wait ?? 0) / 1_000), limits.wait / 1_000);
  const left = call.timeLeft();
  return left === undefined ? asked : Math.min(asked, Math.floor(left - MARGIN));
}

function hasChanged(before: Lease, now: Lease): boolean {
  return now.state !== before.state || now.fencingToken !== before.fencingToken || now.passedOver !== before.passedOver;
}
