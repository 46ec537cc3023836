/** Converts values to rows and back. Rows are sent to the worker as flat arrays: cloning a nested lease costs more than its JSON does. */
import { crc32 } from "node:zlib";
import type { Key } from "../../core/access/key.ts";
import type { Event } from "../../core/event.ts";
import type { StoredEnvironment } from "../../core/model/environment.ts";
import { type EndReason, type Lease, type LeaseState, requestKey } from "../../core/model/lease.ts";
import type { PoolSetting } from "../../core/model/pool-config.ts";
import type { Batch } from "../medium.ts";
import type { Remains } from "../remains.ts";
import type { Fence } from "../store.ts";
import { bodyOfEnvironment, bodyOfEvents, bodyOfLease, environmentOfBody, eventsOfBody, leaseOfBody } from "./bodies.ts";

/** The columns of a table in order, the seal last. */
export type Row = readonly (string | number | null)[];

/** The rows of one transaction. */
export interface BatchRows {
  readonly pools: readonly Row[];
  readonly environments: readonly Row[];
  readonly fences: readonly Row[];
  readonly settings: readonly Row[];
  /** Pools that have lost their configuration. */
  readonly unset: readonly string[];
  readonly keys: readonly Row[];
  /** Ids of keys that are forgotten. */
  readonly lost: readonly string[];
  readonly deleted: readonly string[];
  readonly leases: readonly Row[];
  readonly forgotten: readonly string[];
  readonly events: readonly Row[];
}

/** A row that is not as it was written. */
export class Damage extends Error {
  override readonly name = "Damage";
}

export function rowsOf(batch: Batch): BatchRows {
  return {
    pools: batch.pools.map(({ name, revision, at }) => seal(name, revision, at)),
    environments: batch.environments.map((environment) => seal(environment.config.name, bodyOfEnvironment(environment))),
    fences: batch.fences.map(({ environment, fence, revision }) => seal(environment, fence, revision)),
    settings: batch.settings.flatMap(({ pool, config }) => (config === undefined ? [] : [seal(pool, JSON.stringify(config))])),
    unset: batch.settings.flatMap(({ pool, config }) => (config === undefined ? [pool] : [])),
    keys: batch.keys.flatMap(({ id, key }) => (key === undefined ? [] : [seal(id, JSON.stringify(key))])),
    lost: batch.keys.flatMap(({ id, key }) => (key === undefined ? [id] : [])),
    deleted: batch.deleted,
    leases: batch.leases.map(rowOfLease),
    forgotten: batch.forgotten,
    events: rowsOfEvents(batch.events),
  };
}

export function poolOfRow(row: Row): Batch["pools"][number] {
  const [name, revision, at] = unseal(row);
  return { name: String(name), revision: Number(revision), at: Number(at) };
}

export function environmentOfRow(row: Row): StoredEnvironment {
  return environmentOfBody(String(unseal(row)[1]));
}

export function fenceOfRow(row: Row): Fence {
  const [environment, fence, revision] = unseal(row);
  return { environment: String(environment), fence: Number(fence), revision: Number(revision) };
}

export function settingOfRow(row: Row): PoolSetting {
  const [pool, body] = unseal(row);
  return { pool: String(pool), config: JSON.parse(String(body)) };
}

export function keyOfRow(row: Row): Key {
  return JSON.parse(String(unseal(row)[1]));
}

export function leaseOfRow(row: Row): Lease {
  const [id, pool, state, , createdAt, endedAt, body] = unseal(row);
  const ended = endedAt === null ? {} : { endedAt: Number(endedAt) };
  return leaseOfBody(String(body), {
    ...{ id: String(id), pool: String(pool), state: state as LeaseState, createdAt: Number(createdAt) },
    ...ended,
  });
}

/** The events of a row, which has some of one pool and one commit. */
export function eventsOfRow(row: Row): readonly Event[] {
  const [pool, , body] = unseal(row);
  return eventsOfBody(String(body), String(pool));
}

export function rowOfRemains({ requestKey, lease, fingerprint, endReason, createdAt, endedAt }: Remains): Row {
  return seal(requestKey, lease, fingerprint, endReason ?? null, createdAt, endedAt);
}

export function remainsOfRow(row: Row): Remains {
  const [requestKey, lease, fingerprint, endReason, createdAt, endedAt] = unseal(row);
  const reason = endReason === null ? undefined : (endReason as EndReason);
  const times = { createdAt: Number(createdAt), endedAt: Number(endedAt) };
  return { requestKey: String(requestKey), lease: String(lease), fingerprint: String(fingerprint), endReason: reason, ...times };
}

function rowOfLease(lease: Lease): Row {
  const key = lease.requestId === undefined ? null : requestKey(lease.principal, lease.pool, lease.requestId);
  const ended = lease.state === "ENDED" ? (lease.endedAt ?? lease.createdAt) : null;
  return seal(lease.id, lease.pool, lease.state, key, lease.createdAt, ended, bodyOfLease(lease));
}

/** Rows of several events each. How many, comes after the seal, as it only matters when a log is cut. */
function rowsOfEvents(events: readonly Event[]): Row[] {
  const rows: Row[] = [];
  for (let from = 0; from < events.length; ) {
    const { body, to } = bodyOfEvents(events, from);
    const last = events[to - 1];
    if (last !== undefined) rows.push([...seal(last.pool, last.revision, body), to - from]);
    from = to;
  }
  return rows;
}

function seal(...columns: Row): Row {
  return [...columns, crc32(columns.join("\0"))];
}

function unseal(row: Row): Row {
  const columns = row.slice(0, -1);
  if (crc32(columns.join("\0")) !== row.at(-1)) throw new Damage(`the row of ${JSON.stringify(row[0])} is not as it was written`);
  return columns;
}
