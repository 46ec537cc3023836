import type { Event } from "../../core/event.ts";
import { limits } from "../../core/limits.ts";
import type { Environment } from "../../core/model/environment.ts";
import { deletedStatus } from "../../core/view.ts";
import type { Commit } from "../../store/store.ts";
import type { Timers } from "../timers.ts";
import type { Pause } from "./pause.ts";
import { sizeOf } from "./ring.ts";
import { isForTheRecord } from "./subscription.ts";

/**
 * How long readers are left alone after they were woken, in milliseconds. What comes meanwhile they are told together, in one write each:
 * hundreds of pages cost a busy server a tenth of it then, and nobody sees the difference.
 */
const REST_MS = 100;

/**
 * The newest events of all pools, in the order of their commits, for those who follow everything. Bounded in number and bytes, and empty
 * while nobody follows.
 */
export class Tape {
  readonly #timers: Timers;
  readonly #readers = new Set<Pause>();
  readonly #events: Event[] = [];
  readonly #sizes: number[] = [];
  #bytes = 0;
  /** The place of the first event that is still here. */
  #first = 0;
  /** Whether the readers were woken just now, and whether there is news since. */
  #resting = false;
  #news = false;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  get first(): number {
    return this.#first;
  }

  /** The place of the next event. */
  get end(): number {
    return this.#first + this.#events.length;
  }

  at(place: number): Event | undefined {
    return this.#events[place - this.#first];
  }

  /** Wakes a reader when there are events, until the returned function is called. */
  follow(reader: Pause): () => void {
    this.#readers.add(reader);
    return () => {
      this.#readers.delete(reader);
      while (this.#readers.size === 0 && this.#events.length > 0) this.#drop();
    };
  }

  /** `gone`: as they were before the commit, the environments that there are no more after it. */
  publish(commit: Commit, gone: readonly Environment[]): void {
    if (this.#readers.size === 0) return;
    const { end } = this;
    for (const event of commit.events) if (!isForTheRecord(event)) this.#append(event);
    for (const event of forgotten(commit, gone)) this.#append(event);
    if (this.end > end) this.#wake();
  }

  #wake(): void {
    this.#news = this.#resting;
    if (this.#resting) return;
    for (const reader of this.#readers) reader.wake();
    this.#resting = true;
    this.#timers.after(REST_MS, () => {
      this.#resting = false;
      if (this.#news) this.#wake();
    });
  }

  #append(event: Event): void {
    const size = sizeOf(event);
    this.#events.push(event);
    this.#sizes.push(size);
    this.#bytes += size;
    const { events, bytes } = limits.recent;
    while (this.#events.length > events || (this.#bytes > bytes && this.#events.length > 1)) this.#drop();
  }

  #drop(): void {
    this.#events.shift();
    this.#bytes -= this.#sizes.shift() ?? 0;
    this.#first++;
  }
}

/**
 * What was forgotten, as events that no pool's log has: for who names what it follows it goes on as a free name, but for who follows
 * everything names would pile up.
 */
function forgotten({ events, pools }: Commit, gone: readonly Environment[]): Event[] {
  if (gone.length === 0) return [];
  const told = new Set(events.flatMap(({ environments }) => environments.flatMap(({ name, deleted }) => (deleted ? name : []))));
  return gone.flatMap((environment) => {
    const { name, pool } = environment.config;
    const { revision, at } = pools.find((changed) => changed.name === pool) ?? {};
    if (told.has(name) || revision === undefined || at === undefined) return [];
    return { revision, at, pool, environments: [deletedStatus(environment)] };
  });
}
