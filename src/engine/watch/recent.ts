import type { Event } from "../../core/event.ts";
import { limits } from "../../core/limits.ts";
import type { Pool } from "../../core/model/pool.ts";
import type { Revision } from "../../core/model/units.ts";
import type { Timers } from "../timers.ts";
import { Ring } from "./ring.ts";

/** How often rings that nobody needs are let go of, in milliseconds: after one to two of these without an event or a reader. */
const FORGET_EVERY = 300_000;

/** The newest events of every pool that was lately written or resumed on, bounded over all pools. */
export class Recent {
  readonly #timers: Timers;
  /** By pool, the one that changed last at the end. */
  readonly #rings = new Map<string, Ring>();
  #bytes = 0;
  /** Pools that were used since rings were last let go of. */
  #used = new Set<string>();
  #forgetting = false;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** About how much memory all events take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The ring of a pool; one that begins at its present revision if there was none. */
  of({ name, revision }: Pick<Pool, "name" | "revision">): Ring {
    this.#used.add(name);
    const known = this.#rings.get(name);
    if (known !== undefined) return known;
    const ring = new Ring(revision);
    this.#rings.set(name, ring);
    this.#forgetLater();
    return ring;
  }

  /** Adds an event to its pool's ring, which is returned. */
  append(event: Event): Ring {
    return this.#change(event.pool, event.revision - 1, (ring) => ring.append(event));
  }

  /** Adds earlier events to a ring, if they adjoin it: all events of the pool between `since` and the first of the ring. */
  prepend(pool: string, events: readonly Event[], since: Revision): void {
    if (this.#rings.has(pool)) this.#change(pool, since, (ring) => ring.prepend(events, since));
  }

  #change(name: string, floor: Revision, change: (ring: Ring) => void): Ring {
    const ring = this.of({ name, revision: floor });
    this.#bytes -= ring.bytes;
    change(ring);
    this.#bytes += ring.bytes;
    this.#rings.delete(name);
    this.#rings.set(name, ring);
    for (const oldest of this.#rings.keys()) {
      if (this.#bytes <= limits.recent.total || oldest === name) break;
      this.#forget(oldest);
    }
    return ring;
  }

  /** Drops a pool's ring. A reader that was not told of all its events will be told the present state. */
  #forget(pool: string): void {
    const ring = this.#rings.get(pool);
    this.#bytes -= ring?.bytes ?? 0;
    ring?.clear();
    this.#rings.delete(pool);
  }

  #forgetLater(): void {
    if (this.#forgetting) return;
    this.#forgetting = true;
    this.#timers.after(FORGET_EVERY, () => {
      this.#forgetting = false;
      for (const pool of [...this.#rings.keys()]) if (!this.#used.has(pool)) this.#forget(pool);
      this.#used = new Set();
      if (this.#rings.size > 0) this.#forgetLater();
    });
  }
}
