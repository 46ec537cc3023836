import { networkOf } from "../../access/address.ts";
import { Tally } from "../../access/tally.ts";
import { failure } from "../errors.ts";
import type { Peer } from "../http/door/peer.ts";

/** Of one address, and in all: each takes some 60 KB, and nobody is asked for a key. */
const MOST = { address: 1_000, total: 4_000 };

/** Counts the streams that are open of services without a key. */
export class KeylessStreams {
  readonly #ofAddress = new Tally();
  #total = 0;

  /** Counts one until the signal aborts. Throws resource_exhausted. */
  open({ address }: Peer, signal: AbortSignal): void {
    const from = networkOf(address);
    if (this.#total >= MOST.total || this.#ofAddress.of(from) >= MOST.address)
      throw failure("LIMIT_REACHED", "too many streams are open of services that ask for no key; close some, or try again later");
    this.#total++;
    this.#ofAddress.add(from);
    const close = () => {
      this.#total--;
      this.#ofAddress.remove(from);
    };
    if (signal.aborted) close();
    else signal.addEventListener("abort", close, { once: true });
  }
}
