import { randomBytes } from "node:crypto";
import type { Reads } from "../core/command.ts";
import type { Event } from "../core/event.ts";
import { type Lease, type Micros, type Revision, requestKey, type StoredEnvironment } from "../core/model.ts";
import type { Batch, Loaded, Medium } from "./medium.ts";
import type { LeaseQuery, Past } from "./store.ts";

/** Rows in memory, for tests and simulations: what is written survives as long as the object, over any number of `load`s. */
export class MemoryMedium implements Medium {
  readonly state = "well";
  readonly #secret: Uint8Array;
  readonly #pools = new Map<string, Batch["pools"][number]>();
  readonly #environments = new Map<string, StoredEnvironment>();
  readonly #leases = new Map<string, Lease>();
  #events: Event[] = [];
  readonly #trimmed = new Map<string, Revision>();

  constructor(secret: Uint8Array = randomBytes(32)) {
    this.#secret = secret;
  }

  onFailure(): void {}

  async load(): Promise<Loaded> {
    return {
      secret: this.#secret,
      pools: [...this.#pools.values()],
      environments: [...this.#environments.values()],
      leases: [...this.#leases.values()].filter((lease) => lease.state !== "ENDED"),
    };
  }

  async find(reads: Pick<Reads, "leases" | "requests">): Promise<readonly Lease[]> {
    const ids = new Set(reads.leases);
    const keys = new Set(reads.requests);
    const fitting = [...this.#leases.values()].filter((lease) => lease.state === "ENDED" && (ids.has(lease.id) || keys.has(keyOf(lease))));
    const newest = new Map(fitting.sort((a, b) => a.createdAt - b.createdAt).map((lease) => [keyOf(lease), lease]));
    return fitting.filter((lease) => ids.has(lease.id) || newest.get(keyOf(lease)) === lease);
  }

  async write(batch: Batch): Promise<void> {
    for (const pool of batch.pools) this.#pools.set(pool.name, pool);
    for (const name of batch.deleted) this.#environments.delete(name);
    for (const environment of batch.environments) this.#environments.set(environment.config.name, environment);
    for (const lease of batch.leases) this.#leases.set(lease.id, lease);
    this.#events.push(...batch.events);
  }

  async probe(): Promise<void> {}

  async list(query: LeaseQuery): Promise<readonly Lease[]> {
    return [...this.#leases.values()]
      .filter((lease) => fits(lease, query))
      .sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1))
      .slice(0, query.limit);
  }

  async past(pool: string, since: Revision, limit: number): Promise<Past> {
    if (since < (this.#trimmed.get(pool) ?? 0)) return "trimmed";
    return { events: this.#events.filter((event) => event.pool === pool && event.revision > since).slice(0, limit) };
  }

  async trim(before: Micros, keep: number, log: number): Promise<boolean> {
    const ended = [...this.#leases.values()].filter((lease) => lease.state === "ENDED").sort((a, b) => (a.endedAt ?? 0) - (b.endedAt ?? 0));
    ended.forEach((lease, index) => {
      if ((lease.endedAt ?? 0) < before || index < ended.length - keep) this.#leases.delete(lease.id);
    });
    const newest = new Map<string, number>();
    for (const { pool } of this.#events) newest.set(pool, (newest.get(pool) ?? 0) + 1);
    this.#events = this.#events.filter(({ pool, revision }) => {
      const behind = newest.get(pool) ?? 0;
      newest.set(pool, behind - 1);
      if (revision >= before && behind <= log) return true;
      this.#trimmed.set(pool, revision);
      return false;
    });
    return false;
  }

  async close(): Promise<void> {}
}

function keyOf(lease: Lease): string {
  return lease.requestId === undefined ? "" : requestKey(lease.principal, lease.pool, lease.requestId);
}

function fits(lease: Lease, query: LeaseQuery): boolean {
  const { after } = query;
  return (
    (query.pool === undefined || lease.pool === query.pool) &&
    (query.environment === undefined || lease.needs.some((need) => need.environment === query.environment)) &&
    (query.states.length === 0 ? lease.state !== "ENDED" : query.states.includes(lease.state)) &&
    (query.holder === undefined || lease.holder.name === query.holder) &&
    (query.tag === undefined || lease.tags.includes(query.tag)) &&
    (after === undefined || lease.createdAt > after.createdAt || (lease.createdAt === after.createdAt && lease.id > after.id))
  );
}
