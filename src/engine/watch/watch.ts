import type { Cause, EnvironmentStatus, Event } from "../../core/event.ts";
import type { Pool, Revision } from "../../core/model.ts";
import type { Engine } from "../engine.ts";
import { asDeleted, presentOf, presentStatus, unborn } from "./present.ts";
import type { Subscription, Topic } from "./subscription.ts";

/** A message of a watch: rule 10 of docs/contract.md. */
export interface WatchMessage {
  readonly kind: "SNAPSHOT" | "CHANGE" | "HEARTBEAT";
  readonly revision: Revision;
  readonly reset: boolean;
  readonly skipped: boolean;
  readonly environments: readonly EnvironmentStatus[];
  readonly cause?: Cause;
}

export interface WatchOptions {
  /** Resume behind this revision; from the present state without it. */
  readonly since?: Revision;
  /** In milliseconds. */
  readonly heartbeat: number;
  /** Ends the watch; so does a drain of the engine. */
  readonly signal: AbortSignal;
}

/** How many messages a reader is told before the next reader has its turn. */
const IN_A_ROW = 32;
/**
 * A reader that is more events behind than this is told the present state, unless its pool has so many environments that this costs more.
 */
const BACKLOG = 64;
const STATUSES_PER_MESSAGE = 16;
/** How old `available` may be in a present state that readers share, in microseconds. */
const AGE = 1_000_000;

/**
 * Follows a pool or an environment: a SNAPSHOT (or, resumed, the missed CHANGEs), then each CHANGE in commit order, and HEARTBEATs.
 * The reader pulls; it is never pushed at, and one that is slow gets the present state in place of what it missed. All readers of
 * one thing are given the same message objects.
 */
export async function* watch(engine: Engine, topic: Topic, options: WatchOptions): AsyncGenerator<WatchMessage, void, undefined> {
  const { subscription, close } = engine.hub.subscribe(topic);
  const { pause } = subscription;
  const end = () => pause.end();
  options.signal.addEventListener("abort", end);
  if (options.signal.aborted || engine.draining.aborted) end();
  const reader = new Reader(engine, subscription, options.since);
  try {
    for (let row = 1; !pause.ended; row++) {
      const message = await reader.next();
      if (message !== undefined) yield message;
      else {
        const quiet = await pause.sleep(options.heartbeat);
        row = 0;
        if (quiet && !subscription.pending && !pause.ended) yield reader.heartbeat();
      }
      if (row % IN_A_ROW === IN_A_ROW - 1) await pause.turn();
    }
  } finally {
    options.signal.removeEventListener("abort", end);
    reader.close();
    close();
  }
}

/** The state of a topic, as last committed. `age`: how old, in microseconds, the part may be that changes with time alone. */
export function present(engine: Engine, topic: Topic, age = 0): { pool: Pool; environments: readonly EnvironmentStatus[] } {
  const pool = homeOf(engine, topic);
  const now = engine.views.now();
  if ("pool" in topic) return { pool, environments: presentOf(pool, now, age) };
  const site = pool.sites.get(topic.environment);
  const status = site === undefined ? unborn(pool, topic.environment) : presentStatus(pool, topic.environment, site, now, age);
  return { pool, environments: [status] };
}

/** The pool whose log tells of a topic. For a name that was deleted it is the one that told of its end, so that no cursor goes back. */
function homeOf({ views }: Engine, topic: Topic): Pool {
  if ("pool" in topic) return views.pool(topic.pool);
  return views.graveOf(topic.environment) ?? views.homeOf(topic.environment);
}

/** What one reader is told next. */
class Reader {
  readonly #engine: Engine;
  readonly #subscription: Subscription;
  readonly #since: Revision;
  /** The revision up to which the reader was told everything, or has seen it in an earlier watch. */
  #seen: Revision;
  /** It resumes an earlier watch, and has not been told all that it missed yet. */
  #resuming: boolean;
  #told = false;
  #leave: (() => void) | undefined;

  constructor(engine: Engine, subscription: Subscription, since: Revision | undefined) {
    this.#engine = engine;
    this.#subscription = subscription;
    this.#since = since ?? 0;
    this.#seen = this.#since;
    this.#resuming = since !== undefined;
    if (this.#resuming) this.#leave = engine.past.enter();
  }

  /** The next message; none when there is nothing to tell. */
  async next(): Promise<WatchMessage | undefined> {
    if (this.#leave !== undefined) {
      const missed = await this.#missed();
      if (missed !== undefined) return this.#tell(missed);
    }
    if (!this.#told && !this.#resuming) return this.#tell(this.#state("SNAPSHOT", false));
    const event = this.#subscription.next(this.#most());
    if (event === "behind") return this.#tell(this.#state("CHANGE", true));
    if (event !== undefined) return this.#tell(changeOf(event, this.#subscription.topic));
    if (!this.#resuming) return undefined;
    this.#resuming = false;
    return this.#told ? undefined : this.#tell(this.#nothingMissed());
  }

  /**
   * The message for a reader for whom no event is pending. Its cursor moves to the pool's revision: an old cursor could be trimmed by the
   * time when the reader resumes.
   */
  heartbeat(): WatchMessage {
    const pool = homeOf(this.#engine, this.#subscription.topic);
    this.#seen = Math.max(this.#seen, pool.revision);
    return shared(pool, `HEARTBEAT ${this.#seen}`, { ...EMPTY, kind: "HEARTBEAT", revision: this.#seen });
  }

  close(): void {
    this.#leave?.();
    this.#leave = undefined;
  }

  /** The next event that the reader has missed and that is not in memory any more; undefined as soon as the rest is in memory. */
  async #missed(): Promise<WatchMessage | undefined> {
    const { topic } = this.#subscription;
    for (;;) {
      const pool = homeOf(this.#engine, topic);
      // A cursor beyond the pool's revision: what its reader has seen is unknown.
      if (this.#seen > pool.revision) return this.#giveUp();
      const ring = this.#engine.hub.recent.of(pool);
      if (this.#seen >= ring.floor) {
        this.close();
        this.#subscription.resume(ring, this.#seen);
        return undefined;
      }
      const found = await this.#engine.past.next(pool.name, this.#seen, topic);
      if (found === "trimmed") return this.#giveUp();
      if ("revision" in found) return changeOf(found, topic);
      this.#seen = found.until;
      await this.#subscription.pause.turn();
    }
  }

  #giveUp(): WatchMessage {
    this.close();
    this.#resuming = false;
    return this.#state("SNAPSHOT", true);
  }

  /**
   * Nothing was missed, as far as the pool's log tells. Where the environment does not exist, its end may be in another pool's log: then
   * the present state is told.
   */
  #nothingMissed(): WatchMessage {
    const { topic } = this.#subscription;
    const { sites, revision } = homeOf(this.#engine, topic);
    const gone = "environment" in topic && !sites.has(topic.environment);
    return gone && this.#since < revision ? this.#state("CHANGE", true) : this.heartbeat();
  }

  /** How far behind a reader may be before it is told the present state instead; no limit while it resumes. */
  #most(): number {
    const { topic } = this.#subscription;
    if (this.#resuming) return Number.POSITIVE_INFINITY;
    if ("environment" in topic) return BACKLOG;
    return Math.max(BACKLOG, this.#engine.views.pool(topic.pool).sites.size / STATUSES_PER_MESSAGE);
  }

  #tell(message: WatchMessage): WatchMessage {
    this.#seen = message.revision;
    this.#told = true;
    return message;
  }

  /** The present state, made once for all readers of the topic. It includes the events that the reader has not taken yet. */
  #state(kind: "SNAPSHOT" | "CHANGE", merged: boolean): WatchMessage {
    const { topic } = this.#subscription;
    this.#subscription.skip();
    const { pool, environments } = present(this.#engine, topic, AGE);
    const flags = kind === "SNAPSHOT" ? { reset: merged, skipped: false } : { reset: false, skipped: merged };
    const told = kind === "CHANGE" ? environments.map((status) => this.#orDeleted(status)) : environments;
    return shared(pool, `${kind} ${merged} ${keyOf(topic)}`, { ...flags, kind, revision: pool.revision, environments: told });
  }

  /** What became of an environment, for a reader that knew it: a free name tells nobody that it was deleted. */
  #orDeleted(status: EnvironmentStatus): EnvironmentStatus {
    const grave = this.#engine.views.graveOf(status.name);
    return grave === undefined ? status : asDeleted(status, grave.name);
  }
}

const EMPTY = { reset: false, skipped: false, environments: [] } as const;

/** Messages that are the same for all readers, by the version of a pool or the event that they are made of. */
const messages = new WeakMap<Pool | Event, Map<string, WatchMessage>>();

/** The message that was made before with the same content, or else this one. */
function shared(of: Pool | Event, key: string, message: WatchMessage): WatchMessage {
  const known = messages.get(of) ?? new Map<string, WatchMessage>();
  const before = known.get(key);
  if (before !== undefined && sameItems(before.environments, message.environments)) return before;
  messages.set(of, known.set(key, message));
  return message;
}

function sameItems<T>(some: readonly T[], others: readonly T[]): boolean {
  return some === others || (some.length === others.length && some.every((item, index) => item === others[index]));
}

function keyOf(topic: Topic): string {
  return "pool" in topic ? "" : topic.environment;
}

/** An event as the topic's readers see it. */
function changeOf(event: Event, topic: Topic): WatchMessage {
  const { revision, cause } = event;
  const all = "pool" in topic || event.environments.length === 1;
  const environments = all ? event.environments : event.environments.filter((status) => status.name === keyOf(topic));
  return shared(event, all ? "" : keyOf(topic), { ...EMPTY, kind: "CHANGE", revision, environments, ...(cause && { cause }) });
}
