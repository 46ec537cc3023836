/** Answers that give a lease: who is told of it, and what becomes of one that nobody was told of. */
import type { Lease } from "../../core/model/lease.ts";
import type { EngineCall } from "../call.ts";
import { EngineFailure } from "../failure.ts";
import { MultiMap } from "../multimap.ts";
import { Deliveries, type Delivery } from "./deliveries.ts";
import type { Rooms } from "./waiting.ts";

/** How soon taking back a lease that the store could not write is tried again, in milliseconds. */
const AGAIN = 1_000;

export class Answers {
  readonly #rooms: Rooms;
  readonly #deliveries = new Deliveries();
  /** The leases that are being taken back. */
  readonly #takingBack = new MultiMap<object>();
  /** What is followed of each call by a lease's token. */
  readonly #followed = new WeakMap<EngineCall, Delivery>();

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  /** Notes a committed change of a lease's state; undefined if it has ended. */
  moved(id: string, lease: Lease | undefined): void {
    if (lease === undefined) this.#deliveries.forget(id);
    else if (lease.state !== "QUEUED") this.#deliveries.granted(id);
  }

  /** Whether a lease is being taken back just now: until it is known what becomes of it, nobody may be told that it is HELD. */
  isTakenBack(id: string): boolean {
    return this.#takingBack.has(id);
  }

  /** Whether what this call has told of the lease is under way. */
  isFollowed(id: string, call: EngineCall): boolean {
    return this.#deliveries.follows(id, this.#followed.get(call));
  }

  /** A call begins that names the lease; the returned function tells that it has: what was answered before that has arrived. */
  naming(id: string): () => void {
    return this.#deliveries.naming(id);
  }

  /** If no caller is known to have learned of the hold, this answer of an Acquire is what gives the lease, and it is followed. */
  tell(lease: Lease, call: EngineCall): void {
    if (lease.state === "HELD" && !this.#deliveries.isKnown(lease.id)) this.follow(lease.id, call, false).answer(true);
  }

  /**
   * What a call by the lease's token tells of it, and where that comes from; `comes`: it may tell of a hold that is still to come. Until
   * then it counts as told, so that the lease is not taken back because another answer has not arrived.
   */
  async telling(lease: Lease, call: EngineCall, comes: boolean, find: () => Promise<Lease>): Promise<Lease> {
    const answer = this.#coming(lease, call, comes);
    try {
      const found = await find();
      answer(found);
      return found;
    } catch (error) {
      answer(undefined);
      throw error;
    }
  }

  /** A Renew begins; the returned function is called once it is decided, with the lease if that is renewed: then it has named it. */
  renewing(lease: Lease, call: EngineCall): (renewed: Lease | undefined) => void {
    const named = this.#deliveries.naming(lease.id);
    const answer = this.#coming(lease, call, true);
    return (renewed) => {
      if (renewed !== undefined) named();
      answer(renewed);
    };
  }

  /** A call by the lease's token begins; the returned function is called with what it answers. */
  #coming(lease: Lease, call: EngineCall, comes: boolean): (found: Lease | undefined) => void {
    const has = lease.state === "HELD" && this.#deliveries.isKnown(lease.id);
    const over = comes && !has ? this.#deliveries.coming(lease.id) : undefined;
    return (found) => {
      over?.();
      if (found?.state === "HELD") this.#tellByToken(found, call);
      // Another answer may have been lost meanwhile.
      else if (over !== undefined && this.#rooms.views.live(lease.id)?.lease.state === "HELD") this.lost(lease.id, false, true);
    };
  }

  #tellByToken({ id }: Lease, call: EngineCall): void {
    if (this.#deliveries.isKnown(id)) return;
    const delivery = this.follow(id, call, true);
    delivery.answer(true);
    this.#followed.set(call, delivery);
  }

  /** Follows what a call tells of a lease, or may still tell. */
  follow(lease: string, call: EngineCall, byToken: boolean): Delivery {
    return this.#deliveries.give(lease, (lost) => call.handOver(lost), this.#losing(lease, byToken));
  }

  /** Made apart from the call: closures of one scope keep all of it, and this one lives until the answer has arrived. */
  #losing(lease: string, byToken: boolean): (written: boolean) => void {
    return (written) => this.lost(lease, written, byToken);
  }

  /**
   * An answer that gives a lease has not arrived; `byToken`: it was that of a call by the lease's token. Ignored while the server stops,
   * since then it is the server that ends connections.
   */
  lost(id: string, written: boolean, byToken: boolean): void {
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

  /** Its caller gets no answer, and cannot come back for it. */
  abandon(id: string): void {
    const lease = this.#rooms.views.live(id)?.lease;
    if (lease !== undefined && !this.#rooms.draining.aborted) this.#takeBack(lease, false, false);
  }

  #takeBack(lease: Lease, lost: boolean, byToken: boolean): void {
    const written = lost || this.#deliveries.wasWritten(lease.id);
    this.#hangUp(lease, written, byToken).catch((error) => {
      this.#rooms.trouble(error, "take back a lease whose answer did not arrive");
      this.#rooms.timers.after(AGAIN, () => this.lost(lease.id, written, byToken));
    });
  }

  /** Not if somebody else has been told by the time of its turn; who asks after that waits for what becomes of the lease. */
  async #hangUp({ id, pool, revision }: Lease, written: boolean, byToken: boolean): Promise<void> {
    const { submit, views } = this.#rooms;
    const isKept = () => {
      const lease = views.live(id)?.lease;
      return lease === undefined || !this.#isOrphan(lease, byToken);
    };
    const turn = {
      get gone(): boolean {
        return isKept();
      },
    };
    this.#takingBack.add(id, turn);
    try {
      const reply = await submit(pool, { type: "hangUp", lease: id, revision, written }, turn);
      const left = reply.ok ? reply.lease : undefined;
      // It was changed before its turn, such as by who asks its holder to stop: that somebody has it is told by calls alone.
      if (left?.state === "HELD" && left.revision !== revision) this.lost(id, written, byToken);
    } catch (error) {
      if (!(error instanceof EngineFailure && error.reason === "CALLER_GONE")) throw error;
    } finally {
      this.#takingBack.delete(id, turn);
    }
  }
}
