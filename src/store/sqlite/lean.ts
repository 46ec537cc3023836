/**
 * The bodies of rows say what is particular: what most leases and events have in common is left out, and so is what other columns say. A
 * body that says all of it, as older ones do, reads the same.
 */
import type { Cause, EnvironmentStatus, Event, Occupant } from "../../core/event.ts";
import type { Holder, LastUse, Lease, Micros, Revision } from "../../core/model.ts";

const HOLDER: Holder = { name: "", kind: "PIPELINE", runUrl: "", repository: "", ref: "", sha: "", job: "", actor: "" };
const LEASE = { endNote: "", reason: "", tags: [], priority: 0, graced: false, fingerprint: "", legacy: false } as const;
/** What has a column of its own. */
const COLUMNS: ReadonlySet<string> = new Set(["id", "pool", "state", "createdAt", "endedAt"]);
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
const NOTHING: ReadonlySet<string> = new Set();

/** A value without what is usual for it, and without some of its keys. */
function lean<T extends object>(value: T, usual: object, without = NOTHING): Partial<T> {
  const common = usual as Partial<T>;
  const particular: Partial<T> = {};
  for (const key in value) if (!without.has(key) && !isUsual(value[key], common[key])) particular[key] = value[key];
  return particular;
}

function isUsual(value: unknown, usual: unknown): boolean {
  return value === usual || (Array.isArray(usual) && Array.isArray(value) && value.length === usual.length);
}

/** The body of a lease's row. */
export function bodyOfLease(lease: Lease): string {
  const body: Partial<Record<keyof Lease, unknown>> = lean(lease, LEASE, COLUMNS);
  body.holder = lean(lease.holder, HOLDER);
  return JSON.stringify(body);
}

/** The lease of a row, whose other columns say the rest. */
export function leaseOfBody(
  body: string,
  columns: Pick<Lease, "id" | "pool" | "state" | "createdAt"> & { readonly endedAt?: Micros },
): Lease {
  const lease = JSON.parse(body);
  return { ...LEASE, ...lease, ...columns, holder: { ...HOLDER, ...lease.holder } };
}

/** The holders that a body has told of: whoever is named again there is told by id alone. */
type Known = Map<string, Holder>;
type Named = Pick<Cause, "leaseId" | "holder">;

/** The bodies of rows of events, which are of one pool: some in each, so that a reader who wants the last of them does not read them all. */
export function* bodiesOfEvents(events: readonly Event[]): Generator<{ readonly body: string; readonly events: readonly Event[] }> {
  for (let from = 0; from < events.length; ) {
    const known: Known = new Map();
    const parts: string[] = [];
    for (let bytes = 0; bytes < BYTES && parts.length < EVENTS; ) {
      const event = events[from + parts.length];
      if (event === undefined) break;
      const part = JSON.stringify(leanEvent(event, known));
      parts.push(part);
      bytes += part.length;
    }
    yield { body: `[${parts.join(",")}]`, events: events.slice(from, from + parts.length) };
    from += parts.length;
  }
}

function leanEvent({ revision, at, pool, environments, cause }: Event, known: Known): object {
  return {
    revision,
    ...(at !== revision && { at }),
    environments: environments.map((status) => leanStatus(status, pool, known)),
    ...(cause && { cause: leanNamed(cause, {}, known) }),
  };
}

function leanStatus(status: EnvironmentStatus, pool: string, known: Known): object {
  const body: Partial<Record<keyof EnvironmentStatus, unknown>> = lean(status, QUIET);
  if (status.pool === pool) delete body.pool;
  if (status.holders.length > 0) body.holders = status.holders.map((holder) => leanNamed(holder, OCCUPANT, known));
  if (status.next !== undefined) body.next = leanNamed(status.next, OCCUPANT, known);
  const { rest } = status;
  if (rest?.from !== undefined) body.rest = { ...rest, from: leanNamed(rest.from, {}, known) };
  return body;
}

function leanNamed<T extends Named>(named: T, usual: object, known: Known): object {
  const body: Partial<Record<keyof T, unknown>> = lean(named, usual);
  if (known.get(named.leaseId) === named.holder) delete body.holder;
  else body.holder = lean(named.holder, HOLDER);
  known.set(named.leaseId, named.holder);
  return body;
}

/** An event and a status as they are in a body. */
interface LeanEvent {
  readonly revision: Revision;
  readonly at?: Micros;
  readonly environments: readonly LeanStatus[];
  readonly cause?: LeanNamed<Cause>;
}
type LeanStatus = Omit<Partial<EnvironmentStatus>, "holders" | "next" | "rest"> &
  Pick<EnvironmentStatus, "name"> & {
    readonly holders?: readonly LeanNamed<Occupant>[];
    readonly next?: LeanNamed<Occupant>;
    readonly rest?: { readonly until: Micros; readonly from?: LeanNamed<LastUse> };
  };
type LeanNamed<T extends Named> = Omit<T, "holder"> & { readonly holder?: Partial<Holder> };

/** The events of a row of that pool. An older one is one event. */
export function eventsOfBody(body: string, pool: string): readonly Event[] {
  const known: Known = new Map();
  const found: LeanEvent | readonly LeanEvent[] = JSON.parse(body);
  return [found].flat().map((event) => fullEvent(event, pool, known));
}

function fullEvent({ revision, at = revision, environments, cause }: LeanEvent, pool: string, known: Known): Event {
  const statuses = environments.map((status) => fullStatus(status, pool, known));
  return { revision, at, pool, environments: statuses, ...(cause && { cause: full(cause, known) }) };
}

function fullStatus({ holders = [], next, rest, ...status }: LeanStatus, pool: string, known: Known): EnvironmentStatus {
  return {
    ...{ ...QUIET, pool, ...status },
    holders: holders.map((holder) => ({ ...OCCUPANT, ...full(holder, known) })),
    ...(next && { next: { ...OCCUPANT, ...full(next, known) } }),
    ...(rest && { rest: { until: rest.until, ...(rest.from && { from: full(rest.from, known) }) } }),
  };
}

function full<T extends Named>({ holder, ...named }: LeanNamed<T>, known: Known): Omit<T, "holder"> & { readonly holder: Holder } {
  const told = holder === undefined ? known.get(named.leaseId) : undefined;
  const whole = told ?? { ...HOLDER, ...holder };
  known.set(named.leaseId, whole);
  return { ...(named as Omit<T, "holder">), holder: whole };
}
