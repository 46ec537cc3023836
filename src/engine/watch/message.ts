import type { Cause, EnvironmentStatus, Event } from "../../core/event.ts";
import type { Pool } from "../../core/model/pool.ts";
import type { Revision } from "../../core/model/units.ts";
import type { Topic } from "./subscription.ts";

/** A message of a watch: rule 10 of docs/contract.md. */
export interface WatchMessage {
  readonly kind: "SNAPSHOT" | "CHANGE" | "HEARTBEAT";
  readonly revision: Revision;
  readonly reset: boolean;
  readonly skipped: boolean;
  readonly environments: readonly EnvironmentStatus[];
  readonly cause?: Cause;
}

/** What most messages don't have. */
export const EMPTY = { reset: false, skipped: false, environments: [] } as const;

/** Messages that are the same for all readers, by the version of a pool or the event that they are made of. */
const messages = new WeakMap<Pool | Event, Map<string, WatchMessage>>();

/** The message that was made before with the same content, or else this one. */
export function shared(of: Pool | Event, key: string, message: WatchMessage): WatchMessage {
  const known = messages.get(of) ?? new Map<string, WatchMessage>();
  const before = known.get(key);
  if (before !== undefined && sameItems(before.environments, message.environments)) return before;
  messages.set(of, known.set(key, message));
  return message;
}

function sameItems<T>(some: readonly T[], others: readonly T[]): boolean {
  return some === others || (some.length === others.length && some.every((item, index) => item === others[index]));
}

/** What tells a topic's messages from those of others about the same pool or event. */
export function keyOf(topic: Topic): string {
  return "pool" in topic ? "" : topic.environment;
}

/** An event as the topic's readers see it. */
export function changeOf(event: Event, topic: Topic): WatchMessage {
  const all = "pool" in topic || event.environments.length === 1;
  const key = all ? "" : keyOf(topic);
  const known = messages.get(event)?.get(key);
  if (known !== undefined) return known;
  const { revision, cause } = event;
  const environments = all ? event.environments : event.environments.filter((status) => status.name === key);
  return shared(event, key, { ...EMPTY, kind: "CHANGE", revision, environments, ...(cause && { cause }) });
}
