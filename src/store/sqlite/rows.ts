/** Converts values to rows and back. Rows are sent to the worker as flat arrays: cloning a nested lease costs more than its JSON does. */
import { crc32 } from "node:zlib";
import type { Event } from "../../core/event.ts";
import { type EndReason, type Lease, requestKey, type StoredEnvironment } from "../../core/model.ts";
import type { Batch } from "../medium.ts";
import type { Remains } from "../remains.ts";

/** The columns of a table in order, the seal last. */
export type Row = readonly (string | number | null)[];

/** The rows of one transaction. */
export interface BatchRows {
  readonly pools: readonly Row[];
  readonly environments: readonly Row[];
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
    environments: batch.environments.map((environment) => seal(environment.config.name, JSON.stringify(environment))),
    deleted: batch.deleted,
    leases: batch.leases.map(rowOfLease),
    forgotten: batch.forgotten,
    events: batch.events.map((event) => seal(event.pool, event.revision, JSON.stringify(event))),
  };
}

export function poolOfRow(row: Row): Batch["pools"][number] {
  const [name, revision, at] = unseal(row);
  return { name: String(name), revision: Number(revision), at: Number(at) };
}

export function environmentOfRow(row: Row): StoredEnvironment {
  return JSON.parse(String(unseal(row)[1]));
}

export function leaseOfRow(row: Row): Lease {
  return JSON.parse(String(unseal(row)[6]));
}

export function eventOfRow(row: Row): Event {
  return JSON.parse(String(unseal(row)[2]));
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
  return seal(lease.id, lease.pool, lease.state, key, lease.createdAt, ended, JSON.stringify(lease));
}

function seal(...columns: Row): Row {
  return [...columns, crc32(columns.join("\0"))];
}

function unseal(row: Row): Row {
  const columns = row.slice(0, -1);
  if (crc32(columns.join("\0")) !== row.at(-1)) throw new Damage(`the row of ${JSON.stringify(row[0])} is not as it was written`);
  return columns;
}
