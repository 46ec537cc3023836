import type { Caller } from "./access/caller.ts";
import type { Key } from "./access/key.ts";
import type { EnvironmentStatus, Event } from "./event.ts";
import type { Found } from "./found.ts";
import { leaseOf, type Rests, withEnvironment, withFitted, withLease, withoutEnvironment, withoutRests } from "./ledger.ts";
import { claimedBy, placed } from "./line/placing.ts";
import { differing } from "./model/differing.ts";
import type { Environment } from "./model/environment.ts";
import { withPostings } from "./model/labels.ts";
import { type EndedBy, type Lease, requestKey, type Want } from "./model/lease.ts";
import { isSelecting, namesOf } from "./model/needs.ts";
import type { Pool } from "./model/pool.ts";
import type { PoolConfig } from "./model/pool-config.ts";
import { isClaimed, isReady } from "./model/rank.ts";
import { isOutOfService, siteOf } from "./model/site.ts";
import { ascending, Sorted } from "./model/sorted.ts";
import type { Micros, Revision } from "./model/units.ts";
import { cancelTale, environmentTale, extendTale, leaseTale, type Tale } from "./tale.ts";
import { type Totals, totalsOf } from "./totals.ts";
import { deletedStatus, statusOf, wouldGrant } from "./view.ts";

/**
 * A row that a transaction writes; the last one of a key counts. An environment is named only: its row is what it is in the draft's pool at
 * the end, and gone if it is not there.
 */
export type Row =
  | { readonly kind: "lease"; readonly lease: Lease }
  | { readonly kind: "environment"; readonly name: string }
  /** The configuration of the pool. */
  | { readonly kind: "config" }
  /** A key: its row is what it is in the draft's pool at the end, and gone if it is not there. */
  | { readonly kind: "key"; readonly id: string };

/** How a lease is written. */
interface Writing {
  /** Its revision, where the next one is not meant. */
  readonly revision?: number | undefined;
  /** Until when the slots that it gives up rest. */
  readonly rest?: Rests | undefined;
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
  /** The pool as it was when those who wait by selector were last placed. */
  #placed: Pool;
  /** Leases that ended in this draft, by id and by request key. */
  #ended: Sorted<string, Lease> = Sorted.empty(ascending);
  /** Who calls for what is executed; nobody for what comes by itself. */
  caller: Caller | undefined;
  readonly rows: Row[] = [];
  readonly events: Event[] = [];
  /** Environments whose free slots or line changed since the pool was last settled. */
  readonly touched = new Set<string>();
  /** Leases that have become ready since then. */
  readonly arrived = new Set<string>();
  /** Environments that were touched since claims were last told of. */
  readonly #moved: string[] = [];

  constructor(pool: Pool, at: Micros, found: Found) {
    this.at = Math.max(at, pool.at);
    this.pool = { ...pool, at: this.at };
    this.#placed = this.pool;
    this.#found = found;
  }

  mark(): Mark {
    return { pool: this.pool, ended: this.#ended, rows: this.rows.length, events: this.events.length };
  }

  /** Forgets all since `mark`, which was set in a settled pool. */
  reset(mark: Mark): void {
    this.pool = mark.pool;
    this.#placed = mark.pool;
    this.#ended = mark.ended;
    this.rows.length = mark.rows;
    this.events.length = mark.events;
    this.touched.clear();
    this.arrived.clear();
  }

  /** Has what the selectors of a request read kept in order from now on. Whatever becomes of it: another one will ask for the same. */
  index(request: { readonly needs: readonly Want[] }): void {
    for (const need of request.needs) if ("selector" in need) this.pool = withPostings(this.pool, need.selector);
  }

  /** Places those who wait by selector, for what has changed; whom it serves, or moves out of the way of others, is looked at. */
  place(): void {
    if (this.pool.selecting.size > 0) {
      const unplaced = { before: this.#placed, environments: this.touched, arrived: this.arrived };
      const { pool, moved, served } = placed(this.pool, unplaced);
      this.pool = pool;
      for (const name of moved) this.touched.add(name);
      for (const id of served) this.arrived.add(id);
    }
    this.#placed = this.pool;
  }

  /** The line has been served. */
  settled(): void {
    for (const name of this.touched) {
      this.pool = withFitted(this.pool, name);
      this.#moved.push(name);
    }
    this.touched.clear();
    this.arrived.clear();
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

  /** Who a caller is, for the record. */
  identity(by: Caller): EndedBy {
    const lease = by.lease === undefined ? undefined : this.lease(by.lease);
    if (lease === undefined) return { principal: by.principal, ...(by.label !== undefined && { principalLabel: by.label }) };
    const { principal, principalLabel, id, holder } = lease;
    return { principal, ...(principalLabel !== undefined && { principalLabel }), lease: id, holder };
  }

  /** Who asked for what is executed, if anybody did. */
  get #actor(): EndedBy | undefined {
    return this.caller && this.identity(this.caller);
  }

  /** The other pool that an environment belongs to, if it does. */
  otherOwner(environment: string): string | undefined {
    const owner = this.pool.sites.has(environment) ? undefined : this.#found.owner(environment);
    return owner === this.pool.name ? undefined : owner;
  }

  /** What there is over all pools, this draft's changes included. */
  totals(): Totals {
    const own = totalsOf(this.pool);
    const others = this.#found.elsewhere(this.pool.name);
    return {
      environments: others.environments + own.environments,
      leases: others.leases + own.leases,
      waiters: others.waiters + own.waiters,
      pools: others.pools + own.pools,
    };
  }

  /** How many live leases count against a quota, over all pools. */
  against(quota: string): number {
    return (this.pool.quotas.get(quota) ?? 0) + this.#found.against(quota, this.pool.name);
  }

  /** Takes the next revision. */
  next(): Revision {
    const revision = Math.max(this.pool.revision + 1, this.at);
    this.pool = { ...this.pool, revision };
    return revision;
  }

  /** Writes a lease; a change of state is an event, and so is a new not_after, that a reservation enters the line, or a holder is asked to stop. */
  putLease(lease: Lease, { revision = this.next(), rest }: Writing = {}): Lease {
    const before = this.pool.leases.get(lease.id);
    const row: Lease = { ...lease, revision };
    if (before !== undefined) for (const name of claimedBy(this.pool, before)) this.touched.add(name);
    this.pool = withLease(this.pool, row, rest);
    this.rows.push({ kind: "lease", lease: row });
    for (const name of rest?.keys() ?? []) this.rows.push({ kind: "environment", name });
    const entered = before?.early === true && row.early !== true;
    if (before?.state === row.state && before.passedOver === row.passedOver && !entered) {
      if (before.cancelRequested !== row.cancelRequested) this.#tell(revision, namesOf(row), cancelTale(row, namesOf(row)));
      else if (before.notAfter !== row.notAfter) this.#tell(revision, namesOf(row), extendTale(row, namesOf(row), this.#actor));
      return row;
    }
    if (row.state === "ENDED") this.#remember(row);
    // Who waits by selector must be placed, even if it takes nothing.
    if (isReady(this.pool, row) || (row.state === "QUEUED" && isSelecting(row))) this.arrived.add(row.id);
    // One that is passed over leaves what a selector had chosen for it.
    const names = [...new Set([...(before === undefined ? [] : namesOf(before)), ...namesOf(row)])];
    for (const name of names) this.touched.add(name);
    if (before?.state !== row.state || entered)
      this.#tell(revision, names, leaseTale(before, row, names, before === undefined ? this.#actor : undefined));
    return row;
  }

  /** Writes an environment; `told` makes it an event of its own, of one that its holder calls "broken" as such. */
  putEnvironment(environment: Environment, told: boolean | "broken", revision = this.next()): Environment {
    const name = environment.config.name;
    const before = this.pool.sites.get(name);
    const row: Environment = { ...environment, revision };
    this.pool = withEnvironment(this.pool, row);
    this.rows.push({ kind: "environment", name });
    this.touched.add(name);
    if (before !== undefined && isOutOfService(before.environment) !== isOutOfService(row))
      for (const id of before.joint.values()) this.#shift(leaseOf(this.pool, id));
    if (told !== false) this.#tell(revision, [name], environmentTale(before?.environment, row, this.#actor, told === "broken"));
    return row;
  }

  /** Configures the pool, or takes its configuration from it. */
  putConfig(config: PoolConfig | undefined): void {
    const revision = this.next();
    const { config: before = {}, ...pool } = this.pool;
    this.pool = config === undefined ? pool : { ...pool, config };
    this.rows.push({ kind: "config" });
    this.tell({ kind: "POOL_CHANGED", subject: pool.name, fields: differing(before, config ?? {}) }, revision);
  }

  /** Writes a key; `told` makes it an event. */
  putKey(key: Key, told?: Pick<Event, "kind" | "note">): void {
    const revision = this.next();
    this.pool = { ...this.pool, keys: this.pool.keys.set(key.id, key) };
    this.rows.push({ kind: "key", id: key.id });
    if (told !== undefined) this.tell({ ...told, subject: key.id }, revision);
  }

  /** Forgets a key. */
  dropKey(id: string): void {
    this.pool = { ...this.pool, keys: this.pool.keys.delete(id), revision: this.next() };
    this.rows.push({ kind: "key", id });
  }

  /** Ends the rests of an environment that are over. */
  endRests(name: string): void {
    this.pool = withoutRests(this.pool, name, this.at);
    this.putEnvironment(siteOf(this.pool, name).environment, true);
  }

  /**
   * Tells of the environments that have become available, or ceased to be, since `before`, where nobody has been told of it: somebody who
   * waits for others as well has begun to claim their slots, or claims them no more. `from`: the first event since then.
   */
  tellClaims(before: Pool, from: number): void {
    if (this.#moved.length === 0) return;
    const names = this.#moved.splice(0);
    // Without anybody in line nobody claims.
    if (before.waiters + this.pool.waiters === 0) return;
    const told = new Map(this.events.slice(from).flatMap((event) => event.environments.map(({ name, available }) => [name, available])));
    // What was told while somebody claimed it for a moment counts as well.
    const moved = new Set(names.filter((name) => told.has(name) || isClaimed(before, name) || isClaimed(this.pool, name)));
    for (const name of moved) {
      if (!this.pool.sites.has(name)) continue;
      // What was told to be available may have been claimed since, in the same command.
      const was = told.get(name) ?? (before.sites.has(name) ? wouldGrant(before, name, this.at) : undefined);
      if (was !== undefined && was !== wouldGrant(this.pool, name, this.at)) this.#tell(this.next(), [name], {});
    }
  }

  /** Removes an environment on which nobody is and for which nobody waits; `told` makes it an event. */
  dropEnvironment(name: string, told: boolean): void {
    const revision = this.next();
    const { environment } = siteOf(this.pool, name);
    this.pool = withoutEnvironment(this.pool, name);
    this.rows.push({ kind: "environment", name });
    this.touched.add(name);
    const by = this.#actor;
    if (told) this.#record(revision, [deletedStatus(environment)], { kind: "ENVIRONMENT_DELETED", ...(by && { by }) });
  }

  /** A waiter has joined the ready lines of its environments, or left them. */
  #shift(lease: Lease): void {
    for (const name of namesOf(lease)) this.touched.add(name);
    if (isReady(this.pool, lease)) this.arrived.add(lease.id);
  }

  #remember(lease: Lease): void {
    this.#ended = this.#ended.set(lease.id, lease);
    // One that was never stored has not used its request_id up.
    if (lease.requestId === undefined || lease.transient === true) return;
    this.#ended = this.#ended.set(requestKey(lease.principal, lease.pool, lease.requestId), lease);
  }

  /** Tells what is about no environment; who asked for it did it, unless `tale` says another. */
  tell(tale: Tale, revision = this.next()): void {
    const by = tale.by ?? this.#actor;
    this.#record(revision, [], by === undefined ? tale : { ...tale, by });
  }

  #tell(revision: Revision, names: readonly string[], tale: Tale): void {
    const environments = names.map((name) => statusOf(this.pool, name));
    this.#record(revision, environments, tale);
  }

  /** The record says from where somebody did something, and what is proven of who it was. */
  #record(revision: Revision, environments: readonly EnvironmentStatus[], tale: Tale): void {
    const { address, claims } = this.caller ?? {};
    const trace = { ...(address !== undefined && { address }), ...(claims !== undefined && { claims }) };
    const whole = tale.by === undefined ? tale : { ...tale, by: { ...tale.by, ...trace } };
    this.events.push({ ...whole, revision, at: this.at, pool: this.pool.name, environments });
  }
}
