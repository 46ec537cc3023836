import type { Cause, EnvironmentStatus, Event } from "../../core/event.ts";
import type { Pool } from "../../core/model/pool.ts";
import type { Micros, Revision } from "../../core/model/units.ts";
import { partIn, type Topic } from "./subscription.ts";

/** A message of a watch: rule 10 of docs/contract.md. */
export interface WatchMessage {
  readonly kind: "SNAPSHOT" | "CHANGE" | "HEARTBEAT";
  readonly revision: Revision;
  readonly reset: boolean;
  readonly skipped: boolean;
  readonly environments: readonly EnvironmentStatus[];
  readonly cause?: Cause;
  /** When it was made, by the store's clock; of a HEARTBEAT for who follows everything. */
  readonly time?: Micros;
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

/** Whether both have the same objects in the same order. */
export function sameItems<T>(some: readonly T[], others: readonly T[]): boolean {
  return some === others || (some.length === others.length && some.every((item, index) => item === others[index]));
}

/** What tells a topic's messages from those of others about the same pool or event. */
export function keyOf(topic: Topic): string {
  if ("environment" in topic) return `=${topic.environment}`;
  return topic.selection === undefined ? "" : `?${topic.selection.text}`;
}

/** An event as the topic's readers see it. */
export function changeOf(event: Event, topic: Topic): WatchMessage {
  const all = "environment" in topic ? event.environments.length === 1 : topic.selection === undefined;
  const key = all ? "" : keyOf(topic);
  const known = messages.get(event)?.get(key);
  if (known !== undefined) return known;
  const { revision } = event;
  // Nobody has moved.
  const cause = event.kind === "EXTENDED" ? undefined : event.cause;
  const environments = all ? event.environments : event.environments.flatMap((status) => toldOf(status, topic, event));
  return shared(event, key, { ...EMPTY, kind: "CHANGE", revision, environments, ...(cause && { cause }) });
}

/** What the topic's readers are told of an environment, if anything. */
function toldOf(status: EnvironmentStatus, topic: Topic, event: Event): EnvironmentStatus | [] {
  if ("environment" in topic) return status.name === topic.environment ? status : [];
  const part = topic.selection && partIn(topic.selection, status, event);
  if (part === undefined) return [];
  return part === "LEFT" ? { ...status, left: true } : status;
}
