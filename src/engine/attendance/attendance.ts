/** What a call does about its lease: ask for it, wait for it, give signs of life, and see that its answer arrives. */

import type { Acquire, Clean, Renew, Reply } from "../../core/command.ts";
import type { Event } from "../../core/event.ts";
import { type Lease, requestKey } from "../../core/model/lease.ts";
import { bare } from "../../core/model/needs.ts";
import { livesBySigns } from "../../core/model/reservation.ts";
import type { Micros } from "../../core/model/units.ts";
import { notGranted } from "../../core/verbs/busy.ts";
import { nothingDirty } from "../../core/verbs/cleaning.ts";
import { leaseEnded } from "../../core/verbs/leases.ts";
import type { EngineCall } from "../call.ts";
import { EngineFailure } from "../failure.ts";
import type { LeaseView } from "../views.ts";
import { Answers } from "./answers.ts";
import { type AskedToClean, Cleaners } from "./cleaners.ts";
import { patienceOf, type Rooms, Waiting } from "./waiting.ts";

/** An Acquire, and for how long its call waits in line. */
export interface Asked {
  readonly pool: string;
  readonly command: Acquire | Clean;
  readonly wait?: Micros | undefined;
}

export class Attendance {
  readonly #rooms: Rooms;
  readonly #answers: Answers;
  readonly #waiting: Waiting;
  readonly #cleaners: Cleaners;

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
    this.#answers = new Answers(rooms);
    this.#cleaners = new Cleaners(rooms);
    this.#waiting = new Waiting(rooms, (lease) => this.#answers.isTakenBack(lease));
  }

  /** Notes a committed change of a lease's state; undefined if it has ended. */
  moved(id: string, lease: Lease | undefined): void {
    const { signs } = this.#rooms;
    if (lease !== undefined && livesBySigns(lease)) signs.expect(id, lease.ticketTtl);
    else if (lease?.state === "OFFERED") signs.offered(id);
    else signs.forget(id);
    this.#answers.moved(id, lease);
  }

  /** Notes what has been committed. */
  committed(events: readonly Event[]): void {
    this.#cleaners.committed(events);
  }

  /** Asks for something to clean, and waits for it. A lease whose answer does not arrive is taken back, as any. */
  clean(asked: AskedToClean, call: EngineCall): Promise<Reply> {
    const { pool, command } = asked;
    return this.#cleaners.clean(asked, call, () => this.acquire({ pool, command }, call));
  }

  /**
   * Asks for a lease, and waits in line for it: HELD (an offer is claimed by the open wait itself), ENDED or, when the time is over,
   * QUEUED; with if_busy FAIL it is HELD or refused. A lease whose answer does not arrive is taken back. Rejects like Engine.submit.
   */
  acquire(asked: Asked, call: EngineCall): Promise<Reply> {
    const { pool, command, wait } = asked;
    const over = this.#retry(pool, command);
    const patience = patienceOf(wait, call);
    const bounded =
      command.type === "acquire" && command.ifBusy === "FAIL" && patience > 0 ? { ...command, wait: patience * 1_000 } : command;
    return this.#rooms.submit(pool, bounded, call).then(
      (reply) => {
        const answer = this.#decided(reply, patience, call);
        over();
        return answer;
      },
      (error) => {
        over();
        throw error;
      },
    );
  }

  /** An Acquire begins; where it is a retry it names its lease, until the returned function is called. */
  #retry(pool: string, command: Asked["command"]): () => void {
    const earlier = this.#knownAs(pool, command);
    if (earlier === undefined) return nothing;
    this.#answers.naming(earlier.id)();
    return this.#open(earlier);
  }

  #decided(reply: Reply, patience: number, call: EngineCall): Reply | Promise<Reply> {
    if (!reply.ok || reply.lease === undefined || reply.lease.state === "ENDED") return reply;
    const { lease, environmentCreated } = reply;
    this.#rooms.signs.sign(lease.id);
    if (lease.state !== "HELD" || this.#waiting.isToClaim(lease)) return this.#queue(lease, environmentCreated, patience, call);
    this.#answers.tell(lease, call);
    return reply;
  }

  /**
   * The rest of an Acquire that is not granted at once, or that is just being taken back from an earlier call. Like all that waits it keeps
   * the lease and not the pool that this was read from: a line of waiters would keep as many versions of it.
   */
  async #queue(lease: Lease, created: boolean | undefined, patience: number, call: EngineCall): Promise<Reply> {
    const fails = lease.failing === true;
    const delivery = this.#answers.follow(lease.id, call, false);
    try {
      const isLost = () => delivery.lost !== undefined || this.#isGone(call);
      const signed = this.#waiting.isToClaim(lease) ? await this.#waiting.claim(lease, call) : lease;
      const waited = signed.state === "QUEUED" ? await this.#waiting.inLine(signed, patience, call, isLost) : signed;
      const after = fails ? await this.#giveUp(waited) : waited;
      // The wait may have claimed an offer for a caller whose connection was lost at that moment.
      if (delivery.lost !== undefined) this.#answers.lost(lease.id, delivery.lost.written, false);
      if (fails && after.state !== "HELD") {
        delivery.cancel();
        return after.endReason === "SUPERSEDED" ? { ...leaseEnded(after), pool: this.#viewOf(after).pool } : this.#busy(lease);
      }
      delivery.answer(after.state === "HELD");
      return { ok: true, ...(created !== undefined && { environmentCreated: created }), ...this.#viewOf(after) };
    } catch (error) {
      delivery.cancel();
      // Its caller gets no answer, and cannot come back for it.
      if (lease.requestId === undefined || fails) this.#answers.abandon(lease.id);
      throw error;
    }
  }

  /** A lease with its pool as it is now. */
  #viewOf(lease: Lease): LeaseView {
    return { lease, pool: this.#rooms.views.pool(lease.pool) };
  }

  /** With if_busy FAIL nothing is left in line when the wait of the last open call is over; granted by now, it is held. */
  async #giveUp(lease: Lease): Promise<Lease> {
    if (lease.state !== "QUEUED") return lease;
    const reply = await this.#rooms.submit(lease.pool, { type: "giveUp", lease: lease.id });
    return reply.ok && reply.lease !== undefined ? reply.lease : lease;
  }

  #busy({ pool: name, needs, cleaning }: Lease): Reply {
    const { draining, views } = this.#rooms;
    if (draining.aborted) throw new EngineFailure("DRAINING", "the server is about to stop");
    const pool = views.pool(name);
    return { ...(cleaning === true ? nothingDirty(pool, {}) : notGranted(pool, bare(needs))), pool };
  }

  /**
   * Reads a lease for the bearer of its token. It is a sign of life and claims an offer; with `wait` it lasts until the lease waits no
   * more.
   */
  async look(lease: Lease, wait: Micros | undefined, call: EngineCall): Promise<LeaseView> {
    if (lease.state === "ENDED") return this.#viewOf(lease);
    this.#answers.naming(lease.id)();
    const over = this.#open(lease);
    const waits = lease.state === "QUEUED" && (wait ?? 0) > 0;
    const seen = await this.#answers
      .telling(lease, call, waits || this.#waiting.isToClaim(lease), async () => {
        const signed = await this.#waiting.claim(lease, call);
        if (signed.state !== "QUEUED") return signed;
        return await this.#waiting.inLine(signed, patienceOf(wait, call), call, () => this.#isGone(call));
      })
      .finally(over);
    return this.#viewOf(seen);
  }

  /** Reads a lease for an onlooker; with `wait` after its next change of state. It is no sign of life and claims nothing (rule 3). */
  async onlook(lease: Lease, wait: Micros | undefined, call: EngineCall): Promise<LeaseView> {
    await this.#waiting.forChange(lease, patienceOf(wait, call), call);
    return (await this.#rooms.views.lease(lease.id)) ?? this.#viewOf(lease);
  }

  /** A sign of life of a lease, given by a stream that has its token: an offer becomes a hold, committed before this resolves. */
  async sign(lease: Lease, call: EngineCall): Promise<LeaseView> {
    if (lease.state === "ENDED") return this.#viewOf(lease);
    this.#answers.naming(lease.id)();
    return this.#viewOf(await this.#claimed(lease, call));
  }

  /** A further sign of life by a stream that named the lease when it began. */
  async keep(view: LeaseView, call: EngineCall): Promise<LeaseView> {
    const toClaim = this.#waiting.isToClaim(view.lease);
    if (view.lease.state === "ENDED" || (!toClaim && this.#answers.isFollowed(view.lease.id, call))) return view;
    const kept = await this.#claimed(view.lease, call);
    return kept === view.lease ? view : this.#viewOf(kept);
  }

  #claimed(lease: Lease, call: EngineCall): Promise<Lease> {
    return this.#answers.telling(lease, call, this.#waiting.isToClaim(lease), () => this.#waiting.claim(lease, call));
  }

  /** Renews a lease. */
  async renew(lease: Lease, command: Renew, call: EngineCall): Promise<Reply> {
    const over = this.#open(lease);
    const answer = this.#answers.renewing(lease, call);
    try {
      const reply = await this.#rooms.submit(lease.pool, command, call);
      answer(reply.ok ? reply.lease : undefined);
      return reply;
    } catch (error) {
      answer(undefined);
      throw error;
    } finally {
      over();
    }
  }

  /**
   * A call that names the lease begins: a sign of life that lasts until the returned function is called. While the call waits for its turn
   * the ticket must not run out.
   */
  #open({ id, state }: Lease): () => void {
    return state === "HELD" ? nothing : this.#rooms.signs.attend(id);
  }

  /** Not while the server stops: then signals abort of calls that are still to be answered. */
  #isGone(call: EngineCall): boolean {
    return call.gone && !this.#rooms.draining.aborted;
  }

  /** The live lease that an Acquire's request_id stands for, if it is a retry. */
  #knownAs(pool: string, command: Asked["command"]): Lease | undefined {
    if (command.requestId === undefined) return undefined;
    const { leases, requests } = this.#rooms.views.pool(pool);
    return leases.get(requests.get(requestKey(command.by.principal, pool, command.requestId)) ?? "");
  }
}

function nothing(): void {}
