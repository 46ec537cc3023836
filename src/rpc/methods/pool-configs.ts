/** What is set for pools: read from messages, and told in them. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import * as pb from "../../../gen/ts/callme/v1/environment_service_pb.ts";
import type { Sight } from "../../core/access/sight.ts";
import type { Change } from "../../core/command.ts";
import { limits } from "../../core/limits.ts";
import type { Pool } from "../../core/model/pool.ts";
import type { PoolConfig } from "../../core/model/pool-config.ts";
import type { Slice } from "../../engine/slice.ts";
import { badField } from "../errors.ts";
import { learn, seesPool } from "../sight.ts";
import { integer, newName, show } from "./fields.ts";

/** By name. Throws invalid_argument. */
export function readPools(messages: readonly pb.PoolConfig[]): Map<string, PoolConfig> {
  if (messages.length > limits.pools) throw badField("pools", `has ${messages.length} entries; at most ${limits.pools} fit`);
  const pools = new Map<string, PoolConfig>();
  for (const [index, { name, maxQueue, autoCreate }] of messages.entries()) {
    const at = `pools[${index}]`;
    if (pools.has(newName(`${at}.name`, name)))
      throw badField(`${at}.name`, `${show(name)} is given twice: it is the name of pools[${[...pools.keys()].indexOf(name)}], too`);
    pools.set(name, {
      ...(maxQueue !== undefined && { maxQueue: integer(`${at}.max_queue`, maxQueue, 0, limits.waiters.pool) }),
      ...(autoCreate !== undefined && { autoCreate }),
    });
  }
  return pools;
}

/** The configured ones of these pools of which something is seen, by name. */
export async function listPools(
  pools: readonly Pool[],
  sight: Sight | undefined,
  slice: Slice,
): Promise<MessageInitShape<typeof pb.PoolConfigSchema>[]> {
  const configured = [];
  for (const pool of pools) {
    if (pool.config === undefined) continue;
    await learn(sight?.within(pool.name), pool, slice);
    if (seesPool(sight, pool)) configured.push({ name: pool.name, ...pool.config });
  }
  return configured.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A change of what is set for a pool; `before`: with what it was. */
export function poolChange(
  { name, kind, fields, before }: Change<PoolConfig>,
  withBefore: boolean,
): MessageInitShape<typeof pb.PoolChangeSchema> {
  const changed = { name, kind: pb.ChangeKind[kind], fields: fields.map(fieldName) };
  return withBefore && before !== undefined ? { ...changed, before: only({ name, ...before }, ["name", ...fields]) } : changed;
}

/** The core's field names as the contract spells them. */
export function fieldName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Of a message, all of whose fields are optional, no more than these. */
export function only<T extends object>(message: T, keys: readonly string[]): T {
  return Object.fromEntries(Object.entries(message).filter(([key]) => keys.includes(key))) as T;
}
