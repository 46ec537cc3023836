/**
 * The bodies of rows say what is particular: what most leases and events have in common is left out, and so is what other columns say. A
 * body that says all of it, as older ones do, reads the same.
 */
import type { Cause, EnvironmentStatus, Event, Occupant, Reservation } from "../../core/event.ts";
import type { Fact, Labels, LastUse, StoredEnvironment } from "../../core/model/environment.ts";
import type { EndedBy, Holder, Lease } from "../../core/model/lease.ts";
import type { Micros, Revision } from "../../core/model/units.ts";
import { fullRecord, type LeanRecord, leanRecord } from "./record.ts";

const HOLDER: Holder = { name: "", kind: "PIPELINE", runUrl: "", repository: "", ref: "", sha: "", job: "", actor: "" };
const LEASE = { endNote: "", reason: "", tags: [], priority: 0, graced: false, fingerprint: "", legacy: false } as const;
const OCCUPANT = { reason: "", state: "HELD" } as const;
const QUIET = {
  state: "AVAILABLE",
  stateReason: "",
  capacity: 1,
  used: 0,
  resting: 0,
  queueLength: 0,
  available: false,
  holders: [],
} as const;
/** How many events are in one row at most, and from how many bytes on there are no more. */
const EVENTS = 32;
const BYTES = 64 * 1024;

/** What a lease has columns of its own for. */
type Columns = "id" | "pool" | "state" | "createdAt" | "endedAt";
/** Every key is spelt out: an object of one shape becomes JSON in half the time that it takes to leave keys out of a copy. */
type Bare<T, Without extends keyof T = never> = Readonly<Record<Exclude<keyof T, Without>, unknown>>;

/** Nothing, which JSON leaves out, in place of what is usual. */
function unless<T>(value: T, usual: T): T | undefined {
  return value === usual ? undefined : value;
}

function unlessEmpty<T>(values: readonly T[]): readonly T[] | undefined {
  return values.length === 0 ? undefined : values;
}

function bareHolder({ name, kind, runUrl, repository, ref, sha, job, actor, proven }: Holder): Bare<Holder> {
  return {
    name: unless(name, HOLDER.name),
    kind: unless(kind, HOLDER.kind),
    runUrl: unless(runUrl, HOLDER.runUrl),
    repository: unless(repository, HOLDER.repository),
    ref: unless(ref, HOLDER.ref),
    sha: unless(sha, HOLDER.sha),
    job: unless(job, HOLDER.job),
    actor: unless(actor, HOLDER.actor),
    proven,
  };
}

/** The body of a lease's row. */
export function bodyOfLease(lease: Lease): string {
  const body: Bare<Lease, Columns> = {
    needs: lease.needs,
    holder: bareHolder(lease.holder),
    principal: lease.principal,
    principalLabel: lease.principalLabel,
    quotas: lease.quotas,
    reason: unless(lease.reason, LEASE.reason),
    tags: unlessEmpty(lease.tags),
    priority: unless(lease.priority, LEASE.priority),
    ttl: lease.ttl,
    maxHold: lease.maxHold,
    asked: lease.asked,
    ticketTtl: lease.ticketTtl,
    claimTimeout: lease.claimTimeout,
    queueTimeout: lease.queueTimeout,
    notBefore: lease.notBefore,
    notAfter: lease.notAfter,
    autoClaim: lease.autoClaim,
    early: lease.early,
    supersedeKey: lease.supersedeKey,
    cancelRequested: lease.cancelRequested,
    notify: lease.notify,
    supersededBy: lease.supersededBy,
    requestId: lease.requestId,
    fingerprint: unless(lease.fingerprint, LEASE.fingerprint),
    legacy: unless(lease.legacy, LEASE.legacy),
    failing: lease.failing,
    transient: lease.transient,
    calls: lease.calls,
    cleaning: lease.cleaning,
    sequence: lease.sequence,
    revision: lease.revision,
    grantedAt: lease.grantedAt,
    heldAt: lease.heldAt,
    deadline: lease.deadline,
    fencingToken: lease.fencingToken,
    graced: unless(lease.graced, LEASE.graced),
    passedOver: lease.passedOver,
    told: lease.told,
    endReason: lease.endReason,
    endNote: unless(lease.endNote, LEASE.endNote),
    endedBy: lease.endedBy,
  };
  return JSON.stringify(body);
}

/** The lease of a row, whose other columns say the rest. */
export function leaseOfBody(body: string, columns: Pick<Lease, Columns>): Lease {
  const lease = JSON.parse(body);
  return { ...LEASE, ...lease, ...columns, holder: { ...HOLDER, ...lease.holder } };
}

/** The body of an environment's row: a lease that has told several facts is named once. */
export function bodyOfEnvironment({ facts, ...environment }: StoredEnvironment): string {
  const known: Known = new Map();
  const bare = facts && mapValues(facts, (fact) => ({ ...fact, holder: newHolder(fact, known) }));
  return JSON.stringify({ ...environment, facts: bare });
}

/** The environment of a row; all facts of a lease have the same holder. */
export function environmentOfBody(body: string): StoredEnvironment {
  const { facts, ...environment }: Omit<StoredEnvironment, "facts"> & Pick<LeanStatus, "facts"> = JSON.parse(body);
  const known: Known = new Map();
  return facts === undefined ? environment : { ...environment, facts: mapValues(facts, (fact) => full(fact, known)) };
}

/** The holders that a body has told of: whoever is named again there is told by id alone. */
type Known = Map<string, Holder>;
type Named = Pick<Cause, "leaseId" | "holder">;

/**
 * The body of a row of events, from one on: of its pool, and not too many, so that a reader who wants the last of them does not read them
 * all. `to`: the first that is not in it.
 */
export function bodyOfEvents(events: readonly Event[], from: number): { readonly body: string; readonly to: number } {
  const known: Known = new Map();
  let [body, to] = ["", from];
  for (let event = events[to]; event !== undefined && event.pool === events[from]?.pool; event = events[++to]) {
    if (to - from >= EVENTS || body.length >= BYTES) break;
    body += `${to === from ? "[" : ","}${JSON.stringify(bareEvent(event, known))}`;
  }
  return { body: `${body}]`, to };
}

function bareEvent(event: Event, known: Known): Record<string, unknown> {
  const { revision, pool, cause } = event;
  const { kind, by, from, claims, principal, label, asked, granted } = leanRecord(event);
  return {
    revision,
    at: unless(event.at, revision),
    environments: event.environments.map((status) => bareStatus(status, pool, known)),
    cause: cause && bareCause(cause, known),
    kind,
    by:
      typeof by !== "object" || by.lease === undefined || by.holder === undefined
        ? by
        : { ...by, holder: newHolder({ leaseId: by.lease, holder: by.holder }, known) },
    from,
    claims,
    principal,
    label,
    asked,
    granted,
    fields: event.fields,
    capacityBefore: event.capacityBefore,
    labelsBefore: event.labelsBefore,
    subject: event.subject,
    notAfter: event.notAfter,
    named: event.named,
    note: event.note,
  };
}

function bareCause(cause: Cause, known: Known): Bare<Cause, "principal" | "principalLabel" | "createdAt" | "grantedAt"> {
  return {
    leaseId: cause.leaseId,
    state: cause.state,
    endReason: cause.endReason,
    holder: newHolder(cause, known),
    reason: cause.reason,
    slots: cause.slots,
    notify: cause.notify,
  };
}

function bareStatus(status: EnvironmentStatus, pool: string, known: Known): Bare<EnvironmentStatus, "left"> {
  const { holders, next, nextReservation, rest } = status;
  return {
    name: status.name,
    pool: unless(status.pool, pool),
    state: unless(status.state, QUIET.state),
    stateReason: unless(status.stateReason, QUIET.stateReason),
    stateUntil: status.stateUntil,
    labels: status.labels,
    capacity: unless(status.capacity, QUIET.capacity),
    used: unless(status.used, QUIET.used),
    resting: unless(status.resting, QUIET.resting),
    queueLength: unless(status.queueLength, QUIET.queueLength),
    available: unless(status.available, QUIET.available),
    holders: unlessEmpty(holders)?.map((occupant) => bareOccupant(occupant, known)),
    next: next && bareOccupant(next, known),
    nextReservation: nextReservation && { ...nextReservation, holder: newHolder(nextReservation, known) },
    rest: rest?.from === undefined ? rest : { ...rest, from: { ...rest.from, holder: newHolder(rest.from, known) } },
    facts: status.facts && mapValues(status.facts, (fact) => ({ ...fact, holder: newHolder(fact, known) })),
    deleted: status.deleted,
  };
}

function mapValues<V, W>(values: Readonly<Record<string, V>>, change: (value: V) => W): Record<string, W> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value)]));
}

function bareOccupant(occupant: Occupant, known: Known): Bare<Occupant> {
  return {
    leaseId: occupant.leaseId,
    holder: newHolder(occupant, known),
    principal: occupant.principal,
    principalLabel: occupant.principalLabel,
    state: unless(occupant.state, OCCUPANT.state),
    since: occupant.since,
    until: occupant.until,
    latestEnd: occupant.latestEnd,
    reason: unless(occupant.reason, OCCUPANT.reason),
    notBefore: occupant.notBefore,
    cleaning: occupant.cleaning,
    cancelRequested: occupant.cancelRequested,
  };
}

/** Nothing where the holder of that lease was told before. */
function newHolder({ leaseId, holder }: Named, known: Known): Bare<Holder> | undefined {
  if (known.get(leaseId) === holder) return undefined;
  known.set(leaseId, holder);
  return bareHolder(holder);
}

/** An event and a status as they are in a body. */
interface LeanEvent extends Omit<LeanRecord, "by"> {
  readonly revision: Revision;
  readonly at?: Micros;
  readonly environments: readonly LeanStatus[];
  readonly cause?: LeanNamed<Cause>;
  readonly by?: number | (Omit<EndedBy, "holder"> & { readonly holder?: Partial<Holder> });
  readonly fields?: readonly string[];
  readonly capacityBefore?: number;
  readonly labelsBefore?: Labels;
}
type LeanStatus = Omit<Partial<EnvironmentStatus>, "holders" | "next" | "nextReservation" | "rest" | "facts"> &
  Pick<EnvironmentStatus, "name"> & {
    readonly holders?: readonly LeanNamed<Occupant>[];
    readonly next?: LeanNamed<Occupant>;
    readonly nextReservation?: LeanNamed<Reservation>;
    readonly rest?: { readonly until: Micros; readonly from?: LeanNamed<LastUse> };
    readonly facts?: Readonly<Record<string, LeanNamed<Fact>>>;
  };
type LeanNamed<T extends Named> = Omit<T, "holder"> & { readonly holder?: Partial<Holder> };

/** A body, parsed. An older one is one event. */
export type ParsedEvents = LeanEvent | readonly LeanEvent[];

/** The events of a row of that pool. */
export function eventsOfBody(body: string, pool: string): readonly Event[] {
  return eventsOf(JSON.parse(body), pool);
}

/** The same of a body that was parsed. */
export function eventsOf(found: ParsedEvents, pool: string): readonly Event[] {
  const known: Known = new Map();
  return [found].flat().map((event) => fullEvent(event, pool, known));
}

function fullEvent(lean: LeanEvent, pool: string, known: Known): Event {
  const { revision, at = revision, environments, cause, kind, by, from, claims, principal, label, asked, granted, ...rest } = lean;
  const statuses = environments.map((status) => fullStatus(status, pool, known));
  const whole = cause && full(cause, known);
  const maker = typeof by === "object" ? fullBy(by, known) : by;
  const record = { kind, by: maker, from, claims, principal, label, asked, granted } as LeanRecord;
  return { revision, at, pool, environments: statuses, ...rest, ...fullRecord(record, whole, at, statuses) };
}

function fullBy({ holder, ...by }: Exclude<LeanEvent["by"], number | undefined>, known: Known): EndedBy {
  if (by.lease === undefined) return by;
  return { ...by, holder: full({ leaseId: by.lease, ...(holder && { holder }) }, known).holder };
}

function fullStatus(
  { holders = [], next, nextReservation, rest, facts, ...status }: LeanStatus,
  pool: string,
  known: Known,
): EnvironmentStatus {
  return {
    ...{ ...QUIET, pool, ...status },
    holders: holders.map((holder) => ({ ...OCCUPANT, ...full(holder, known) })),
    ...(next && { next: { ...OCCUPANT, ...full(next, known) } }),
    ...(nextReservation && { nextReservation: full(nextReservation, known) }),
    ...(rest && { rest: { until: rest.until, ...(rest.from && { from: full(rest.from, known) }) } }),
    ...(facts && { facts: mapValues(facts, (fact) => full(fact, known)) }),
  };
}

function full<T extends Named>({ holder, ...named }: LeanNamed<T>, known: Known): Omit<T, "holder"> & { readonly holder: Holder } {
  const told = holder === undefined ? known.get(named.leaseId) : undefined;
  const whole = told ?? { ...HOLDER, ...holder };
  known.set(named.leaseId, whole);
  return { ...(named as Omit<T, "holder">), holder: whole };
}
