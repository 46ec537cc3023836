import type { Names } from "../../core/access/sight.ts";
import type { EnvironmentStatus, Event } from "../../core/event.ts";
import { matches, type Selector } from "../../core/model/selector.ts";
import { textOf } from "../../core/model/selector-text.ts";
import type { Revision } from "../../core/model/units.ts";
import type { Pause } from "./pause.ts";
import type { Ring } from "./ring.ts";

/** What a subscription follows. An environment is followed by name, whatever pool it turns up in. */
export type Topic = PoolTopic | { readonly environment: string };

/** All of a pool, or some of it. */
export interface PoolTopic {
  readonly pool: string;
  readonly selection?: Selection;
}

/** What a selector matches, and of that, or of all, what its reader may see; the text tells one selection from another. */
export interface Selection {
  readonly selector?: Selector;
  readonly only?: Names;
  readonly text: string;
}

/** What a selector matches of a pool, and of that, or of all, what its reader may see. */
export function ofPool(pool: string, selector: Selector | undefined, only: Names | undefined): PoolTopic {
  if (selector === undefined && only === undefined) return { pool };
  const text = JSON.stringify([selector === undefined ? "" : textOf(selector), only?.text ?? ""]);
  return { pool, selection: { ...(selector && { selector }), ...(only && { only }), text } };
}

/** Whether an event is about the topic, of whose pool it is. */
export function concerns(event: Event, topic: Topic): boolean {
  if (isForTheRecord(event)) return false;
  if ("pool" in topic) return topic.selection === undefined || isSelected(event, topic.selection);
  // A loop, since it is asked for each event and reader: a callback would be made for each of them.
  for (const { name } of event.environments) if (name === topic.environment) return true;
  return false;
}

/** Whether an event is about no environment and no lease: nobody watches that. */
export function isForTheRecord({ environments, cause }: Event): boolean {
  return environments.length === 0 && cause === undefined;
}

function isSelected(event: Event, selection: Selection): boolean {
  for (const status of event.environments) if (partIn(selection, status, event) !== undefined) return true;
  return false;
}

/** Whether a selection has an environment, or had it until the event that tells of it. */
export function partIn(
  { selector, only }: Selection,
  { name, labels }: EnvironmentStatus,
  { labelsBefore }: Event,
): "IN" | "LEFT" | undefined {
  if (only !== undefined && !only.has(name)) return undefined;
  if (selector === undefined) return "IN";
  if (labels !== undefined && matches(selector, labels)) return "IN";
  return labelsBefore !== undefined && matches(selector, labelsBefore) ? "LEFT" : undefined;
}

/** One reader of events: a place in a ring that all readers share. It holds nothing itself, however far it falls behind. */
export class Subscription {
  readonly topic: Topic;
  readonly pause: Pause;
  /** The ring that has something new for this reader; undefined if there is nothing new. */
  #ring: Ring | undefined;
  #cursor: Revision = 0;
  #lost = false;
  /** Up to this revision the reader was found not to be far behind. */
  #near: Revision = 0;

  constructor(topic: Topic, pause: Pause) {
    this.topic = topic;
    this.pause = pause;
  }

  /** Whether `next` may give something. */
  get pending(): boolean {
    return this.#ring !== undefined;
  }

  /** Tells that a ring has something new behind a revision. */
  offer(ring: Ring, since: Revision): void {
    if (this.#ring === undefined) {
      this.#ring = ring;
      this.#cursor = since;
    } else if (this.#ring !== ring) {
      this.#lost = true;
    }
    this.pause.wake();
  }

  /** Goes back to an older place in a ring. */
  resume(ring: Ring, since: Revision): void {
    this.#lost ||= this.#ring !== undefined && this.#ring !== ring;
    this.#ring = ring;
    this.#cursor = since;
  }

  /**
   * The next event; none when all were taken. "behind": some are gone, or more than `most` are to come, and the present state stands for
   * all of them.
   */
  next(most: number): Event | "behind" | undefined {
    for (const ring = this.#ring; ring !== undefined; ) {
      if (this.#lost || this.#cursor < ring.floor || this.#isFar(ring, most)) {
        this.skip();
        return "behind";
      }
      const event = ring.after(this.#cursor);
      if (event === undefined) break;
      this.#cursor = event.revision;
      if (concerns(event, this.topic)) return event;
    }
    this.#ring = undefined;
    return undefined;
  }

  /** Skips everything new. */
  skip(): void {
    this.#ring = undefined;
    this.#lost = false;
  }

  /** Whether more than `most` events are to come. Looks only behind what it looked at before, so that each event is counted once. */
  #isFar(ring: Ring, most: number): boolean {
    if (this.#cursor < this.#near) return false;
    this.#near = ring.last;
    if (ring.countAfter(this.#cursor) <= most) return false;
    return ring.hasMore(this.#cursor, most, (event) => concerns(event, this.topic));
  }
}
