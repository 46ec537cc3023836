/** What a call does about its lease: ask for it, wait for it, give signs of life, and see that its answer arrives. */
import { notGranted } from "../../core/busy.ts";
import type { Acquire, Reply } from "../../core/command.ts";
import { type Lease, type Micros, requestKey } from "../../core/model.ts";
import { bare } from "../../core/needs.ts";
import type { EngineCall } from "../call.ts";
import { EngineFailure } from "../failure.ts";
import type { LeaseView } from "../views.ts";
import { Deliveries, type Delivery } from "./deliveries.ts";
import { patienceOf, type Surroundings, Waiting } from "./waiting.ts";

/** How soon taking back a lease that the store could not write is tried again, in milliseconds. */
const AGAIN = 1_000;

/** An Acquire, and for how long its call waits in line. */
export interface Asked {
  readonly pool: string;
  readonly command: Acquire;
  readonly wait?: Micros | undefined;
}

/** The parts of the engine that it uses. */
export interface Rooms extends Surroundings {
  trouble(error: unknown, what: string): void;
}

export class Attendance {
  readonly #rooms: Rooms;
  readonly #deliveries = new Deliveries();
  readonly #waiting: Waiting;

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
    this.#waiting = new Waiting(rooms);
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
  acquire(asked: Asked, call: EngineCall): Promise<Reply> {
    const { pool, command, wait } = asked;
    // A retry gives its sign of life now and not when it is decided: the ticket must not run out in between.
    const earlier = this.#knownAs(pool, command);
    if (earlier !== undefined) this.#named(earlier.id);
    const patience = patienceOf(wait, call);
    const bounded = command.ifBusy === "FAIL" && patience > 0 ? { ...command, wait: patience * 1_000 } : command;
    return this.#rooms.submit(pool, bounded, call).then((reply) => {
      if (!reply.ok || reply.lease === undefined || reply.lease.state === "ENDED") return reply;
      const { lease, environmentCreated } = reply;
      this.#rooms.signs.sign(lease.id);
      if (lease.state !== "HELD") return this.#queue(lease, environmentCreated, patience, call);
      this.#tell(lease, call);
      return reply;
    });
  }

  /**
   * The rest of an Acquire that is not granted at once. Like all that waits it keeps the lease and not the pool that this was read from: a
   * line of waiters would keep as many versions of it.
   */
  async #queue(lease: Lease, created: boolean | undefined, patience: number, call: EngineCall): Promise<Reply> {
    const fails = lease.failing === true;
    const delivery = this.#give(lease.id, call, false);
    try {
      const waited = await this.#waiting.inLine(lease, patience, call, () => delivery.lost !== undefined || this.#isGone(call));
      const after = fails ? await this.#giveUp(waited) : waited;
      // The wait may have claimed an offer for a caller whose connection was lost at that moment.
      if (delivery.lost !== undefined) this.#lost(lease.id, delivery.lost.written, false);
      if (fails && after.state !== "HELD") {
        delivery.cancel();
        return this.#busy(lease);
      }
      delivery.answer(after.state === "HELD");
      return { ok: true, ...(created !== undefined && { environmentCreated: created }), ...this.#viewOf(after) };
    } catch (error) {
      delivery.cancel();
      // Its caller gets no answer, and cannot come back for it.
      if (lease.requestId === undefined || fails) this.#abandon(lease.id);
      throw error;
    }
  }

  /** A lease with its pool as it is now. */
  #viewOf(lease: Lease): LeaseView {
    return { lease, pool: this.#rooms.views.pool(lease.pool) };
  }

  #abandon(id: string): void {
    const lease = this.#rooms.views.live(id)?.lease;
    if (lease !== undefined && !this.#rooms.draining.aborted) this.#takeBack(lease, false, false);
  }

  /** With if_busy FAIL nothing is left in line when the wait of the last open call is over; granted by now, it is held. */
  async #giveUp(lease: Lease): Promise<Lease> {
    if (lease.state !== "QUEUED") return lease;
    const reply = await this.#rooms.submit(lease.pool, { type: "giveUp", lease: lease.id });
    return reply.ok && reply.lease !== undefined ? reply.lease : lease;
  }

  #busy({ pool: name, needs }: Lease): Reply {
    const { draining, views } = this.#rooms;
    if (draining.aborted) throw new EngineFailure("DRAINING", "the server is about to stop");
    const pool = views.pool(name);
    return { ...notGranted(pool, bare(needs)), pool };
  }

  /**
   * Reads a lease for the bearer of its token. It is a sign of life and claims an offer; with `wait` it lasts until the lease waits no
   * more.
   */
  async look(lease: Lease, wait: Micros | undefined, call: EngineCall): Promise<LeaseView> {
    const signed = await this.#sign(lease, call);
    if (signed.state !== "QUEUED") return this.#viewOf(signed);
    const waited = await this.#waiting.inLine(signed, patienceOf(wait, call), call, () => this.#isGone(call));
    this.#tell(waited, call, true);
    return this.#viewOf(waited);
  }

  /** Reads a lease for an onlooker; with `wait` after its next change of state. It is no sign of life and claims nothing (rule 3). */
  async onlook(lease: Lease, wait: Micros | undefined, call: EngineCall): Promise<LeaseView> {
    await this.#waiting.forChange(lease, patienceOf(wait, call), call);
    return (await this.#rooms.views.lease(lease.id)) ?? this.#viewOf(lease);
  }

  /** A sign of life of a lease, given by a call that has its token: an offer becomes a hold, committed before this resolves. */
  async sign(lease: Lease, call: EngineCall): Promise<LeaseView> {
    return this.#viewOf(await this.#sign(lease, call));
  }

  /** A further sign of life by a stream that named the lease when it began. */
  async keep(view: LeaseView, call: EngineCall): Promise<LeaseView> {
    const kept = await this.#waiting.claim(view.lease);
    if (kept === view.lease) return view;
    this.#tell(kept, call, true);
    return this.#viewOf(kept);
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

  async #sign(lease: Lease, call: EngineCall): Promise<Lease> {
    if (lease.state === "ENDED") return lease;
    this.#named(lease.id);
    const signed = await this.#waiting.claim(lease);
    this.#tell(signed, call, true);
    return signed;
  }

  /** Not while the server stops: then signals abort of calls that are still to be answered. */
  #isGone(call: EngineCall): boolean {
    return call.gone && !this.#rooms.draining.aborted;
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
    return this.#deliveries.give(lease, (lost) => call.handOver(lost), this.#losing(lease, byToken));
  }

  /** Made apart from the call: closures of one scope keep all of it, and this one lives until the answer has arrived. */
  #losing(lease: string, byToken: boolean): (written: boolean) => void {
    return (written) => this.#lost(lease, written, byToken);
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
