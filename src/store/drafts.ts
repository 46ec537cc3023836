import type { KeyRow } from "../core/access/key.ts";
import { Draft } from "../core/draft.ts";
import type { Event } from "../core/event.ts";
import type { Found } from "../core/found.ts";
import type { StoredEnvironment } from "../core/model/environment.ts";
import { type Lease, requestKey } from "../core/model/lease.ts";
import type { PoolSetting } from "../core/model/pool-config.ts";
import { differsByFence, storedEnvironment } from "../core/model/site.ts";
import type { Micros } from "../core/model/units.ts";
import { type Totals, totalsOf } from "../core/totals.ts";
import type { Cache, Commit, Fence, Transaction } from "./store.ts";

/** The drafts of one transaction: on the pools as the cache has them, and the ended leases that were read for it. */
export class Drafts implements Transaction {
  readonly at: Micros;
  readonly #cache: Cache;
  readonly #drafts = new Map<string, Draft>();
  /** The totals of all pools but one, kept until another draft is asked for, which may change them. */
  #others: { readonly pool: string; readonly totals: Totals } | undefined;

  /** `ended`: oldest first; of the leases of one request key the newest counts. */
  constructor(cache: Cache, pools: readonly string[], at: Micros, ended: readonly Lease[]) {
    this.at = at;
    this.#cache = cache;
    const byId = new Map(ended.map((lease) => [lease.id, lease]));
    const byRequest = new Map(ended.map((lease) => [requestKey(lease.principal, lease.pool, lease.requestId ?? ""), lease]));
    const found: Found = {
      lease: (id) => byId.get(id),
      request: (key) => byRequest.get(key),
      owner: (environment) => this.#ownerOf(environment),
      elsewhere: (pool) => this.#elsewhere(pool),
      against: (quota, pool) => this.#against(quota, pool),
    };
    for (const name of pools) this.#drafts.set(name, new Draft(cache.pool(name), at, found));
  }

  readonly draft = (pool: string): Draft => {
    const draft = this.#drafts.get(pool);
    if (draft === undefined) throw new Error(`invariant: pool ${pool} is not part of the transaction`);
    // The draft may change from now on, so the kept totals no longer hold.
    this.#others = undefined;
    return draft;
  };

  /** All that the drafts have changed; undefined if that is nothing. */
  commit(): Commit | undefined {
    const changed = [...this.#drafts.values()].filter((draft) => this.#hasChanged(draft));
    return changed.length === 0 ? undefined : commitOf(changed, this.#cache);
  }

  /** Whether a draft has changed anything. */
  #hasChanged({ rows, events, pool }: Draft): boolean {
    return rows.length > 0 || events.length > 0 || pool.patientUntil !== this.#cache.pool(pool.name).patientUntil;
  }

  /**
   * The pool that has an environment, over all pools: names that this transaction has made included, and names that it deletes, until it
   * has committed.
   */
  #ownerOf(environment: string): string | undefined {
    const owner = this.#cache.ownerOf(environment);
    if (owner !== undefined) return owner;
    for (const [name, draft] of this.#drafts) if (draft.pool.sites.has(environment)) return name;
    return undefined;
  }

  #against(quota: string, pool: string): number {
    let count = this.#cache.counted(quota);
    for (const [name, draft] of this.#drafts) {
      count -= this.#cache.pool(name).quotas.get(quota) ?? 0;
      if (name !== pool) count += draft.pool.quotas.get(quota) ?? 0;
    }
    return count;
  }

  #elsewhere(pool: string): Totals {
    if (this.#others?.pool !== pool) this.#others = { pool, totals: this.#sumWithout(pool) };
    return this.#others.totals;
  }

  #sumWithout(pool: string): Totals {
    let totals = add(this.#cache.totals, totalsOf(this.#cache.pool(pool)), -1);
    for (const [name, draft] of this.#drafts)
      if (name !== pool) totals = add(add(totals, totalsOf(this.#cache.pool(name)), -1), totalsOf(draft.pool), 1);
    return totals;
  }
}

/** Sums, or with `sign` -1 differences. */
export function add(a: Totals, b: Totals, sign: 1 | -1): Totals {
  return {
    environments: a.environments + sign * b.environments,
    leases: a.leases + sign * b.leases,
    waiters: a.waiters + sign * b.waiters,
    pools: a.pools + sign * b.pools,
  };
}

function keysOf(drafts: readonly Draft[]): KeyRow[] {
  return drafts.flatMap(({ rows, pool }) => {
    const ids = new Set(rows.flatMap((row) => (row.kind === "key" ? [row.id] : [])));
    return [...ids].map((id) => ({ id, key: pool.keys.get(id) }));
  });
}

function settingsOf(drafts: readonly Draft[]): PoolSetting[] {
  const changed = drafts.filter(({ rows }) => rows.some(({ kind }) => kind === "config"));
  return changed.map(({ pool }) => ({ pool: pool.name, config: pool.config }));
}

/** The rows to write: of several versions of one row, the last. */
function commitOf(drafts: readonly Draft[], cache: Cache): Commit {
  const leases = new Map<string, Lease>();
  const environments = new Map<string, StoredEnvironment>();
  const fences: Fence[] = [];
  const deleted = new Set<string>();
  const events: Event[] = [];
  for (const draft of drafts) {
    // Kept for each pool: a name that one pool deletes in this transaction may be created in another pool by the same transaction.
    const named = new Set<string>();
    const stored = cache.pool(draft.pool.name).sites;
    for (const row of draft.rows) {
      if (row.kind === "lease") leases.set(row.lease.id, row.lease);
      else if (row.kind === "environment") named.add(row.name);
    }
    for (const name of named) {
      const [before, site] = [stored.get(name), draft.pool.sites.get(name)];
      if (site === undefined) deleted.add(name);
      else if (before === undefined || !differsByFence(before, site)) environments.set(name, storedEnvironment(site));
      else fences.push({ environment: name, fence: site.environment.fence, revision: site.environment.revision });
    }
    events.push(...draft.events);
  }
  const gone = [...deleted].filter((name) => !environments.has(name));
  const pools = drafts.map((draft) => draft.pool);
  const leavesNothing = ({ state, transient }: Lease) => state === "ENDED" && transient === true;
  const forgotten = [...leases.values()].filter(leavesNothing).map(({ id }) => id);
  const kept = [...leases.values()].filter((lease) => !leavesNothing(lease));
  const written = {
    leases: kept,
    environments: [...environments.values()],
    fences,
    settings: settingsOf(drafts),
    keys: keysOf(drafts),
    events,
  };
  return { pools, ...written, deleted: gone, forgotten };
}
