import type { EnvironmentStatus } from "../../core/event.ts";
import type { Revision } from "../../core/model/units.ts";
import type { Engine } from "../engine.ts";
import { changeOf, EMPTY, keyOf, shared, type WatchMessage } from "./message.ts";
import { asDeleted, homeOf, present } from "./present.ts";
import type { Subscription } from "./subscription.ts";
import type { Source } from "./telling.ts";

/**
 * A reader that is more events behind than this is told the present state, unless that is of so many environments that this costs more.
 */
const BACKLOG = 64;
const STATUSES_PER_MESSAGE = 16;
/** How old `available` may be in a present state that readers share, in microseconds. */
export const AGE = 1_000_000;

/** How many events behind a reader may be of so many environments, before it is told their present state instead. */
export function backlogOf(environments: number): number {
  return Math.max(BACKLOG, environments / STATUSES_PER_MESSAGE);
}

/** What one reader of a topic is told next. */
export class Reader implements Source {
  /** All that it is told is made for all readers at once. */
  readonly laborious = false;
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

  get pending(): boolean {
    return this.#subscription.pending;
  }

  /** Whether it may have missed events that are not in memory any more. */
  get catchesUp(): boolean {
    return this.#leave !== undefined;
  }

  /** The next event of those; none when there is none, and `next` has the rest. Rejects with a StoreFailure. */
  async missed(): Promise<WatchMessage | undefined> {
    const missed = await this.#missed();
    return missed && this.#tell(missed);
  }

  /** The next message; none when there is nothing to tell. */
  next(): WatchMessage | undefined {
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
    return backlogOf(this.#engine.views.pool(topic.pool).sites.size);
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
