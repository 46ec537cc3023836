import type { EnvironmentStatus, Event, Occupant } from "../../core/event.ts";
import { limits } from "../../core/limits.ts";
import type { Holder } from "../../core/model/lease.ts";
import type { Revision } from "../../core/model/units.ts";

/** The newest events of a pool, without a gap, bounded in number and bytes: the very objects that were published. */
export class Ring {
  #events: Event[] = [];
  #sizes: number[] = [];
  /** The index of the first event in use. Those before it are dropped together, so that each costs constant time. */
  #start = 0;
  #floor: Revision;
  #bytes = 0;

  /** `floor`: the pool's revision at which the ring begins. */
  constructor(floor: Revision) {
    this.#floor = floor;
  }

  /** The ring has all events of the pool behind this revision. */
  get floor(): Revision {
    return this.#floor;
  }

  /** About how much memory the events take. */
  get bytes(): number {
    return this.#bytes;
  }

  append(event: Event): void {
    const size = sizeOf(event);
    this.#events.push(event);
    this.#sizes.push(size);
    this.#bytes += size;
    while (this.#length > limits.recent.events || (this.#bytes > limits.recent.bytes && this.#length > 1)) this.#dropFirst();
  }

  /** Adds the events between `since` and the floor, if there is room for all of them. */
  prepend(events: readonly Event[], since: Revision): void {
    const older = events.filter((event) => event.revision > since && event.revision <= this.#floor);
    const sizes = older.map(sizeOf);
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    if (since >= this.#floor || this.#length + older.length > limits.recent.events || this.#bytes + bytes > limits.recent.bytes) return;
    this.#events = [...older, ...this.#events.slice(this.#start)];
    this.#sizes = [...sizes, ...this.#sizes.slice(this.#start)];
    this.#start = 0;
    this.#bytes += bytes;
    this.#floor = since;
  }

  /** The first event behind a revision, which must not lie below the floor. */
  after(revision: Revision): Event | undefined {
    return this.#events[this.#indexAfter(revision)];
  }

  /** The revision of the newest event. */
  get last(): Revision {
    return this.#events.at(-1)?.revision ?? this.#floor;
  }

  /** How many events there are behind a revision. */
  countAfter(revision: Revision): number {
    return this.#events.length - this.#indexAfter(revision);
  }

  /** Whether more than `most` events behind a revision fit. */
  hasMore(revision: Revision, most: number, fits: (event: Event) => boolean): boolean {
    let count = 0;
    for (let index = this.#indexAfter(revision); index < this.#events.length && count <= most; index++) {
      const event = this.#events[index];
      if (event !== undefined && fits(event)) count++;
    }
    return count > most;
  }

  /** Drops all events. A reader that was not told of them yet is told the present state. */
  clear(): void {
    while (this.#length > 0) this.#dropFirst();
  }

  get #length(): number {
    return this.#events.length - this.#start;
  }

  #dropFirst(): void {
    const first = this.#events[this.#start];
    this.#bytes -= this.#sizes[this.#start] ?? 0;
    if (first !== undefined) this.#floor = first.revision;
    this.#start++;
    if (this.#start * 2 < this.#events.length) return;
    this.#events = this.#events.slice(this.#start);
    this.#sizes = this.#sizes.slice(this.#start);
    this.#start = 0;
  }

  #indexAfter(revision: Revision): number {
    return indexAfter(this.#events, revision, this.#start);
  }
}

/** Where the first event behind a revision stands, in events in order, from `low` on. */
export function indexAfter(events: readonly Event[], revision: Revision, low = 0): number {
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((events[middle]?.revision ?? 0) <= revision) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** About how many bytes an object and its numbers take. */
const OBJECT = 200;

/** About how many bytes an event takes, in memory and again as the message that it becomes. */
export function sizeOf(event: Event): number {
  let size = OBJECT;
  for (const status of event.environments) size += sizeOfStatus(status);
  return size;
}

function sizeOfStatus(status: EnvironmentStatus): number {
  let size = OBJECT + status.name.length + status.stateReason.length;
  for (const key in status.labels) size += key.length + (status.labels[key]?.length ?? 0);
  for (const holder of status.holders) size += sizeOfOccupant(holder);
  if (status.next !== undefined) size += sizeOfOccupant(status.next);
  return status.rest?.from === undefined ? size : size + OBJECT + sizeOfHolder(status.rest.from.holder);
}

function sizeOfOccupant({ holder, reason }: Occupant): number {
  return OBJECT + reason.length + sizeOfHolder(holder);
}

function sizeOfHolder(holder: Holder): number {
  return Object.values(holder).reduce((size, word) => size + word.length, 0);
}
