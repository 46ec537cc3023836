import { expect, it } from "vitest";
import { type Command, readsOf } from "../../src/core/command.ts";
import { decide } from "../../src/core/decide.ts";
import { checkPool } from "../../src/core/invariants.ts";
import { type Lease, requestKey } from "../../src/core/model/lease.ts";
import type { PoolConfig } from "../../src/core/model/pool-config.ts";
import type { Medium } from "../../src/store/medium.ts";
import { acquire, busyDay, config, endOf, holder, nothing, plain, release, START, specimen, storeOn, submit } from "./fixtures.ts";

/** How an exam comes by its medium: `open` anew, or `reopen` what was written. */
export interface Candidate {
  open(): Promise<Medium>;
  reopen(medium: Medium): Promise<Medium>;
}

/** What every medium must be able to do; the same sentences for each. */
export function exam(candidate: Candidate): void {
  it("gives back after a restart what the rules had made of two pools", async () => {
    let medium = await candidate.open();
    const before = await storeOn(medium);
    await busyDay(before.store, before.clock);
    const pools = [...before.pools.pools()];
    await before.store.close();
    medium = await candidate.reopen(medium);
    const { store, pools: cache } = await storeOn(medium);
    expect([...cache.pools()].map(plain)).toEqual(pools.map(plain));
    expect(pools.flatMap((pool) => [...pool.leases.values()]).length).toBeGreaterThan(5);
    for (const pool of cache.pools()) checkPool(pool);
    for (const pool of pools) for (const name of pool.sites.keys()) expect(cache.ownerOf(name)).toBe(pool.name);
    for (const pool of pools) for (const id of pool.leases.keys()) expect(cache.poolOfLease(id)).toBe(pool.name);
    expect(cache.totals).toEqual(before.pools.totals);
    expect(store.secret).toEqual(before.store.secret);
    expect(store.secret).toHaveLength(32);
    await store.close();
  });

  it("gives back after a restart who has told what of an environment, and each of them once", async () => {
    let medium = await candidate.open();
    const first = await storeOn(medium);
    for (const id of ["a", "b"]) {
      await submit(first.store, "default", acquire(id, "uat", { holder: { ...holder, name: `job ${id}` } }));
      const facts = { [`${id}1`]: "x", [`${id}2`]: "y" };
      await submit(first.store, "default", { type: "renew", by: { principal: "admin" }, lease: id, facts });
      await submit(first.store, "default", release(id));
    }
    const told = first.pools.pool("default").sites.get("uat")?.environment.facts;
    await first.store.close();
    medium = await candidate.reopen(medium);
    const { store, pools } = await storeOn(medium);
    const { facts = {} } = pools.pool("default").sites.get("uat")?.environment ?? {};
    expect(facts).toEqual(told);
    expect(Object.keys(facts)).toEqual(["a1", "a2", "b1", "b2"]);
    expect(facts["a1"]?.holder).toBe(facts["a2"]?.holder);
    await store.close();
  });

  it("goes on after a restart as if there had been none", async () => {
    let medium = await candidate.open();
    const first = await storeOn(medium);
    await submit(first.store, "default", acquire("a", "uat", { requestId: "r" }));
    const waiting = await submit(first.store, "default", acquire("b", "uat"));
    await first.store.close();
    medium = await candidate.reopen(medium);
    const { store, pools } = await storeOn(medium);
    const retry = await submit(store, "default", acquire("c", "uat", { requestId: "r" }));
    expect(retry).toMatchObject({ ok: true, lease: { id: "a", state: "HELD" } });
    await submit(store, "default", release("a"));
    expect(pools.pool("default").leases.get("b")).toMatchObject({ state: "OFFERED" });
    expect(pools.pool("default").revision).toBeGreaterThan(waiting.pool.revision);
    await store.close();
  });

  it("finds an ended lease by its id and by its request, also after a restart", async () => {
    let medium = await candidate.open();
    const first = await storeOn(medium);
    await submit(first.store, "default", acquire("a", "uat", { requestId: "r" }));
    expect(await first.store.findEnded("a")).toBeUndefined();
    await submit(first.store, "default", release("a"));
    const lease = await first.store.findEnded("a");
    expect(lease).toMatchObject({ id: "a", state: "ENDED", endReason: "RELEASED" });
    await first.store.close();
    medium = await candidate.reopen(medium);
    const { store } = await storeOn(medium);
    expect(await store.findEnded("a")).toEqual(lease);
    expect(await store.findEnded("b")).toBeUndefined();
    expect(await submit(store, "default", release("a"))).toMatchObject({ ok: true, alreadyEnded: true });
    expect(await submit(store, "default", acquire("b", "uat", { requestId: "r" }))).toMatchObject({ ok: true, lease });
    expect(await submit(store, "default", acquire("b", "other", { requestId: "r" }))).toMatchObject({ reason: "IDEMPOTENCY_MISMATCH" });
    await store.close();
  });

  it("finds only ended leases, and of one request the newest", async () => {
    const medium = await candidate.open();
    const lease = await specimen();
    const of = (id: string, requestId: string, createdAt: number) => endOf(lease, { id, requestId, createdAt });
    const leases = [of("new", "r", START + 9), of("old", "r", START), of("else", "s", START + 4), { ...lease, id: "live", requestId: "t" }];
    await medium.write({ ...nothing, leases });
    const key = (requestId: string) => requestKey("admin", "default", requestId);
    const ids = async (ids: string[], requests: string[]) => (await medium.find({ leases: ids, requests })).map(({ id }) => id);
    expect(await ids([], ["r", "t", "none"].map(key))).toEqual(["new"]);
    expect(await ids(["old", "live", "none"], [])).toEqual(["old"]);
    expect(await ids(["old", "else", "new"], [key("r")])).toEqual(["old", "else", "new"]);
    expect(await ids([], [])).toEqual([]);
    await medium.close();
  });

  it("keeps the last version of a row, and forgets deleted environments", async () => {
    let medium = await candidate.open();
    const lease = await specimen();
    const environment = {
      config: config("uat", "default", 1),
      state: "AVAILABLE",
      stateReason: "",
      fence: 1,
      rests: [],
      revision: 1,
    } as const;
    const other = { ...environment, config: config("other", "default", 2) };
    await medium.write({
      ...nothing,
      pools: [{ name: "default", revision: 1, at: 1 }],
      leases: [lease],
      environments: [environment, other],
    });
    const changed = { ...environment, state: "DIRTY", fence: 2, revision: 2 } as const;
    const pools = [{ name: "default", revision: START, at: START + 1 }];
    await medium.write({ ...nothing, pools, leases: [{ ...lease, revision: 5 }], environments: [changed], deleted: ["other"] });
    medium = await candidate.reopen(medium);
    expect(await medium.load()).toMatchObject({ pools, leases: [{ ...lease, revision: 5 }], environments: [changed] });
    await medium.close();
  });

  it("keeps what is set for pools, those without an environment included, until it is taken away", async () => {
    let medium = await candidate.open();
    const first = await storeOn(medium);
    const set = (pool: string, setting?: PoolConfig): Command => ({
      ...{ type: "apply", by: { principal: "admin" }, prune: setting === undefined },
      ...{ environments: pool === "used" ? [config("uat", pool, 1)] : [], ...(setting && { config: setting }) },
    });
    await submit(first.store, "used", set("used", { maxQueue: 0 }));
    await submit(first.store, "empty", set("empty", { autoCreate: false }));
    await submit(first.store, "gone", set("gone", { maxQueue: 1 }));
    await submit(first.store, "used", set("used", { maxQueue: 2, autoCreate: true }));
    await submit(first.store, "gone", set("gone"));
    const before = first.pools.totals;
    await first.store.close();
    medium = await candidate.reopen(medium);
    const { store, pools } = await storeOn(medium);
    const configs = [...pools.pools()].map(({ name, config }) => [name, config]);
    expect(Object.fromEntries(configs)).toEqual({ used: { maxQueue: 2, autoCreate: true }, empty: { autoCreate: false } });
    expect(pools.totals).toEqual(before);
    expect(pools.totals.pools).toBe(2);
    expect(pools.pool("gone").revision).toBeGreaterThan(0);
    await store.close();
  });

  it("lists by pool, environment, state, holder and tag, oldest first, page by page", async () => {
    const medium = await candidate.open();
    const lease = await specimen();
    const leases: Lease[] = [
      { ...lease, id: "c", createdAt: START + 1, tags: ["x", "it's"] },
      { ...lease, id: "b", createdAt: START + 1, state: "QUEUED", holder: { ...holder, name: "50%_off" } },
      {
        ...lease,
        id: "a",
        createdAt: START + 2,
        pool: "two",
        needs: [
          { environment: "e1", slots: 1, indexes: [0] },
          { selector: [], count: 1, slots: 1, chosen: [{ environment: "e2", slots: 1, indexes: [0] }] },
        ],
      },
      endOf(lease, { id: "d", createdAt: START, tags: ["x"] }),
    ];
    await medium.write({ ...nothing, leases });
    const ids = async (query: object) => (await medium.list({ states: [], limit: 10, ...query })).map(({ id }) => id);
    expect(await ids({})).toEqual(["b", "c", "a"]);
    expect(await ids({ states: ["ENDED"] })).toEqual(["d"]);
    expect(await ids({ states: ["HELD", "ENDED"] })).toEqual(["d", "c", "a"]);
    expect(await ids({ states: ["QUEUED"] })).toEqual(["b"]);
    expect(await ids({ pool: "two" })).toEqual(["a"]);
    expect(await ids({ on: { environments: ["e1", "e2"], seekers: [] } })).toEqual(["a"]);
    expect(await ids({ on: { environments: ["uat"], seekers: [] }, states: ["HELD"], pool: "default", holder: "ci", tag: "it's" })).toEqual(
      ["c"],
    );
    expect(await ids({ on: { environments: ["e2"], seekers: ["b"] } })).toEqual(["b", "a"]);
    expect(await ids({ on: { environments: [], seekers: [] } })).toEqual([]);
    expect(await ids({ holder: "50%_off" })).toEqual(["b"]);
    expect(await ids({ holder: "' OR 1=1 --" })).toEqual([]);
    expect(await ids({ tag: "x", states: ["ENDED", "HELD"] })).toEqual(["d", "c"]);
    const seen = (patterns: string[], principal = "", seekers: string[] = []) => ids({ seen: { patterns, principal, seekers } });
    expect(await seen(["two:e2"])).toEqual(["a"]);
    expect(await seen(["default:e2"])).toEqual([]);
    expect(await seen(["e?"], "", ["b"])).toEqual(["b", "a"]);
    expect(await seen(["default:*"])).toEqual(["b", "c"]);
    expect(await seen([], lease.principal)).toEqual(["b", "c", "a"]);
    expect(await ids({ seen: { patterns: ["e?"], principal: "", seekers: [] }, pool: "default" })).toEqual([]);
    expect(await ids({ limit: 2 })).toEqual(["b", "c"]);
    expect(await ids({ after: { createdAt: START + 1, id: "b" } })).toEqual(["c", "a"]);
    expect(await ids({ after: { createdAt: START + 1, id: "b" }, limit: 1 })).toEqual(["c"]);
    expect(await ids({ after: { createdAt: START + 2, id: "a" } })).toEqual([]);
    await medium.close();
  });

  it("writes nothing of a transaction whose work throws, and does the next one", async () => {
    let medium = await candidate.open();
    const { store, pools } = await storeOn(medium);
    await submit(store, "default", acquire("a", "uat"));
    const before = plain(pools.pool("default"));
    const failed = store.transact(["default"], readsOf("default", release("a")), (transaction) => {
      decide(transaction.draft("default"), release("a"));
      throw new Error("a bug");
    });
    const next = submit(store, "default", acquire("b", "other"));
    await expect(failed).rejects.toThrow("a bug");
    expect(await next).toMatchObject({ lease: { id: "b", state: "HELD" } });
    await store.close();
    medium = await candidate.reopen(medium);
    const again = await storeOn(medium);
    expect(again.pools.pool("default").leases.get("a")).toMatchObject({ state: "HELD" });
    expect(await again.store.findEnded("a")).toBeUndefined();
    expect((before as { leases: unknown[] }).leases).toHaveLength(1);
    await again.store.close();
  });

  it("runs transactions one after the other, each on what the one before left", async () => {
    const medium = await candidate.open();
    const { store } = await storeOn(medium);
    const ids = Array.from({ length: 20 }, (_, n) => `lease-${n}`);
    const replies = await Promise.all(ids.map((id) => submit(store, "default", acquire(id, "uat"))));
    expect(replies.map((reply) => reply.ok && reply.lease?.state)).toEqual(ids.map((_, n) => (n === 0 ? "HELD" : "QUEUED")));
    const revisions = replies.map((reply) => reply.pool.revision);
    expect(revisions).toEqual([...new Set(revisions)].sort((a, b) => a - b));
    await store.close();
  });

  it("keeps a name in its pool until it is deleted for good: none moves within one transaction, in either order of the pools", async () => {
    for (const order of [
      ["from", "to"],
      ["to", "from"],
    ]) {
      const { store, pools } = await storeOn(await candidate.open());
      await submit(store, "from", { type: "apply", by: { principal: "admin" }, environments: [config("uat", "from", 1)], prune: false });
      const move = await store.transact(order, { leases: [], requests: [] }, ({ draft }) => {
        decide(draft("from"), { type: "delete", by: { principal: "admin" }, environment: "uat" });
        return decide(draft("to"), { type: "apply", by: { principal: "admin" }, environments: [config("uat", "to", 1)], prune: false });
      });
      expect(move).toMatchObject({ ok: false, reason: "POOL_FIXED" });
      await submit(store, "to", { type: "apply", by: { principal: "admin" }, environments: [config("uat", "to", 1)], prune: false });
      expect(pools.ownerOf("uat")).toBe("to");
      await store.close();
    }
  });

  it("works again after a probe that writes nothing new", async () => {
    const { store, pools } = await storeOn(await candidate.open());
    await submit(store, "default", {
      type: "apply",
      by: { principal: "admin" },
      environments: [config("uat", "default", 1)],
      prune: false,
    });
    const before = pools.pool("default");
    await store.probe();
    expect(pools.pool("default")).toBe(before);
    await store.close();
  });

  it("is not taken back by a probe that waited for a commit", async () => {
    let medium = await candidate.open();
    const { store, pools } = await storeOn(medium);
    await Promise.all([
      submit(store, "default", { type: "apply", by: { principal: "admin" }, environments: [config("uat", "default", 1)], prune: false }),
      store.probe(),
    ]);
    const { revision } = pools.pool("default");
    await store.close();
    medium = await candidate.reopen(medium);
    expect((await medium.load()).pools).toMatchObject([{ name: "default", revision }]);
    await medium.close();
  });
}
