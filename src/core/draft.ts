import type { Cause, Event } from "./event.ts";
import { isOutOfService, leaseOf, withEnvironment, withLease, withoutEnvironment } from "./ledger.ts";
import { type Environment, type Lease, type Micros, type Pool, type Revision, requestKey } from "./model.ts";
import { ascending, Sorted } from "./sorted.ts";
import { bareStatus, statusOf } from "./view.ts";

/** A row that a transaction writes; the last one of a key counts. */
export type Row =
  | { readonly kind: "lease"; readonly lease: Lease }
  | { readonly kind: "environment"; readonly environment: Environment }
  | { readonly kind: "deleted"; readonly name: string };

/** Rows that commands name and a pool does not hold, as the store read them under the lock. */
export interface Found {
  /** Ended leases, by id and by request key. */
  lease(id: string): Lease | undefined;
  request(key: string): Lease | undefined;
  /** The pool that an environment belongs to, whichever it is. */
  owner(environment: string): string | undefined;
  /** What the other pools have, for the bounds over all of them. */
  elsewhere(pool: string): Totals;
}

/** How much there is of what limits.ts bounds. */
export interface Totals {
  readonly environments: number;
  readonly leases: number;
  readonly waiters: number;
  /** Pools with an environment. */
  readonly pools: number;
}

/** Where a draft can go back to. */
export interface Mark {
  readonly pool: Pool;
  readonly ended: Sorted<string, Lease>;
  readonly rows: number;
  readonly events: number;
}

/**
 * A pool while commands are decided on it: what they change, for the store (rows) and for people (events). The pool that it began
 * with stays as it was, so a draft that is dropped has never been.
 */
export class Draft {
  pool: Pool;
  /** The time of this transaction. */
  readonly at: Micros;
  readonly #found: Found;
  /** Leases that ended in this draft, by id and by request key. */
  #ended: Sorted<string, Lease> = Sorted.empty(ascending);
  readonly rows: Row[] = [];
  readonly events: Event[] = [];
  /** Environments whose free slots or line changed since the pool was last settled. */
  touched = new Set<string>();

  constructor(pool: Pool, at: Micros, found: Found) {
    this.at = Math.max(at, pool.at);
    this.pool = { ...pool, at: this.at };
    this.#found = found;
  }

  mark(): Mark {
    return { pool: this.pool, ended: this.#ended, rows: this.rows.length, events: this.events.length };
  }

  /** Forgets all since `mark`, which was set in a settled pool. */
  reset(mark: Mark): void {
    this.pool = mark.pool;
    this.#ended = mark.ended;
    this.rows.length = mark.rows;
    this.events.length = mark.events;
    this.touched.clear();
  }

  /** A lease of the pool, live or ended. */
  lease(id: string): Lease | undefined {
    const lease = this.pool.leases.get(id) ?? this.#ended.get(id) ?? this.#found.lease(id);
    return lease?.pool === this.pool.name ? lease : undefined;
  }

  /** The lease that a request key stands for, live or ended. */
  leaseOfRequest(key: string): Lease | undefined {
    const id = this.pool.requests.get(key);
    return id === undefined ? (this.#ended.get(key) ?? this.#found.request(key)) : this.pool.leases.get(id);
  }

  /** The other pool that an environment belongs to, if it does. */
  otherOwner(environment: string): string | undefined {
    const owner = this.pool.sites.has(environment) ? undefined : this.#found.owner(environment);
    return owner === this.pool.name ? undefined : owner;
  }

  /** What there is over all pools, this draft's changes included. */
  totals(): Totals {
    const { sites, leases, waiters, name } = this.pool;
    const others = this.#found.elsewhere(name);
    return {
      environments: others.environments + sites.size,
      leases: others.leases + leases.size,
      waiters: others.waiters + waiters,
      pools: others.pools + Number(sites.size > 0),
    };
  }

  /** Takes the next revision. */
  next(): Revision {
    const revision = Math.max(this.pool.revision + 1, this.at);
    this.pool = { ...this.pool, revision };
    return revision;
  }

  /** Writes a lease; a change of state is an event. */
  putLease(lease: Lease, revision = this.next()): Lease {
    const before = this.pool.leases.get(lease.id);
    const row: Lease = { ...lease, revision };
    this.pool = withLease(this.pool, row);
    this.rows.push({ kind: "lease", lease: row });
    if (before?.state === row.state) return row;
    if (row.state === "ENDED") this.#remember(row);
    const names = row.needs.map((need) => need.environment);
    for (const name of names) this.touched.add(name);
    this.#tell(revision, names, {
      leaseId: row.id,
      state: row.state,
      holder: row.holder,
      ...(row.endReason === undefined ? {} : { endReason: row.endReason }),
    });
    return row;
  }

  /** Writes an environment; `told` makes it an event of its own. */
  putEnvironment(environment: Environment, told: boolean, revision = this.next()): Environment {
    const name = environment.config.name;
    const before = this.pool.sites.get(name);
    const row: Environment = { ...environment, revision };
    this.pool = withEnvironment(this.pool, row);
    this.rows.push({ kind: "environment", environment: row });
    this.touched.add(name);
    if (before !== undefined && isOutOfService(before.environment) !== isOutOfService(row))
      for (const id of before.waiting.values()) for (const need of leaseOf(this.pool, id).needs) this.touched.add(need.environment);
    if (told) this.#tell(revision, [name], undefined);
    return row;
  }

  /** Removes an environment on which nobody is and for which nobody waits. */
  dropEnvironment(environment: Environment): void {
    const revision = this.next();
    this.pool = withoutEnvironment(this.pool, environment);
    this.rows.push({ kind: "deleted", name: environment.config.name });
    const gone = bareStatus({ ...environment, rests: [], config: { ...environment.config, capacity: 0 } });
    this.events.push({ revision, at: this.at, pool: this.pool.name, environments: [gone] });
  }

  #remember(lease: Lease): void {
    this.#ended = this.#ended.set(lease.id, lease);
    if (lease.requestId !== undefined) this.#ended = this.#ended.set(requestKey(lease.principal, lease.pool, lease.requestId), lease);
  }

  #tell(revision: Revision, names: readonly string[], cause: Cause | undefined): void {
    const environments = names.map((name) => statusOf(this.pool, name));
    this.events.push({ revision, at: this.at, pool: this.pool.name, environments, ...(cause && { cause }) });
  }
}
