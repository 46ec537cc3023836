import type { Names, Sight } from "../../core/access/sight.ts";
import type { EnvironmentStatus, Event } from "../../core/event.ts";
import type { Pool } from "../../core/model/pool.ts";
import type { Engine } from "../engine.ts";
import { changeOf, EMPTY, sameItems, type WatchMessage } from "./message.ts";
import { presentStatus } from "./present.ts";
import { AGE, backlogOf } from "./reader.ts";
import { concerns, ofPool, type PoolTopic } from "./subscription.ts";
import type { Tell } from "./tell.ts";
import { type Source, told } from "./telling.ts";
import type { WatchOptions } from "./watch.ts";

/** Statuses in one part of a SNAPSHOT: some 50 kB. */
const PART = 100;

/**
 * Follows all that a sight has (none: everything there is), in the order of commits: a SNAPSHOT in parts, a HEARTBEAT, then CHANGEs and
 * HEARTBEATs; a reader that is slow to take begins anew. Resolves when it was ended. All readers are told the same message objects, which
 * readers of a pool are told, too.
 */
export async function watchEverything(
  engine: Engine,
  sight: Sight | undefined,
  { call, heartbeat }: Omit<WatchOptions, "since">,
  tell: Tell<WatchMessage>,
): Promise<void> {
  const { pause, close } = engine.hub.pause(call, false);
  const leave = engine.hub.tape.follow(pause);
  try {
    await told(new Everything(engine, sight), pause, heartbeat, tell);
  } finally {
    leave();
    close();
  }
}

/** What one reader of everything is told next. */
class Everything implements Source {
  readonly #engine: Engine;
  readonly #sight: Sight | undefined;
  /** What is left to be told of the SNAPSHOT. */
  #parts: Iterator<WatchMessage, undefined> | undefined;
  /** The place on the tape of the first event that the reader has neither been told, nor has in its SNAPSHOT. */
  #place: number;
  /** Up to this place the reader was found not to be far behind. */
  #near = 0;

  constructor(engine: Engine, sight: Sight | undefined) {
    this.#engine = engine;
    this.#sight = sight;
    this.#place = engine.hub.tape.end;
    this.#parts = this.#snapshot(false);
  }

  get laborious(): boolean {
    return this.#parts !== undefined;
  }

  get pending(): boolean {
    return this.#parts !== undefined || this.#place < this.#engine.hub.tape.end;
  }

  next(): WatchMessage | undefined {
    const part = this.#parts?.next().value;
    if (part !== undefined) return part;
    this.#parts = undefined;
    const { tape } = this.#engine.hub;
    while (this.#place < tape.end) {
      if (this.#place < tape.first || this.#isFar()) {
        this.#place = tape.end;
        this.#parts = this.#snapshot(true);
        return this.#parts.next().value;
      }
      const event = this.#seen(this.#place++);
      if (event !== undefined) return changeOf(event, topicIn(event.pool, this.#sight));
    }
    return undefined;
  }

  heartbeat(): WatchMessage {
    return { ...EMPTY, kind: "HEARTBEAT", revision: 0, time: this.#engine.views.now() };
  }

  /** The event at a place, if it is for this reader. */
  #seen(place: number): Event | undefined {
    const event = this.#engine.hub.tape.at(place);
    return event !== undefined && concerns(event, topicIn(event.pool, this.#sight)) ? event : undefined;
  }

  /** Whether more is to come than the present state costs. Looks only behind what it looked at before, so that each event is counted once. */
  #isFar(): boolean {
    const { hub, views } = this.#engine;
    if (this.#place < this.#near) return false;
    this.#near = hub.tape.end;
    const most = backlogOf(views.totals.environments);
    if (this.#near - this.#place <= most) return false;
    let count = 0;
    for (let place = this.#place; place < this.#near && count <= most; place++) if (this.#seen(place) !== undefined) count++;
    return count > most;
  }

  /** The state of this moment: pools are values, so that it may be told later. */
  #snapshot(reset: boolean): Iterator<WatchMessage, undefined> {
    return this.#partsOf([...this.#engine.views.pools()], reset);
  }

  *#partsOf(pools: readonly Pool[], reset: boolean): Generator<WatchMessage, undefined, undefined> {
    let first = true;
    for (const statuses of this.#chunks(pools)) {
      yield partOf(statuses, reset && first);
      first = false;
    }
    if (first) yield partOf([], reset);
    yield this.heartbeat();
  }

  *#chunks(pools: readonly Pool[]): Generator<readonly EnvironmentStatus[], undefined, undefined> {
    let statuses: EnvironmentStatus[] = [];
    for (const pool of pools) {
      const only = this.#sight?.within(pool.name);
      if (only?.isEmpty === true) continue;
      for (const [name, site] of pool.sites.entries()) {
        if (only?.has(name) === false) continue;
        if (statuses.push(presentStatus(pool, name, site, this.#engine.views.now(), AGE)) < PART) continue;
        yield statuses;
        statuses = [];
      }
    }
    if (statuses.length > 0) yield statuses;
  }
}

const topics = new WeakMap<Names, PoolTopic>();

/** What a sight has of a pool, which may be nothing. */
function topicIn(pool: string, sight: Sight | undefined): PoolTopic {
  const only = sight?.within(pool);
  if (only === undefined) return { pool };
  const known = topics.get(only) ?? ofPool(pool, undefined, only);
  topics.set(only, known);
  return known;
}

/** By their first status: whoever begins while nothing of them has changed is told the same. */
const parts = new WeakMap<EnvironmentStatus, WatchMessage>();

const NOTHING: WatchMessage = { ...EMPTY, kind: "SNAPSHOT", revision: 0 };

function partOf(environments: readonly EnvironmentStatus[], reset: boolean): WatchMessage {
  if (reset) return { ...NOTHING, environments, reset };
  const [first] = environments;
  if (first === undefined) return NOTHING;
  const known = parts.get(first);
  if (known !== undefined && sameItems(known.environments, environments)) return known;
  const part = { ...NOTHING, environments };
  parts.set(first, part);
  return part;
}
