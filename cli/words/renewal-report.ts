import type { KeepObserver } from "../../clients/ts/src/keeper.ts";
import { renewableFor } from "../../clients/ts/src/term.ts";
import type { Lease } from "../../gen/ts/callme/v1/types_pb.ts";
import { milliseconds, spell } from "./duration.ts";

/** Says how the renewing goes: when contact is lost and when it is back, and well before max_hold ends it all. */
export class RenewalReport implements KeepObserver {
  readonly #say: (line: string) => void;
  readonly #endOf: (whole: string, left: string) => string;
  #outOfReach = false;
  #warned = false;

  /** `endOf` words the warning: the whole time, and what is left of it. */
  constructor(say: (line: string) => void, endOf = atMaxHold) {
    this.#say = say;
    this.#endOf = endOf;
  }

  renewed(lease: Lease): void {
    if (this.#outOfReach) this.#say("contact regained: the lease is renewed");
    this.#outOfReach = false;
    const left = renewableFor(lease) + milliseconds(lease.ttlRemaining);
    const whole = milliseconds(lease.maxHold);
    // A ttl as long as max_hold: at its beginning nobody needs a warning.
    // What ends it then is told apart.
    if (
      this.#warned ||
      lease.cancelRequested !== undefined ||
      left > whole * 0.9 ||
      left > Math.max(milliseconds(lease.ttl), Math.min(600_000, whole / 10))
    )
      return;
    this.#warned = true;
    this.#say(this.#endOf(spell(whole), spell(left)));
  }

  failed(why: string, left: number): void {
    if (!this.#outOfReach) this.#say(`the lease could not be renewed (${why}); trying again, for ${spell(left)}`);
    this.#outOfReach = true;
  }
}

function atMaxHold(whole: string, left: string): string {
  return `max_hold ${whole} is reached in ${left}, and ends the lease; next time ask for more with --max-hold`;
}
