import type { EnvironmentStatus, Event } from "../../core/event.ts";
import { eventsOf, type ParsedEvents } from "../sqlite/bodies.ts";
import type { Entry, Part } from "./history.ts";

/** The entries of a part of the log, in order. Events that the history does not keep, as those of older versions, have none. */
export function entriesOf(part: Pick<Part, "text">): Entry[] {
  return eventsIn(part).flatMap(entriesOfEvent);
}

/** The events of a part of the log, in order. */
export function eventsIn({ text }: Pick<Part, "text">): readonly Event[] {
  const rows: readonly (readonly [pool: string, body: ParsedEvents])[] = JSON.parse(`[${text}]`);
  return rows.flatMap(([pool, body]) => eventsOf(body, pool));
}

/** One for each environment concerned; one for a lease that has none yet. */
export function entriesOfEvent(event: Event): Entry[] {
  const { revision, at, pool, environments, cause, kind, by, subject, capacityBefore } = event;
  if (kind === undefined) return [];
  const told = { revision, at, kind, pool, ...(by && { by }) };
  if (subject !== undefined) return [{ ...told, subject, environment: "", ...event.named, reason: event.note ?? inWords(event.fields) }];
  if (cause === undefined)
    return environments.map((status) => ({
      ...{ ...told, environment: status.name, state: status.state, capacity: status.capacity, reason: reasonOf(event, status) },
      ...(capacityBefore !== undefined && { capacityBefore }),
    }));
  const { leaseId: lease, holder, principal = "", principalLabel, createdAt, grantedAt, slots } = cause;
  const { reason = event.notAfter === undefined ? "" : `not_after: ${new Date(event.notAfter / 1_000).toISOString()}` } = cause;
  const label = principalLabel === undefined ? {} : { principalLabel };
  const of = { lease, holder, principal, ...label, reason, ...(createdAt && { createdAt }), ...(grantedAt && { grantedAt }) };
  if (environments.length === 0) return [{ ...told, ...of, environment: "" }];
  return environments.map(({ name }, index) => ({ ...told, ...of, environment: name, slots: slots?.[index] ?? 1 }));
}

/** Why an environment is as it is after a change. */
function reasonOf({ kind, fields }: Event, { facts = {}, stateReason }: EnvironmentStatus): string {
  if (kind === "STATE_CHANGED") return stateReason;
  if (kind === "FACTS_CHANGED")
    return Object.entries(facts)
      .map(([name, { value }]) => `${name}=${value}`)
      .join(", ");
  return inWords(fields);
}

function inWords(fields: readonly string[] = []): string {
  return fields.map(snake).join(", ");
}

/** A field's name as the contract has it. */
function snake(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
