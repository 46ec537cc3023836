import { limits } from "../core/limits.ts";
import { type Lease, requestKey } from "../core/model/lease.ts";

/**
 * The leases that ended last, by id and by request key: whoever asks how a lease has ended mostly does so at once, and must not wait for
 * the thread that writes. Older ones are in the store alone.
 */
export class RecentEnds {
  readonly #leases = new Map<string, Lease>();
  readonly #requests = new Map<string, Lease>();
  /**
   * The same leases in a circle: the next takes the place of the oldest. A map's first entry is slow to find once others before it are
   * gone.
   */
  readonly #circle: Lease[] = [];
  #next = 0;

  add(lease: Lease): void {
    const oldest = this.#circle[this.#next];
    if (oldest !== undefined) this.#forget(oldest);
    this.#circle[this.#next] = lease;
    this.#next = (this.#next + 1) % limits.recentEnds;
    this.#leases.set(lease.id, lease);
    if (lease.requestId !== undefined) this.#requests.set(keyOf(lease, lease.requestId), lease);
  }

  lease(id: string): Lease | undefined {
    return this.#leases.get(id);
  }

  /** The newest one of a request key. */
  request(key: string): Lease | undefined {
    return this.#requests.get(key);
  }

  #forget(lease: Lease): void {
    this.#leases.delete(lease.id);
    if (lease.requestId === undefined) return;
    const key = keyOf(lease, lease.requestId);
    if (this.#requests.get(key) === lease) this.#requests.delete(key);
  }
}

function keyOf({ principal, pool }: Lease, requestId: string): string {
  return requestKey(principal, pool, requestId);
}
