import type { Cause, EnvironmentStatus, Event } from "../core/event.ts";
import { limits } from "../core/limits.ts";
import type { Pool, Revision } from "../core/model.ts";
import { statusOf } from "../core/view.ts";
import type { Engine } from "./engine.ts";
import type { Subscription, Topic } from "./hub.ts";

/** What a watch says: api.md rule 10. */
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
  readonly heartbeat: number;
  /** Ends the watch. */
  readonly signal: AbortSignal;
}

const EMPTY = { reset: false, skipped: false, environments: [] } as const;

/**
 * Follows a pool or an environment: a SNAPSHOT (or, resumed, the missed CHANGEs), then each CHANGE in commit order, and HEARTBEATs.
 * The reader pulls; it is never pushed at, and one that is slow gets the present state in place of what it missed.
 */
export async function* watch(engine: Engine, topic: Topic, options: WatchOptions): AsyncGenerator<WatchMessage, void, undefined> {
  const { subscription, close } = engine.hub.subscribe(topic);
  try {
    const opening = await open(engine, topic, options.since);
    yield* opening;
    let seen = opening.at(-1)?.revision ?? 0;
    while (!options.signal.aborted) {
      if (!subscription.pending && !(await arrival(subscription, options))) {
        // Nothing that concerns this reader is under way, so its cursor may follow the pool: resuming from an old one would find it trimmed.
        seen = Math.max(seen, homeOf(engine, topic).revision);
        if (!options.signal.aborted) yield { ...EMPTY, kind: "HEARTBEAT", revision: seen };
        continue;
      }
      for (const message of taken(engine, topic, subscription)) {
        // What the opening told already.
        if (message.revision <= seen) continue;
        seen = message.revision;
        yield message;
      }
    }
  } finally {
    close();
  }
}

/** The state that a topic shows, as last committed. */
export function present(engine: Engine, topic: Topic): { pool: Pool; environments: EnvironmentStatus[] } {
  const pool = homeOf(engine, topic);
  const now = engine.store.now();
  if ("pool" in topic) return { pool, environments: [...pool.sites.keys()].map((name) => statusOf(pool, name, now)) };
  const known = pool.sites.has(topic.environment);
  return { pool, environments: [known ? statusOf(pool, topic.environment, now) : unborn(topic.environment)] };
}

function homeOf(engine: Engine, topic: Topic): Pool {
  return "pool" in topic ? engine.store.pool(topic.pool) : engine.homeOf(topic.environment);
}

/** An environment that nobody has asked for yet: free, as an Acquire would make it. */
function unborn(name: string): EnvironmentStatus {
  const facts = { name, pool: "default", state: "AVAILABLE", stateReason: "", capacity: 1, used: 0, resting: 0 } as const;
  return { ...facts, queueLength: 0, available: true, holders: [] };
}

async function open(engine: Engine, topic: Topic, since: Revision | undefined): Promise<WatchMessage[]> {
  const now = present(engine, topic);
  if (since === undefined) return [snapshot(now, false)];
  // Beyond all that was given out, or of something that is not there: nobody knows what was seen before.
  const unknown = "environment" in topic && !now.pool.sites.has(topic.environment);
  if (since > now.pool.revision || unknown) return [snapshot(now, true)];
  const past = await engine.store.past(now.pool.name, since, limits.log + 1);
  if (past === "trimmed" || past.events.length > limits.log) return [snapshot(present(engine, topic), true)];
  const missed = past.events.flatMap((event) => about(event, topic));
  return missed.length > 0 ? missed : [{ ...EMPTY, kind: "HEARTBEAT", revision: since }];
}

function snapshot(now: { pool: Pool; environments: EnvironmentStatus[] }, reset: boolean): WatchMessage {
  return { ...EMPTY, kind: "SNAPSHOT", reset, revision: now.pool.revision, environments: now.environments };
}

function taken(engine: Engine, topic: Topic, subscription: Subscription): WatchMessage[] {
  const events = subscription.take();
  if (events !== "behind") return events.flatMap((event) => about(event, topic));
  const now = present(engine, topic);
  return [{ ...EMPTY, kind: "CHANGE", skipped: true, revision: now.pool.revision, environments: now.environments }];
}

/** An event as this topic's readers see it: one object for all of them, so that it can be serialised once. */
const byEvent = new WeakMap<Event, Map<string, WatchMessage>>();

function about(event: Event, topic: Topic): WatchMessage[] {
  const name = "environment" in topic ? topic.environment : undefined;
  const environments = name === undefined ? event.environments : event.environments.filter((status) => status.name === name);
  if (environments.length === 0) return [];
  const known = byEvent.get(event) ?? new Map<string, WatchMessage>();
  byEvent.set(event, known);
  const key = name ?? "";
  const made: WatchMessage = known.get(key) ?? {
    ...EMPTY,
    kind: "CHANGE",
    revision: event.revision,
    environments,
    ...(event.cause && { cause: event.cause }),
  };
  known.set(key, made);
  return [made];
}

/** Whether something arrived before the heartbeat was due. */
function arrival(subscription: Subscription, { heartbeat, signal }: WatchOptions): Promise<boolean> {
  return new Promise((resolve) => {
    const done = (arrived: boolean) => {
      clearTimeout(timer);
      subscription.onArrival(undefined);
      signal.removeEventListener("abort", aborted);
      resolve(arrived);
    };
    const aborted = () => done(false);
    const timer = setTimeout(() => done(false), heartbeat);
    subscription.onArrival(() => done(true));
    if (signal.aborted) done(false);
    else signal.addEventListener("abort", aborted);
  });
}
