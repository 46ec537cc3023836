import { limits } from "../core/limits.ts";
import { type Lease, requestKey } from "../core/model.ts";

/**
 * The leases that ended last, by id and by request key: whoever asks how a lease has ended mostly does so at once, and must not wait for
 * the thread that writes. Older ones are in the store alone.
 */
export class RecentEnds {
  readonly #leases = new Map<string, Lease>();
  readonly #requests = new Map<string, Lease>();

  add(lease: Lease): void {
    this.#leases.set(lease.id, lease);
    if (lease.requestId !== undefined) this.#requests.set(keyOf(lease, lease.requestId), lease);
    if (this.#leases.size <= limits.recentEnds) return;
    const [oldest] = this.#leases.values();
    if (oldest !== undefined) this.#forget(oldest);
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
