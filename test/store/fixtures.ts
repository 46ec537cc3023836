import type { Caller } from "../../src/core/access/caller.ts";
import { type Acquire, type Command, type Reply, readsOf } from "../../src/core/command.ts";
import { decide } from "../../src/core/decide.ts";
import type { EnvironmentConfig } from "../../src/core/model/environment.ts";
import type { Lease } from "../../src/core/model/lease.ts";
import type { Pool } from "../../src/core/model/pool.ts";
import { Pools } from "../../src/engine/pools.ts";
import { LocalStore } from "../../src/store/local.ts";
import type { Batch, Medium } from "../../src/store/medium.ts";
import { MemoryMedium } from "../../src/store/memory.ts";

/** When the tests begin, and a second, in microseconds. */
export const START = 1_790_000_000_000_000;
export const second = 1_000_000;

/** A clock that stands where it is put. */
export class HandClock {
  time = START;
  now(): number {
    return this.time;
  }
  hold(): void {}
  release(): void {}
  stop(): void {}
}

/** A store on a medium, its clock, and the pools that it has filled. */
export async function storeOn(medium: Medium): Promise<{ store: LocalStore; clock: HandClock; pools: Pools }> {
  const clock = new HandClock();
  const store = await LocalStore.open(medium, (latest) => {
    clock.time = Math.max(latest, clock.time);
    return clock;
  });
  const pools = new Pools(() => clock.now());
  await store.fill(pools);
  return { store, clock, pools };
}

/** One command in a transaction of its own. */
export function submit(store: LocalStore, pool: string, command: Command): Promise<Reply> {
  return store.transact([pool], readsOf(pool, command), (transaction) => decide(transaction.draft(pool), command));
}

const by = { principal: "admin" };
/** Who the leases of the tests are for. */
export const holder = {
  name: "ci",
  kind: "PIPELINE",
  runUrl: "",
  repository: "a/b",
  ref: "main",
  sha: "",
  job: "test",
  actor: "",
} as const;

/** An Acquire of one slot of `environment`, waiting if it must. */
export function acquire(id: string, environment: string, more: Partial<Acquire> = {}): Acquire {
  const asked = { id, by, needs: [{ environment, slots: 1 }], holder, reason: "", tags: [], priority: 0, fingerprint: environment };
  const terms = { ttl: 60 * second, ticketTtl: 60 * second, claimTimeout: 30 * second, autoCreate: true, ifBusy: "QUEUE" } as const;
  return { type: "acquire", legacy: false, ...asked, ...terms, ...more };
}

/** A clean release. */
export function release(lease: string): Command {
  return { type: "release", by, lease, outcome: "OK", note: "" };
}

/** An environment with text that wants escaping. */
export function config(name: string, pool: string, capacity: number): EnvironmentConfig {
  const labels = { ["__proto__"]: "harmless", quote: `'"\\` };
  return { name, pool, description: "Größe ✓", labels, capacity, cooldown: 5 * second, links: {} };
}

/** A pool as plain data, what is derived included. */
export function plain(pool: Pool): unknown {
  const { leases, requests, deadlines, idle: _, patientUntil: __, sites, ...rest } = pool;
  const lines = [...sites.values()].map(({ environment, slots, rests, occupants, line, passed, ready }) => ({
    environment,
    maps: [slots, rests, occupants, line, passed, ready].map((map) => [...map.entries()]),
  }));
  return { ...rest, leases: [...leases.values()], requests: [...requests.entries()], deadlines: [...deadlines.keys()], lines };
}

/** Callers of whom more is known than a principal. */
const KEY: Caller = { principal: "key:a", label: "team a", address: "10.0.0.1" };
const TOKEN: Caller = { principal: "oidc:ci:7", label: "shop/checkout", address: "10.0.0.2", claims: { ref: "main", run_id: "12" } };

/** Some hundred commands of all kinds over two pools, the same ones for each seed. */
export async function busyDay(store: LocalStore, clock: HandClock, seed = 1): Promise<void> {
  let state = seed;
  const dice = (sides: number): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state % sides;
  };
  for (const pool of ["one", "two"]) {
    const environments = [1, 2, 3].map((capacity) => config(`${pool}-${capacity}`, pool, capacity));
    await submit(store, pool, { type: "apply", by: { principal: "admin" }, environments, prune: false });
  }
  for (let step = 0; step < 300; step++) {
    const pool = dice(2) === 0 ? "one" : "two";
    const environment = `${pool}-${1 + dice(3)}`;
    const lease = `lease-${dice(step + 1)}`;
    const needs = [{ environment, slots: 1 }, ...(dice(4) === 0 ? [{ environment: `${pool}-extra-${dice(5)}`, slots: 1 }] : [])];
    const state = dice(2) === 0 ? "DRAINING" : "AVAILABLE";
    const commands: Command[] = [
      acquire(`lease-${step}`, environment, { needs, requestId: `request-${step}`, tags: ["nightly", `n${dice(3)}`], priority: dice(3) }),
      acquire(`lease-${step}`, environment, { queueTimeout: 40 * second }),
      acquire(`lease-${step}`, environment, { ttl: 20 * second }),
      release(lease),
      { type: "renew", by, lease, facts: { version: `${step}`, constructor: "of all" } },
      { type: "claim", lease },
      { type: "setState", by: { principal: "admin" }, environment, state, reason: "work on it", until: clock.time + 9 * second },
      { type: "delete", by: { principal: "admin" }, environment: `${pool}-extra-${dice(5)}` },
      { type: "forceRelease", by, lease, reason: "stuck" },
      { type: "renew", by, lease, notAfter: clock.time + (20 + dice(20)) * second },
      { type: "apply", by, environments: [], config: { maxQueue: 5 + dice(3) }, prune: false },
    ];
    const command = commands[dice(commands.length)] ?? { type: "pulse" };
    const callers = [by, KEY, TOKEN, { principal: `lease ${lease}`, lease, address: "10.0.0.4" }];
    await submit(store, pool, "by" in command ? { ...command, by: callers[dice(callers.length)] ?? by } : command);
    clock.time += dice(3 * second);
  }
}

/** A batch in which there is nothing. */
export const nothing: Batch = {
  pools: [],
  leases: [],
  environments: [],
  fences: [],
  settings: [],
  keys: [],
  deleted: [],
  forgotten: [],
  events: [],
};

/** A lease as the rules make it, to be varied. */
export async function specimen(): Promise<Lease> {
  const { store } = await storeOn(new MemoryMedium());
  const { lease } = (await submit(store, "default", acquire("specimen", "uat"))) as { lease: Lease };
  await store.close();
  return lease;
}

/** The lease when it has ended. */
export function endOf(lease: Lease, more: Partial<Lease>): Lease {
  const { deadline: _, ...rest } = lease;
  return { ...rest, state: "ENDED", endReason: "RELEASED", endedAt: lease.createdAt, ...more };
}
