/** InsightService: each method once, `(message, call) → message`. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import * as pb from "../../../gen/ts/callme/v1/insight_service_pb.ts";
import { EnvironmentState } from "../../../gen/ts/callme/v1/types_pb.ts";
import type { Identity } from "../../access/identity.ts";
import type { EventKind } from "../../core/event.ts";
import { limits } from "../../core/limits.ts";
import type { EndedBy } from "../../core/model/lease.ts";
import type { Micros } from "../../core/model/units.ts";
import type { Entry, Filter, GroupBy, Spread, StatsRow } from "../../store/history/history.ts";
import { badField } from "../errors.ts";
import { hiding, sightOf } from "../sight.ts";
import type { Call, Service } from "./call.ts";
import { endedByOf, holderOf } from "./convert.ts";
import { choice, duration, show, time } from "./fields.ts";
import { pageSize, readToken, writeToken } from "./page.ts";
import { durationOf, timestampOf } from "./times.ts";

const GROUPS: Partial<Record<pb.GroupBy, GroupBy>> = {
  [pb.GroupBy.UNSPECIFIED]: "ENVIRONMENT",
  [pb.GroupBy.ENVIRONMENT]: "ENVIRONMENT",
  [pb.GroupBy.POOL]: "POOL",
  [pb.GroupBy.REPOSITORY]: "REPOSITORY",
  [pb.GroupBy.LABEL]: "LABEL",
};

export async function listEvents(
  { chronicle }: Service,
  request: pb.ListEventsRequest,
  call: Call,
): Promise<MessageInitShape<typeof pb.ListEventsResponseSchema>> {
  const size = pageSize(request.pageSize);
  const token = readToken(request.pageToken, 1, ([position]) => Number.isSafeInteger(Number(position)));
  const filter = seenBy(call.caller, readFilter(request.filter));
  const page = await chronicle.list(filter, size, token === undefined ? undefined : Number(token[0]), call);
  return {
    events: page.entries.map((entry) => eventMessage(entry, call.caller)),
    nextPageToken: page.next === undefined ? "" : writeToken([String(page.next)]),
    coversFrom: timestampOf(page.coversFrom),
  };
}

export async function getStats(
  { engine, chronicle }: Service,
  request: pb.GetStatsRequest,
  call: Call,
): Promise<MessageInitShape<typeof pb.GetStatsResponseSchema>> {
  const { since, until, ...filter } = seenBy(call.caller, readFilter(request.filter));
  if (filter.kinds.length > 0) throw badField("filter.kinds", "the figures are of all kinds; leave it out");
  if (filter.subject !== undefined) throw badField("filter.subject", "the figures are of leases, which have none; leave it out");
  if (filter.heldAt !== undefined) throw badField("filter.held_at", "the figures are of a time; give window, or since and until");
  const window = duration("window", request.window, limits.window) ?? limits.window.default;
  if (request.window !== undefined && since !== undefined) throw badField("window", "filter.since says where it begins; give one of them");
  const to = Math.min(until ?? Number.POSITIVE_INFINITY, engine.views.now());
  const from = since ?? to - window;
  if (from >= to) throw badField("filter.since", "nothing lies between it and until, or now; give an earlier time");
  const groupBy = choice("group_by", request.groupBy, GROUPS);
  if (groupBy === "LABEL" && request.labelKey === "") throw badField("label_key", "is missing: which label GROUP_BY_LABEL goes by");
  if (groupBy !== "LABEL" && request.labelKey !== "")
    throw badField("label_key", `${show(request.labelKey)} is given, but group_by is not GROUP_BY_LABEL`);
  const rows = await chronicle.stats({ filter, from, to, groupBy, label: request.labelKey }, call);
  // Repositories are what callers say, and names made on demand come and go: what is answered must be bounded all the same.
  if (rows.length > limits.statsRows)
    throw badField("group_by", `gives more than ${limits.statsRows} rows; give filter.pool or a shorter window, or group by pool or label`);
  return { rows: rows.map(rowMessage) };
}

/** Only what the caller sees. What happened to the server itself is for who may do everything with it. */
function seenBy(caller: Identity, filter: Filter): Filter {
  const server = caller.rights.mayAll("ADMIN");
  const sight = sightOf(caller);
  if (sight === undefined && server) return filter;
  return { ...filter, seen: { patterns: sight?.patterns ?? ["*"], principal: caller.principal, server } };
}

function readFilter(filter: pb.EventFilter | undefined): Filter {
  const { pool = "", environment = "", leaseId = "", holder = "", principal = "", subject = "", kinds = [] } = filter ?? {};
  const moment = (field: string, value: pb.EventFilter["since"]) => value && time(`filter.${field}`, value);
  const [since, until, heldAt] = [moment("since", filter?.since), moment("until", filter?.until), moment("held_at", filter?.heldAt)];
  return {
    ...(pool === "" ? {} : { pool }),
    ...(environment === "" ? {} : { environment }),
    ...(leaseId === "" ? {} : { lease: leaseId }),
    ...(holder === "" ? {} : { holder }),
    ...(principal === "" ? {} : { principal }),
    ...(subject === "" ? {} : { subject }),
    kinds: kinds.map((kind, index) => kindOf(`filter.kinds[${index}]`, kind)),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...(heldAt === undefined ? {} : { heldAt }),
  };
}

/** The values of the contract are called as the core calls them. */
const KINDS: Readonly<Record<EventKind, pb.EventKind>> = pb.EventKind;

function kindOf(field: string, value: pb.EventKind): EventKind {
  const meanings = Object.fromEntries(Object.entries(KINDS).map(([kind, number]) => [number, kind]));
  return choice(field, value, value === pb.EventKind.UNSPECIFIED ? {} : meanings) as EventKind;
}

function eventMessage(entry: Entry, caller: Identity): MessageInitShape<typeof pb.EventSchema> {
  const { at, holder, by, createdAt, grantedAt, state } = entry;
  return {
    revision: BigInt(entry.revision),
    time: timestampOf(at),
    kind: KINDS[entry.kind],
    pool: entry.pool,
    environment: entry.environment,
    leaseId: entry.lease ?? "",
    ...(holder && { holder: holderOf(holder) }),
    principal: entry.principal ?? "",
    principalLabel: entry.principalLabel ?? "",
    subject: entry.subject ?? "",
    ...(by && { by: endedByOf(told(by, entry, caller)) }),
    // It names what cannot be had, which may be something else.
    reason: entry.kind === "UNSATISFIABLE" && hiding(caller, entry) !== undefined ? "" : entry.reason,
    slots: entry.slots ?? 0,
    ...(createdAt !== undefined && { createdAt: timestampOf(createdAt) }),
    ...(grantedAt !== undefined && { grantedAt: timestampOf(grantedAt) }),
    ...(state && { state: EnvironmentState[state] }),
    capacity: entry.capacity ?? 0,
  };
}

/** From where somebody has called, and what was proven of them, is for themselves and for who operates what it was done to. */
function told(by: EndedBy, { pool, environment }: Entry, { principal, rights }: Identity): EndedBy {
  const operates = environment === "" ? rights.mayPool("OPERATE", pool) : rights.may("OPERATE", pool, environment);
  if (operates || by.principal === principal) return by;
  const { address: _, claims: __, ...bare } = by;
  return bare;
}

function rowMessage(row: StatsRow): MessageInitShape<typeof pb.StatsRowSchema> {
  return {
    key: row.key,
    grants: BigInt(row.grants),
    utilisation: row.utilisation,
    ...(row.wait.count > 0 && { wait: spreadMessage(row.wait) }),
    ...(row.hold.count > 0 && { hold: spreadMessage(row.hold) }),
    expired: BigInt(row.expired),
    forced: BigInt(row.forced),
    abandoned: BigInt(row.abandoned),
    coversFrom: timestampOf(row.coversFrom),
  };
}

function spreadMessage({ p50, p95, max }: Spread): MessageInitShape<typeof pb.SpreadSchema> {
  const whole = (micros: Micros) => durationOf(Math.round(micros));
  return { p50: whole(p50), p95: whole(p95), max: whole(max) };
}
