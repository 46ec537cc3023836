/** What operators set for a pool as a whole, and what follows from it. */

import type { Acquire, Apply, Change, Refusal } from "../command.ts";
import type { Draft } from "../draft.ts";
import { leaseOf } from "../ledger.ts";
import { limits } from "../limits.ts";
import { differing } from "../model/differing.ts";
import type { Lease } from "../model/lease.ts";
import type { Pool } from "../model/pool.ts";
import type { PoolConfig } from "../model/pool-config.ts";
import { olderOf } from "../model/superseding.ts";
import { totalsOf } from "../totals.ts";
import { inTheWay } from "./busy.ts";
import { limitReached } from "./refusal.ts";

/** Makes the configuration of the pool what `command` says, or takes it away where that prunes and does not name it. */
export function configure(draft: Draft, { config, prune, only }: Apply): Change<PoolConfig> | Refusal | undefined {
  const { name, config: before } = draft.pool;
  if (config === undefined && (before === undefined || !prune || only !== undefined)) return undefined;
  if (before === undefined && totalsOf(draft.pool).pools === 0 && draft.totals().pools >= limits.pools)
    return limitReached("pools", limits.pools);
  const fields = before === undefined || config === undefined ? [] : differing(before, config);
  const kind = config === undefined ? "DELETED" : before === undefined ? "CREATED" : fields.length > 0 ? "UPDATED" : "UNCHANGED";
  if (kind !== "UNCHANGED") draft.putConfig(config);
  return { name, kind, fields, ...(kind === "UPDATED" && before && { before }) };
}

/**
 * Why a request that is not granted now may not wait, if it is so. Who waits already, or comes back to its place, is not asked; and those
 * whose place the newcomer takes are in nobody's way.
 */
export function queueFull(pool: Pool, { needs, supersede }: Acquire, newcomer: Lease): Refusal | undefined {
  const { maxQueue } = pool.config ?? {};
  if (maxQueue === undefined || pool.waiters < maxQueue) return undefined;
  const superseded = supersede === undefined ? [] : [...olderOf(pool, newcomer, false)];
  const leaving = superseded.filter((id) => leaseOf(pool, id).state === "QUEUED").length;
  // With it the line is no longer than it was, however long that is.
  if (leaving > 0) return undefined;
  const { obstacles, metadata } = inTheWay(pool, needs);
  const line = `${pool.waiters} wait in pool ${JSON.stringify(pool.name)}, and its max_queue is ${maxQueue}`;
  return {
    ok: false,
    reason: "QUEUE_FULL",
    message: [...obstacles, `nothing is left in line, since ${line}`, "ask again later"].join("; "),
    metadata: { ...metadata, pool: pool.name, max_queue: String(maxQueue), waiting: String(pool.waiters) },
  };
}
