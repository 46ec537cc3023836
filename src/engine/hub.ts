import type { Event } from "../core/event.ts";
import type { Commit } from "../store/store.ts";

/** Events that a reader may have in hand; one that falls further behind gets the present state instead. */
const BACKLOG = 64;

/** What a subscription follows. An environment is followed by name, whatever pool it turns up in. */
export type Topic = { readonly pool: string } | { readonly environment: string };

/** One reader of events. Its memory is bounded: see `take`. */
export class Subscription {
  #events: Event[] = [];
  #behind = false;
  #wake: (() => void) | undefined;

  /** Offers an event; never blocks. */
  push(event: Event): void {
    if (this.#events.length < BACKLOG) this.#events.push(event);
    else {
      this.#events = [];
      this.#behind = true;
    }
    this.#wake?.();
  }

  /** Whether `take` would give anything. */
  get pending(): boolean {
    return this.#behind || this.#events.length > 0;
  }

  /** All events since the last call, or "behind": some were dropped, and the present state stands for them. */
  take(): readonly Event[] | "behind" {
    const events = this.#events;
    const behind = this.#behind;
    this.#events = [];
    this.#behind = false;
    return behind ? "behind" : events;
  }

  /** Calls `wake` when something arrives; one caller at a time. Without one, nobody is called. */
  onArrival(wake: (() => void) | undefined): void {
    this.#wake = wake;
  }
}

/** Brings commits to those who follow them. A commit costs only those whom it concerns. */
export class Hub {
  readonly #topics = new Map<string, Set<Subscription>>();
  readonly #leases = new Map<string, Set<() => void>>();
  readonly #readers = new Map<string, number>();

  /** How many streams are open on a pool, or on all. */
  readers(pool?: string): number {
    if (pool !== undefined) return this.#readers.get(pool) ?? 0;
    return [...this.#readers.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Counts a stream on a pool, until the returned function is called. */
  admit(pool: string): () => void {
    this.#readers.set(pool, this.readers(pool) + 1);
    return () => {
      const left = this.readers(pool) - 1;
      if (left > 0) this.#readers.set(pool, left);
      else this.#readers.delete(pool);
    };
  }

  /** Hands a commit's events on, in order. */
  publish(commit: Commit): void {
    for (const event of commit.events) {
      const concerned = [keyOf({ pool: event.pool }), ...event.environments.map(({ name }) => keyOf({ environment: name }))];
      for (const key of concerned) for (const subscription of this.#topics.get(key) ?? []) subscription.push(event);
      if (event.cause !== undefined) for (const wake of [...(this.#leases.get(event.cause.leaseId) ?? [])]) wake();
    }
  }

  subscribe(topic: Topic): { readonly subscription: Subscription; readonly close: () => void } {
    const subscription = new Subscription();
    return { subscription, close: enlist(this.#topics, keyOf(topic), subscription) };
  }

  /** Calls `wake` at each change of a lease's state, until the returned function is called. */
  follow(lease: string, wake: () => void): () => void {
    return enlist(this.#leases, lease, wake);
  }
}

function keyOf(topic: Topic): string {
  return "pool" in topic ? `pool ${topic.pool}` : `environment ${topic.environment}`;
}

function enlist<T>(lists: Map<string, Set<T>>, key: string, item: T): () => void {
  const list = lists.get(key) ?? new Set();
  lists.set(key, list.add(item));
  return () => {
    list.delete(item);
    if (list.size === 0 && lists.get(key) === list) lists.delete(key);
  };
}
