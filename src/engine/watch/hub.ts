import type { Environment } from "../../core/model/environment.ts";
import type { Revision } from "../../core/model/units.ts";
import type { Commit } from "../../store/store.ts";
import type { EngineCall } from "../call.ts";
import { MultiMap } from "../multimap.ts";
import { Slices } from "../slices.ts";
import type { Timers } from "../timers.ts";
import { Beats } from "./beats.ts";
import { Pause } from "./pause.ts";
import { Recent } from "./recent.ts";
import type { Ring } from "./ring.ts";
import { Subscription, type Topic } from "./subscription.ts";
import { Tape } from "./tape.ts";

/**
 * Hands commits to their readers. Only readers of the pools, environments and leases that a commit changed are woken, in turns, and after
 * the commit's own callers were answered.
 */
export class Hub {
  readonly recent: Recent;
  readonly tape: Tape;
  readonly #timers: Timers;
  readonly #slices: Slices;
  readonly #beats: Beats;
  readonly #pools = new Map<string, Set<Subscription>>();
  readonly #environments = new Map<string, Set<Subscription>>();
  readonly #leases = new MultiMap<() => void>();
  readonly #pauses = new Set<Pause>();
  readonly #readers = new Map<string, number>();
  #open = 0;
  #drained = false;

  constructor(timers: Timers, slices = new Slices()) {
    this.recent = new Recent(timers);
    this.tape = new Tape(timers);
    this.#timers = timers;
    this.#slices = slices;
    this.#beats = new Beats(timers);
  }

  /** How many streams are open on a pool, or on all. */
  readers(pool?: string): number {
    return pool === undefined ? this.#open : (this.#readers.get(pool) ?? 0);
  }

  /** Counts a stream on a pool, until the returned function is called. */
  admit(pool: string): () => void {
    this.#readers.set(pool, this.readers(pool) + 1);
    this.#open++;
    return () => {
      this.#open--;
      const left = this.readers(pool) - 1;
      if (left > 0) this.#readers.set(pool, left);
      else this.#readers.delete(pool);
    };
  }

  /** Hands a commit's events on, in order. `gone`: as they were before it, the environments that there are no more. */
  publish(commit: Commit, gone: readonly Environment[]): void {
    const told = new Map<Set<Subscription>, Place>();
    const note = (subscriptions: Set<Subscription> | undefined, place: Place) => {
      if (subscriptions !== undefined && !told.has(subscriptions)) told.set(subscriptions, place);
    };
    for (const event of commit.events) {
      const place = { ring: this.recent.append(event), since: event.revision - 1 };
      note(this.#pools.get(event.pool), place);
      for (const { name } of event.environments) note(this.#environments.get(name), place);
      if (event.cause !== undefined) for (const wake of this.#leases.of(event.cause.leaseId)) wake();
    }
    for (const [subscriptions, { ring, since }] of told) for (const subscription of subscriptions) subscription.offer(ring, since);
    this.tape.publish(commit, gone);
  }

  /** Follows a topic for a call. Must be closed. */
  subscribe(topic: Topic, call: Listener): { readonly subscription: Subscription; readonly close: () => void } {
    const { pause, close } = this.pause(call, false);
    const subscription = new Subscription(topic, pause);
    const leave =
      "pool" in topic ? enlist(this.#pools, topic.pool, subscription) : enlist(this.#environments, topic.environment, subscription);
    return {
      subscription,
      close: () => {
        leave();
        close();
      },
    };
  }

  /** What a stream sleeps by: it ends when the caller is gone, at its deadline, or when the server is about to stop. Must be closed. */
  pause(call: Listener, urgent: boolean): { readonly pause: Pause; readonly close: () => void } {
    const pause = new Pause(this.#slices, this.#beats, urgent);
    this.#pauses.add(pause);
    let cancel: (() => void) | undefined;
    const atDeadline = () => {
      const left = call.timeLeft();
      if (left === undefined) return;
      if (left <= 0) pause.end();
      else cancel = this.#timers.after(left, atDeadline);
    };
    atDeadline();
    call.onGone(() => pause.end());
    if (call.gone || this.#drained) pause.end();
    return {
      pause,
      close: () => {
        cancel?.();
        this.#pauses.delete(pause);
        pause.close();
      },
    };
  }

  /** Calls `wake` at each change of a lease's state, until the returned function is called. */
  follow(lease: string, wake: () => void): () => void {
    this.#leases.add(lease, wake);
    return () => this.#leases.delete(lease, wake);
  }

  /** Ends every stream, in its turn, and those that are still to come. */
  drain(): void {
    this.#drained = true;
    for (const pause of this.#pauses) pause.end();
  }
}

/** The call of a stream. */
export type Listener = Pick<EngineCall, "gone" | "onGone" | "timeLeft">;

/** The first event that somebody has not seen is behind `since`. */
interface Place {
  readonly ring: Ring;
  readonly since: Revision;
}

function enlist<T>(lists: Map<string, Set<T>>, key: string, item: T): () => void {
  const list = lists.get(key) ?? new Set();
  lists.set(key, list.add(item));
  return () => {
    list.delete(item);
    if (list.size === 0 && lists.get(key) === list) lists.delete(key);
  };
}
