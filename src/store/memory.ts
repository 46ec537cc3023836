import { randomBytes } from "node:crypto";
import type { Key } from "../core/access/key.ts";
import type { Reads } from "../core/command.ts";
import type { Event } from "../core/event.ts";
import type { StoredEnvironment } from "../core/model/environment.ts";
import { type Lease, requestKey } from "../core/model/lease.ts";
import type { PoolSetting } from "../core/model/pool-config.ts";
import type { Revision } from "../core/model/units.ts";
import type { Cursors, Part } from "./history/history.ts";
import type { Batch, Loaded, Medium, MediumState } from "./medium.ts";
import { listedBy, oldestFirst } from "./query.ts";
import { leaseOfRemains, type Remains, remainsOf } from "./remains.ts";
import { bodyOfEvents } from "./sqlite/bodies.ts";
import type { History, LeaseQuery, Past } from "./store.ts";

/** Rows in memory, for tests and simulations: what is written survives as long as the object, over any number of `load`s. */
export class MemoryMedium implements Medium {
  readonly state: MediumState = "well";
  readonly #secret: Uint8Array;
  readonly #pools = new Map<string, Batch["pools"][number]>();
  readonly #environments = new Map<string, StoredEnvironment>();
  readonly #settings = new Map<string, PoolSetting>();
  readonly #keys = new Map<string, Key>();
  readonly #leases = new Map<string, Lease>();
  #events: Event[] = [];
  #remains: Remains[] = [];
  readonly #trimmed = new Map<string, Revision>();
  /** Up to where the history has taken over the events. */
  #taken: Map<string, Revision> | undefined;

  constructor(secret: Uint8Array = randomBytes(32)) {
    this.#secret = secret;
  }

  onFailure(): void {}

  async load(): Promise<Loaded> {
    return {
      secret: this.#secret,
      pools: [...this.#pools.values()],
      environments: [...this.#environments.values()],
      settings: [...this.#settings.values()].filter(({ config }) => config !== undefined),
      keys: [...this.#keys.values()],
      leases: [...this.#leases.values()].filter((lease) => lease.state !== "ENDED"),
    };
  }

  async find(reads: Pick<Reads, "leases" | "requests">): Promise<readonly Lease[]> {
    const ids = new Set(reads.leases);
    const keys = new Set(reads.requests);
    const fitting = [...this.#leases.values()].filter((lease) => lease.state === "ENDED" && (ids.has(lease.id) || keys.has(keyOf(lease))));
    const newest = new Map(fitting.sort((a, b) => a.createdAt - b.createdAt).map((lease) => [keyOf(lease), lease]));
    const left = reads.requests
      .filter((key) => !newest.has(key))
      .map((key) => this.#remains.findLast((remains) => remains.requestKey === key));
    return [
      ...left.filter((remains) => remains !== undefined).map(leaseOfRemains),
      ...fitting.filter((lease) => ids.has(lease.id) || newest.get(keyOf(lease)) === lease),
    ].sort((a, b) => a.createdAt - b.createdAt);
  }

  async write(batch: Batch, fresh: readonly string[] = []): Promise<readonly Lease[]> {
    const known = fresh.length === 0 ? [] : await this.find({ leases: [], requests: fresh });
    if (known.length > 0) return known;
    for (const pool of batch.pools) this.#pools.set(pool.name, pool);
    for (const setting of batch.settings) this.#settings.set(setting.pool, setting);
    for (const { id, key } of batch.keys) if (key === undefined) this.#keys.delete(id);
    for (const { key } of batch.keys) if (key !== undefined) this.#keys.set(key.id, key);
    for (const name of batch.deleted) this.#environments.delete(name);
    for (const environment of batch.environments) this.#environments.set(environment.config.name, environment);
    for (const { environment, ...grant } of batch.fences) {
      const before = this.#environments.get(environment);
      if (before !== undefined) this.#environments.set(environment, { ...before, ...grant });
    }
    for (const lease of batch.leases) this.#leases.set(lease.id, lease);
    for (const id of batch.forgotten) this.#leases.delete(id);
    this.#events.push(...batch.events);
    return [];
  }

  async probe(): Promise<void> {}

  async list(query: LeaseQuery): Promise<readonly Lease[]> {
    return [...this.#leases.values()].filter(listedBy(query)).sort(oldestFirst).slice(0, query.limit);
  }

  async past(pool: string, since: Revision, limit: number): Promise<Past> {
    if (since < (this.#trimmed.get(pool) ?? 0)) return "trimmed";
    return { events: this.#events.filter((event) => event.pool === pool && event.revision > since).slice(0, limit) };
  }

  async take(from?: Cursors): Promise<Part | undefined> {
    this.#taken = from === undefined ? this.#taken : new Map(from);
    const taken = this.#taken;
    if (taken === undefined) return undefined;
    const gap = [...this.#trimmed].reduce((latest, [pool, at]) => (at > (taken.get(pool) ?? 0) ? Math.max(latest, at) : latest), 0);
    const events = this.#events.filter(({ pool, revision }) => revision > (taken.get(pool) ?? 0));
    const text = events.map((event) => `[${JSON.stringify(event.pool)},${bodyOfEvents([event], 0).body}]`).join(",");
    for (const { pool, revision } of events) taken.set(pool, revision);
    const until = events.at(-1)?.revision ?? 0;
    return { text, events: events.length, until, cursors: [...taken], more: false, ...(gap > 0 && { gap }) };
  }

  async trim({ before, leases: keep, requests, events: log, bytes }: History): Promise<boolean> {
    const ended = [...this.#leases.values()].filter((lease) => lease.state === "ENDED").sort((a, b) => (a.endedAt ?? 0) - (b.endedAt ?? 0));
    for (const lease of ended.slice(0, Math.max(0, ended.length - keep))) {
      const remains = remainsOf(lease);
      if (remains !== undefined) this.#remains.push(remains);
      this.#leases.delete(lease.id);
    }
    for (const lease of ended) if ((lease.endedAt ?? 0) < before) this.#leases.delete(lease.id);
    this.#remains = this.#remains.filter(({ endedAt }) => endedAt >= before).slice(-requests);
    const kept = new Map<string, { events: number; bytes: number }>();
    // From the newest on: once the bounds are exceeded, all older events are beyond them as well.
    for (const event of [...this.#events].reverse()) {
      const { events, bytes: sum } = kept.get(event.pool) ?? { events: 0, bytes: 0 };
      const size = event.revision < before ? Number.POSITIVE_INFINITY : sizeOf(event);
      kept.set(event.pool, { events: events + 1, bytes: sum + size });
      if (events + 1 > log || sum + size > bytes)
        this.#trimmed.set(event.pool, Math.max(event.revision, this.#trimmed.get(event.pool) ?? 0));
    }
    this.#events = this.#events.filter(({ pool, revision }) => revision > (this.#trimmed.get(pool) ?? 0));
    return false;
  }

  async close(): Promise<void> {}
}

const sizes = new WeakMap<Event, number>();

/** In bytes, as it is stored. */
function sizeOf(event: Event): number {
  const size = sizes.get(event) ?? Buffer.byteLength(JSON.stringify(event));
  sizes.set(event, size);
  return size;
}

function keyOf(lease: Lease): string {
  return lease.requestId === undefined ? "" : requestKey(lease.principal, lease.pool, lease.requestId);
}
