import type { Event } from "../../core/event.ts";
import { limits } from "../../core/limits.ts";
import type { Revision } from "../../core/model/units.ts";
import type { Views } from "../views.ts";
import type { Recent } from "./recent.ts";
import { indexAfter, sizeOf } from "./ring.ts";
import { concerns, type Topic } from "./subscription.ts";

/** Some of a pool's stored events: all behind `since`, up to and with `until`. */
interface Window {
  readonly pool: string;
  readonly since: Revision;
  readonly until: Revision;
  readonly events: readonly Event[];
  readonly bytes: number;
}

/**
 * Stored events, for readers that resume further back than memory reaches. They come in windows, a few reads at a time, and readers
 * share what was read, so that a crowd that comes back together costs about what one of them does. Nothing is kept once nobody resumes.
 */
export class Past {
  readonly #views: Pick<Views, "past" | "pool">;
  readonly #recent: Recent;
  readonly #windows = new Set<Window>();
  #bytes = 0;
  #readers = 0;
  readonly #loading = new Map<string, Promise<Window | "trimmed">>();
  #reads = 0;
  readonly #waiting: (() => void)[] = [];

  /** `recent`: the events in memory; what is read from the store and adjoins them is added there. */
  constructor(views: Pick<Views, "past" | "pool">, recent: Recent) {
    this.#views = views;
    this.#recent = recent;
  }

  /** Counts a reader that resumes, until the returned function is called. */
  enter(): () => void {
    this.#readers++;
    return () => {
      if (--this.#readers > 0) return;
      this.#windows.clear();
      this.#bytes = 0;
    };
  }

  /** The next event of the topic in a pool behind a revision, or how far there is none. Rejects with a StoreFailure. */
  async next(pool: string, since: Revision, topic: Topic): Promise<Event | { readonly until: Revision } | "trimmed"> {
    const window = this.#find(pool, since) ?? (await this.#load(pool, since));
    if (window === "trimmed") return window;
    for (let index = indexAfter(window.events, since); index < window.events.length; index++) {
      const event = window.events[index];
      if (event !== undefined && concerns(event, topic)) return event;
    }
    return { until: window.until };
  }

  #find(pool: string, since: Revision): Window | undefined {
    for (const window of this.#windows) if (window.pool === pool && window.since <= since && since < window.until) return window;
    return undefined;
  }

  #load(pool: string, since: Revision): Promise<Window | "trimmed"> {
    const key = JSON.stringify([pool, since]);
    const loading = this.#loading.get(key) ?? this.#read(pool, since).finally(() => this.#loading.delete(key));
    this.#loading.set(key, loading);
    return loading;
  }

  async #read(pool: string, since: Revision): Promise<Window | "trimmed"> {
    if (this.#reads >= limits.resume.reads) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#reads++;
    try {
      // Another reader may have read it while this one waited for its turn.
      return this.#find(pool, since) ?? (await this.#readNow(pool, since));
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#reads--;
      else next();
    }
  }

  async #readNow(pool: string, since: Revision): Promise<Window | "trimmed"> {
    const present = this.#views.pool(pool).revision;
    const past = await this.#views.past(pool, since, limits.resume.window);
    if (past === "trimmed") return past;
    const { events } = past;
    const last = events.at(-1)?.revision ?? since;
    // Fewer events than asked for: there are no more up to the pool's revision as it was before the read.
    const until = events.length < limits.resume.window ? Math.max(last, present) : last;
    const window = { pool, since, until, events, bytes: events.reduce((sum, event) => sum + sizeOf(event), 0) };
    this.#keep(window);
    this.#join(pool);
    return window;
  }

  #join(pool: string): void {
    const ring = this.#recent.of(this.#views.pool(pool));
    for (let before = Number.POSITIVE_INFINITY; ring.floor < before; ) {
      before = ring.floor;
      for (const { since, until, events, ...window } of this.#windows)
        if (window.pool === pool && until >= ring.floor) this.#recent.prepend(pool, events, since);
    }
  }

  #keep(window: Window): void {
    this.#windows.add(window);
    this.#bytes += window.bytes;
    for (const oldest of this.#windows) {
      if (this.#bytes <= limits.resume.bytes || oldest === window) return;
      this.#windows.delete(oldest);
      this.#bytes -= oldest.bytes;
    }
  }
}
