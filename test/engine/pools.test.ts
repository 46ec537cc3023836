import { describe, expect, test } from "vitest";
import { decide } from "../../src/core/decide.ts";
import { limits } from "../../src/core/limits.ts";
import type { LeaseState } from "../../src/core/model/lease.ts";
import { emptyPool, type Pool } from "../../src/core/model/pool.ts";
import { Engine } from "../../src/engine/engine.ts";
import { Pools } from "../../src/engine/pools.ts";
import { LocalStore } from "../../src/store/local.ts";
import type { Loaded } from "../../src/store/medium.ts";
import { MemoryMedium } from "../../src/store/memory.ts";
import type { Commit } from "../../src/store/store.ts";
import { acquireCommand } from "../core/world.ts";
import { acquire, config, HandClock, release, START, storeOn, submit } from "../store/fixtures.ts";
import { HandTimers, SlowDisk, stage } from "./stage.ts";

const by = { principal: "admin" };
const remove = (environment: string) => ({ type: "delete", by, environment }) as const;
const make = (name: string, pool: string) => ({ type: "apply", by, environments: [config(name, pool, 1)], prune: false }) as const;

describe("pools in memory", () => {
  test("are counted as they change, over all of them, and never by walking all", async () => {
    const { store, pools } = await storeOn(new MemoryMedium());
    for (const name of ["one", "two"]) {
      await submit(store, name, acquire(`${name}-a`, `${name}-uat`));
      await submit(store, name, acquire(`${name}-b`, `${name}-uat`));
    }
    expect(pools.totals).toEqual({ environments: 2, leases: 4, waiters: 2, pools: 2 });
    await submit(store, "one", release("one-b"));
    await submit(store, "one", release("one-a"));
    await submit(store, "one", remove("one-uat"));
    expect(pools.totals).toEqual({ environments: 1, leases: 2, waiters: 1, pools: 1 });
  });

  test("tell a transaction over several what the others have, its own changes included", async () => {
    const { store } = await storeOn(new MemoryMedium());
    const seen = await store.transact(["one", "two"], { leases: [], requests: [] }, ({ draft }) => {
      decide(draft("one"), make("a", "one"));
      const two = draft("two").totals();
      decide(draft("one"), make("b", "one"));
      return [two, draft("two").totals(), draft("one").totals()].map((totals) => totals.environments);
    });
    expect(seen).toEqual([1, 2, 2]);
  });

  test("know how many leases count against a quota, a transaction's own changes included, without a look at each pool", async () => {
    const { store, pools } = await storeOn(new MemoryMedium());
    const quotas = [{ name: "team", most: 3 }];
    for (const name of ["one", "two", "three"]) await submit(store, name, acquire(`${name}-a`, `${name}-uat`, { quotas }));
    await submit(store, "two", acquire("two-b", "two-uat"));
    expect(pools.counted("team")).toBe(3);
    pools.pools = () => {
      throw new Error("looked at each pool");
    };
    expect(await submit(store, "one", acquire("more", "one-uat", { quotas }))).toMatchObject({ ok: false, reason: "QUOTA_REACHED" });
    const told = await store.transact(["one", "two"], { leases: [], requests: [] }, ({ draft }) => {
      decide(draft("one"), release("one-a"));
      const replies = ["b", "c"].map((id) => decide(draft("two"), acquire(`two-${id}2`, "two-uat", { quotas })));
      return replies.map((reply) => (reply.ok ? "granted" : reply.reason));
    });
    expect(told).toEqual(["granted", "QUOTA_REACHED"]);
    expect(pools.counted("team")).toBe(3);
    for (const name of ["two", "three"]) await submit(store, name, release(`${name}-a`));
    expect(pools.counted("team")).toBe(1);
    pools.refuse("two", new Error("damaged"));
    expect(pools.counted("team")).toBe(0);
  });

  test("are not looked through once their last environment is gone, and what is made of that name later has higher revisions", async () => {
    const { store, pools } = await storeOn(new MemoryMedium());
    const before: number[] = [];
    for (let n = 0; n < 50; n++) {
      await submit(store, `p${n}`, make(`e${n}`, `p${n}`));
      before.push((await submit(store, `p${n}`, remove(`e${n}`))).pool.revision);
    }
    expect([...pools.pools()]).toEqual([]);
    expect(pools.totals).toEqual({ environments: 0, leases: 0, waiters: 0, pools: 0 });
    for (const [n, revision] of before.entries()) {
      const { pool } = await submit(store, `p${n}`, acquire(`l${n}`, `e${n}`));
      expect(pool.revision).toBeGreaterThan(revision);
    }
  });

  test("are forgotten when there are too many without an environment: the oldest, and none whose revision the clock has not passed", () => {
    const clock = new HandClock();
    const pools = new Pools(() => clock.now());
    const former = (name: string): Commit => {
      return {
        pools: [{ ...emptyPool(name), revision: START }],
        leases: [],
        environments: [],
        fences: [],
        settings: [],
        keys: [],
        deleted: [],
        forgotten: [],
        events: [],
      };
    };
    for (let n = 0; n <= limits.formerPools; n++) pools.adopt(former(`p${n}`));
    expect(pools.pool("p0").revision).toBe(START);
    clock.time++;
    pools.adopt(former("one more"));
    expect([pools.pool("p0").revision, pools.pool("p1").revision]).toEqual([0, START]);
  });
});

/** A store whose transactions on one pool break an invariant. */
async function cursed(medium: MemoryMedium, pool: string): Promise<LocalStore> {
  const store = await LocalStore.open(medium, () => new HandClock());
  const transact = store.transact.bind(store);
  store.transact = (pools, reads, work) =>
    pools.includes(pool) ? Promise.reject(new Error("invariant: cursed")) : transact(pools, reads, work);
  return store;
}

describe("a pool that cannot be taken up", () => {
  async function twoPools(): Promise<SlowDisk> {
    const { engine, disk } = await stage();
    for (const pool of ["bad", "good"]) await engine.submit(pool, acquireCommand(`${pool}-lease`, `${pool}-env`));
    await engine.stop();
    return disk;
  }

  test("is told of and refuses its commands, and the server starts and serves the others", async () => {
    const troubles: string[] = [];
    const engine = await Engine.start(await cursed(await twoPools(), "bad"), new HandTimers(), {
      trouble: (error, what) => troubles.push(`could not ${what}: ${(error as Error).message}`),
    });
    expect(troubles).toEqual(['could not take up pool "bad": invariant: cursed']);
    await expect(engine.submit("bad", acquireCommand("b", "bad-env"))).rejects.toMatchObject({ reason: "POOL_BROKEN" });
    await expect(engine.views.lease("bad-lease")).rejects.toMatchObject({ reason: "POOL_BROKEN" });
    expect(await engine.submit("good", acquireCommand("b", "good-env"))).toMatchObject({ ok: true, lease: { state: "QUEUED" } });
    expect([...engine.views.pools()].map((pool: Pool) => pool.name)).toEqual(["good"]);
    const listed = async (states: LeaseState[]) => {
      const leases = await engine.views.leases({ states, limit: 10 });
      return leases.map((lease) => engine.views.placed(lease)?.lease.id);
    };
    expect(await listed([])).toEqual(["b", "good-lease"]);
    expect(await listed(["QUEUED", "HELD", "ENDED"])).toEqual(["b", undefined, "good-lease"]);
  });

  test("is not taken up either when its rows contradict each other", async () => {
    class Odd extends SlowDisk {
      override async load(): Promise<Loaded> {
        const loaded = await super.load();
        return { ...loaded, environments: loaded.environments.filter(({ config }) => config.pool !== "bad") };
      }
    }
    const odd = new Odd();
    const { engine } = await stage(odd);
    for (const pool of ["bad", "good"]) await engine.submit(pool, acquireCommand(`${pool}-lease`, `${pool}-env`));
    await engine.stop();
    const again = await stage(odd);
    await expect(
      again.engine.submitFor("bad-lease", { type: "renew", by: { principal: "admin" }, lease: "bad-lease" }),
    ).rejects.toMatchObject({
      reason: "POOL_BROKEN",
    });
    expect(again.engine.views.live("good-lease")).toBeDefined();
  });
});
