import type { Duration } from "@bufbuild/protobuf/wkt";
import { ConnectError } from "@connectrpc/connect";
import { giveBack, withToken } from "../../clients/ts/src/calls.ts";
import { reasonOf } from "../../clients/ts/src/errors.ts";
import { Limit } from "../../clients/ts/src/limit.ts";
import { persist } from "../../clients/ts/src/retry.ts";
import { renewableFor } from "../../clients/ts/src/term.ts";
import type { Outcome } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import type { Lease } from "../../gen/ts/callme/v1/types_pb.ts";
import { CALL_TIMEOUT, type Locks } from "../client.ts";
import type { Context } from "../context.ts";
import { clockTime } from "../words/clock.ts";
import { milliseconds, nanoseconds, spell } from "../words/duration.ts";
import { environmentsOf } from "../words/phrases.ts";

/** How the use of a lease went, and what is on its environments now. */
interface Use {
  readonly outcome?: Outcome;
  readonly note?: string;
  readonly facts?: Record<string, string>;
}

/**
 * What becomes of a lease that we held once its work is over: it is given back, or kept for somebody who looks. Never throws: who ran on it
 * is what counts.
 */
export class AfterUse {
  readonly #locks: Locks;
  readonly #lease: Lease;
  readonly #leaseToken: string;
  readonly #context: Context;
  readonly #say: (line: string) => void;

  constructor(locks: Locks, lease: Lease, leaseToken: string, context: Context, say: (line: string) => void) {
    this.#locks = locks;
    this.#lease = lease;
    this.#leaseToken = leaseToken;
    this.#context = context;
    this.#say = say;
  }

  /**
   * Tries for the pace's patience, but only for a moment once somebody wants us to end, or if it is lost: it is over anyway. `as`: what the
   * environments are then.
   */
  async release({ lost = false, as = "given back", ...how }: Use & { lost?: boolean; as?: string } = {}): Promise<void> {
    const { id, ttl, latestEnd } = this.#lease;
    const { pace } = this.#context;
    const hurry = lost ? AbortSignal.abort() : this.#context.interruption();
    using limit = new Limit({ within: pace.patience, follows: hurry, after: pace.farewell });
    try {
      const give = (use: Use) => giveBack(this.#locks, { leaseId: id, ...use }, this.#leaseToken, limit.signal, pace);
      const { alreadyEnded } = await give(how).catch((error: unknown) => {
        // Whatever the server has against the facts, the environment must not stay taken for it.
        const { facts, ...rest } = how;
        if (facts === undefined || reasonOf(error) !== "BAD_FIELD") throw error;
        this.#say(`the facts were not accepted: ${ConnectError.from(error).rawMessage}`);
        return give(rest);
      });
      if (!alreadyEnded) this.#say(`${environmentsOf(this.#lease)} is ${as}`);
    } catch (error) {
      const ends = ttl === undefined && latestEnd !== undefined ? `at ${clockTime(latestEnd)}` : `within ${spell(milliseconds(ttl))}`;
      const why = limit.signal.aborted ? "no answer in time" : ConnectError.from(error).rawMessage;
      this.#say(`lease ${id} could not be released (${why}); it ends by itself ${ends}`);
    }
  }

  /** For whoever looks into a failure of this status. The lease is not renewed any more, so it ends then by itself. */
  async keep(status: number, ttl: Duration): Promise<void> {
    const { id } = this.#lease;
    const options = withToken(this.#leaseToken, { timeoutMs: CALL_TIMEOUT });
    const renew = () => this.#locks.renew({ leaseId: id, ttl }, options);
    try {
      const { lease: kept } = await persist(renew, this.#context.interruption(), this.#context.pace);
      if (kept === undefined) throw new Error("the server sent no lease");
      const until = kept.expiresAt === undefined ? "" : ` until ${clockTime(kept.expiresAt)}`;
      const left = spell(milliseconds(kept.ttlRemaining));
      this.#say(`the command failed (${status}): ${environmentsOf(this.#lease)} is kept${until}, for ${left}`);
      const cut = renewableFor(kept) <= 0 ? "max_hold" : nanoseconds(kept.ttl) < nanoseconds(ttl) ? "the environment's max_ttl" : undefined;
      if (cut !== undefined) this.#say(`not longer, because ${cut} ends it`);
      this.#say(`to give it back: call-me release --lease ${id}`);
    } catch (error) {
      const left = spell(milliseconds(this.#lease.ttl));
      this.#say(`lease ${id} could not be kept (${ConnectError.from(error).rawMessage}); it ends within ${left}`);
    }
  }
}
