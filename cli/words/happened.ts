/** What is said of events that have happened. */
import { type Timestamp, timestampDate, timestampMs } from "@bufbuild/protobuf/wkt";
import { type Event, EventKind, EventKindSchema } from "../../gen/ts/callme/v1/insight_service_pb.ts";
import { type EndedBy, EnvironmentStateSchema, HolderKindSchema } from "../../gen/ts/callme/v1/types_pb.ts";
import { clockTime } from "./clock.ts";
import { csvRow } from "./csv.ts";
import { spell } from "./duration.ts";
import { nameOf, onBehalfOf, spoken } from "./phrases.ts";
import type { Row } from "./table.ts";

/** The row of an event: when, what, how long it took, of whom; `everywhere`: which environment is told, too. */
export function eventRow(event: Event, everywhere: boolean): Row {
  const { time, environment, holder, principal, leaseId, reason, subject } = event;
  const who = holder === undefined ? doerOf(event.by) : nameOf(event, principal);
  const cells = [time ? clockTime(time) : "", whatOf(event), ...(everywhere ? [environment || subject] : []), tookOf(event), who];
  const about = everywhere && environment === "" ? "" : subject;
  return {
    cells,
    details: [about, onBehalfOf(event), reason, byOf(event), traceOf(event.by), holder?.runUrl ?? "", leaseId && `lease ${leaseId}`].filter(
      Boolean,
    ),
  };
}

/** Who did something: the label, and the principal beside it, which nobody else can have. */
function doerOf(by: EndedBy | undefined): string {
  return by === undefined ? "" : nameOf(by, by.principal);
}

/** From where it was done, and what was proven of who did it. */
function traceOf(by: EndedBy | undefined): string {
  const claims = Object.entries(by?.claims ?? {}).map(([name, value]) => `${name}=${value}`);
  return [by?.address ? `from ${by.address}` : "", ...claims].filter(Boolean).join(" ");
}

/** "granted", "state changed to draining". */
function whatOf({ kind, state }: Event): string {
  const what = spoken(EventKindSchema, kind).replace("environment ", "");
  return kind === EventKind.STATE_CHANGED ? `${spoken(EnvironmentStateSchema, state)}` : what;
}

/** How long it was held, or had waited. */
function tookOf({ kind, time, createdAt, grantedAt }: Event): string {
  if (kind === EventKind.GRANTED) return between("waited", createdAt, grantedAt ?? time);
  return grantedAt === undefined ? "" : between("held", grantedAt, time);
}

function between(word: string, from: Timestamp | undefined, to: Timestamp | undefined): string {
  const length = from === undefined || to === undefined ? 0 : timestampMs(to) - timestampMs(from);
  return length < 50 ? "" : `${word} ${spell(length)}`;
}

/** Who ended it, where that was not who had it. */
function byOf({ by, principal, leaseId, holder }: Event): string {
  if (by === undefined || holder === undefined) return "";
  const isOwn = by.leaseId === "" ? by.principal === principal : by.leaseId === leaseId;
  return isOwn ? "" : `by ${doerOf(by)}`;
}

/** The row of who held something at a time, from when to when. */
export function heldRow(event: Event, everywhere: boolean): Row {
  const { environment, holder, principal, grantedAt, time, kind, leaseId, reason } = event;
  const since = grantedAt ? clockTime(grantedAt) : "";
  const until = kind === EventKind.GRANTED || time === undefined ? "now" : clockTime(time);
  const how = kind === EventKind.GRANTED ? "" : spoken(EventKindSchema, kind);
  const cells = [since, until, how, ...(everywhere ? [environment] : []), nameOf(event, principal)];
  return { cells, details: [onBehalfOf(event), reason, holder?.runUrl ?? "", `lease ${leaseId}`].filter(Boolean) };
}

/** The names of a CSV file's columns. */
export const EVENT_COLUMNS: readonly string[] = [
  ...["time", "kind", "pool", "environment", "slots", "lease_id", "holder", "holder_kind", "run_url", "repository", "ref", "sha", "job"],
  ...["actor", "principal", "by", "reason", "created_at", "granted_at", "state", "capacity", "revision"],
  ...["principal_label", "subject", "by_principal", "by_label", "by_lease_id", "by_address", "by_claims"],
];

/** An event as a row of a CSV file; times are UTC. */
export function eventCsv(event: Event, logged: boolean): string {
  const { holder, by } = event;
  const at = (time: Timestamp | undefined) => (time === undefined ? "" : timestampDate(time).toISOString());
  const number = (value: number) => (value === 0 ? "" : `${value}`);
  const kind = spoken(EventKindSchema, event.kind).replaceAll(" ", "_").toUpperCase();
  const state = event.state === 0 ? "" : spoken(EnvironmentStateSchema, event.state).toUpperCase();
  return csvRow(
    [
      ...[at(event.time), kind, event.pool, event.environment, number(event.slots), event.leaseId],
      ...[holder?.name ?? "", holder ? spoken(HolderKindSchema, holder.kind) : "", holder?.runUrl ?? "", holder?.repository ?? ""],
      ...[holder?.ref ?? "", holder?.sha ?? "", holder?.job ?? "", holder?.actor ?? "", event.principal],
      ...[by ? nameOf({ holder: by.holder }, by.principal) : "", event.reason, at(event.createdAt), at(event.grantedAt)],
      ...[state, number(event.capacity), `${event.revision}`],
      ...[event.principalLabel, event.subject, by?.principal ?? "", by?.principalLabel ?? "", by?.leaseId ?? "", by?.address ?? ""],
      ...[claimsOf(by)],
    ],
    logged,
  );
}

function claimsOf(by: EndedBy | undefined): string {
  const claims = by?.claims ?? {};
  return Object.keys(claims).length === 0 ? "" : JSON.stringify(claims);
}
