/** A pool out of its rows, all at once: a start with 10,000 leases must not cost 10,000 changes of every index. */
import type { Key } from "./access/key.ts";
import { countsNow, deadlineOfLease, dirtyOf, isGranted, quotasOf, unplaced } from "./ledger.ts";
import { placed } from "./line/placing.ts";
import type { StoredEnvironment } from "./model/environment.ts";
import { labelsOfSites } from "./model/labels.ts";
import { type Lease, requestKey } from "./model/lease.ts";
import { isJoint, isSelecting, partsOf } from "./model/needs.ts";
import {
  type Dirty,
  emptyPool,
  emptySite,
  type Idle,
  type Pool,
  type Rank,
  type Site,
  type SlotClaim,
  type Supersedable,
  type Use,
} from "./model/pool.ts";
import { isReadyAmong, rankOf } from "./model/rank.ts";
import { bookingOf } from "./model/reservation.ts";
import { withSeeker } from "./model/seekers.ts";
import { deadlineOf, idleFrom, isIdle } from "./model/site.ts";
import { supersedableOf } from "./model/superseding.ts";
import type { Revision } from "./model/units.ts";

type Entry<K, V> = readonly [K, V];

/** What belongs to one environment, before it is sorted. */
interface Parts {
  readonly environment: StoredEnvironment;
  readonly slots: Entry<number, Use>[];
  readonly occupants: Entry<Revision, string>[];
  readonly line: Entry<Rank, string>[];
  readonly joint: Entry<Rank, string>[];
  readonly passed: Entry<Rank, string>[];
  readonly calendar: Entry<Rank, string>[];
  readonly ready: Entry<Rank, SlotClaim>[];
}

/** The pool that these rows describe: all its environments, and its live leases. */
export function poolOfRows(
  row: Pick<Pool, "name" | "revision" | "at" | "config">,
  environments: readonly StoredEnvironment[],
  leases: readonly Lease[],
  keys: readonly Key[] = [],
): Pool {
  const parts = new Map(environments.map((environment) => [environment.config.name, emptyParts(environment)]));
  for (const lease of leases) take(parts, lease);
  const built = [...parts].map(([name, one]) => [name, siteOfParts(one, row.at)] as const);
  const empty = emptyPool(row.name);
  const timers = [...built.map(([, site]) => deadlineOf(site)), ...leases.map(deadlineOfLease)].filter((timer) => timer !== undefined);
  const requests = leases.flatMap((lease): Entry<string, string>[] =>
    lease.requestId === undefined ? [] : [[requestKey(lease.principal, lease.pool, lease.requestId), lease.id]],
  );
  const idle = built.flatMap(([environment, { idleSince }]): Entry<Idle, true>[] =>
    idleSince === undefined ? [] : [[{ since: idleSince, environment }, true]],
  );
  const wanting = leases.filter((lease) => lease.state === "QUEUED" && isSelecting(lease));
  const [selecting, later] = [wanting.filter(({ early }) => early !== true), wanting.filter(({ early }) => early === true)];
  const dirty = built.flatMap(([, site]): Entry<Dirty, true>[] => {
    const entry = dirtyOf(site);
    return entry === undefined ? [] : [[entry, true]];
  });
  const supersedable = leases.flatMap((lease): Entry<Supersedable, string>[] => {
    const entry = supersedableOf(lease);
    return entry === undefined ? [] : [[entry, lease.id]];
  });
  const quotas = new Map<string, number>();
  for (const lease of leases.filter((one) => countsNow(one) > 0))
    for (const name of quotasOf(lease)) quotas.set(name, (quotas.get(name) ?? 0) + 1);
  const pool: Pool = {
    ...empty,
    ...row,
    sites: empty.sites.fill(built),
    leases: empty.leases.fill(leases.map((lease) => [lease.id, lease])),
    requests: empty.requests.fill(requests),
    deadlines: empty.deadlines.fill(timers.map((timer) => [timer, true])),
    idle: empty.idle.fill(idle),
    dirty: empty.dirty.fill(dirty),
    waiters: leases.filter((lease) => lease.state === "QUEUED").length,
    supersedable: empty.supersedable.fill(supersedable),
    calendar: empty.calendar.fill(later.map((lease) => [bookingOf(lease), lease.id])),
    selecting: empty.selecting.fill(selecting.map((lease) => [rankOf(lease), unplaced(lease)])),
    labels: labelsOfSites(built.map(([, site]) => site)),
    quotas: empty.quotas.fill([...quotas]),
    keys: empty.keys.fill(keys.map((key) => [key.id, key])),
  };
  const sought = selecting.reduce((next, lease) => withSeeker(next, lease, true), pool);
  return placed(sought, { before: sought, environments: [], arrived: selecting.map((lease) => lease.id) }).pool;
}

function emptyParts(environment: StoredEnvironment): Parts {
  const slots = environment.rests.map(({ index, until }): Entry<number, Use> => [index, { until }]);
  return { environment, slots, occupants: [], line: [], joint: [], passed: [], calendar: [], ready: [] };
}

function take(parts: ReadonlyMap<string, Parts>, lease: Lease): void {
  const partOf = (name: string): Parts => {
    const part = parts.get(name);
    if (part === undefined) throw new Error(`lease ${lease.id} is on ${JSON.stringify(name)}, which is not stored`);
    return part;
  };
  const ready = !isSelecting(lease) && isReadyAmong(lease, (name) => partOf(name).environment);
  const rank = rankOf(lease);
  for (const { environment, slots, indexes } of partsOf(lease)) {
    const part = partOf(environment);
    if (isGranted(lease)) {
      for (const index of indexes) part.slots.push([index, { lease: lease.id }]);
      part.occupants.push([lease.fencingToken ?? 0, lease.id]);
    } else if (lease.early === true) part.calendar.push([bookingOf(lease), lease.id]);
    else {
      (lease.passedOver === true ? part.passed : part.line).push([rank, lease.id]);
      if (lease.passedOver !== true && isJoint(lease)) part.joint.push([rank, lease.id]);
      if (ready) part.ready.push([rank, { lease: lease.id, slots }]);
    }
  }
}

function siteOfParts({ environment: stored, slots, occupants, line, joint, passed, calendar, ready }: Parts, at: number): Site {
  const { rests, ...environment } = stored;
  const empty = emptySite(environment);
  const site: Site = {
    ...empty,
    slots: empty.slots.fill(slots),
    rests: empty.rests.fill(rests.map((rest) => [rest, true])),
    occupants: empty.occupants.fill(occupants),
    line: empty.line.fill(line),
    joint: empty.joint.fill(joint),
    passed: empty.passed.fill(passed),
    calendar: empty.calendar.fill(calendar),
    ready: empty.ready.fill(ready),
  };
  return isIdle(site) ? { ...site, idleSince: idleFrom(site, at) } : site;
}
