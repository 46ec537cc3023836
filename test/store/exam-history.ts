import { expect, it } from "vitest";
import { ACCESS_POOL } from "../../src/core/access/key.ts";
import { decide } from "../../src/core/decide.ts";
import type { Event } from "../../src/core/event.ts";
import { requestKey } from "../../src/core/model/lease.ts";
import type { History } from "../../src/store/store.ts";
import type { Candidate } from "./exam.ts";
import { acquire, busyDay, endOf, holder, nothing, release, START, second, specimen, storeOn, submit } from "./fixtures.ts";

/** History without bounds, but for what is given. */
function keeping(bounds: Partial<History>): History {
  const most = Number.MAX_SAFE_INTEGER;
  return { before: 0, leases: most, requests: most, events: most, bytes: most, ...bounds };
}

/** What every medium must keep of the past, and forget. */
export function examHistory(candidate: Candidate): void {
  it("finds the few among thousands, and trims thousands, some at a time", async () => {
    const medium = await candidate.open();
    const lease = await specimen();
    const leases = Array.from({ length: 7_000 }, (_, n) =>
      endOf(lease, { id: `l${n}`, createdAt: START + n, endedAt: START + n, tags: n % 3_000 === 2_999 ? ["rare"] : [] }),
    );
    await medium.write({ ...nothing, leases });
    const rare = await medium.list({ states: ["ENDED"], tag: "rare", limit: 10 });
    expect(rare.map(({ id }) => id)).toEqual(["l2999", "l5999"]);
    expect(await medium.list({ states: ["ENDED"], limit: 10_000 })).toHaveLength(7_000);
    for (let call = 0; call < 3; call++) await medium.trim(keeping({ before: START + 6_000 }));
    const left = await medium.list({ states: ["ENDED"], limit: 10_000 });
    expect([left.length, left[0]?.id]).toEqual([1_000, "l6000"]);
    await medium.trim(keeping({ before: START, leases: 10 }));
    expect((await medium.list({ states: ["ENDED"], limit: 10_000 })).map(({ id }) => id)).toEqual(leases.slice(-10).map(({ id }) => id));
    await medium.close();
  });

  it("knows the request_id of a lease that history has no room for, with its end, until its time is over", async () => {
    let medium = await candidate.open();
    const first = await storeOn(medium);
    const leases = ["a", "b", "c", "d"];
    for (const id of leases) {
      await submit(first.store, "default", acquire(id, "uat", { requestId: `request of ${id}` }));
      first.clock.time += second;
      await submit(first.store, "default", release(id));
    }
    const trim = (bounds: Partial<History>) => first.store.trim(keeping({ leases: 1, requests: 2, ...bounds }));
    await trim({});
    await trim({});
    await first.store.close();
    medium = await candidate.reopen(medium);
    const { store, clock } = await storeOn(medium);
    clock.time += 8 * second;
    const retry = (id: string, environment = "uat") =>
      submit(store, "default", acquire(`${id}2`, environment, { requestId: `request of ${id}` }));
    expect(await retry("d")).toMatchObject({ ok: true, lease: { id: "d", state: "ENDED", needs: [{ environment: "uat" }] } });
    const known = { state: "ENDED", endReason: "RELEASED", principal: "admin", pool: "default", needs: [] };
    expect(await retry("c")).toMatchObject({
      ok: true,
      lease: { id: "c", ...known, requestId: "request of c", endedAt: START + 3 * second },
    });
    expect(await retry("b", "other")).toMatchObject({ ok: false, reason: "IDEMPOTENCY_MISMATCH" });
    expect(await retry("b")).toMatchObject({ ok: true, lease: { id: "b", ...known } });
    expect(await retry("a")).toMatchObject({ ok: true, lease: { id: "a2", state: "HELD" } });
    await store.trim(keeping({ before: START + 3 * second }));
    expect(
      await medium.find({ leases: [], requests: ["b", "c"].map((id) => requestKey("admin", "default", `request of ${id}`)) }),
    ).toMatchObject([{ id: "c" }]);
    await store.close();
  });

  it("trims ended leases only", async () => {
    const medium = await candidate.open();
    const lease = await specimen();
    await medium.write({ ...nothing, leases: [lease, endOf(lease, { id: "gone" })] });
    await medium.trim(keeping({ before: lease.createdAt + second, leases: 0 }));
    expect((await medium.load()).leases).toEqual([lease]);
    expect(await medium.list({ states: ["ENDED"], limit: 10 })).toEqual([]);
    await medium.close();
  });

  it("keeps the keys, tells the history of them as of all else, and trims what is old", async () => {
    let medium = await candidate.open();
    const first = await storeOn(medium);
    const key = (id: string) => ({ by: { principal: "admin" }, label: id, grants: [], bootstrap: true, id, digest: `digest of ${id}` });
    for (const id of ["a", "b"]) await submit(first.store, ACCESS_POOL, { type: "createKey", ...key(id) });
    await submit(first.store, "default", acquire("lease", "uat"));
    await submit(first.store, ACCESS_POOL, { type: "revokeKey", by: { principal: "admin" }, key: "a", bootstrap: true });
    const part = await first.store.take([]);
    expect(part?.text).toContain("KEY_REVOKED");
    expect(part).toMatchObject({ events: 4, more: false });
    await first.store.close();
    medium = await candidate.reopen(medium);
    const { store, pools, clock } = await storeOn(medium);
    const kept = [...pools.pool(ACCESS_POOL).keys.values()];
    expect(kept.map(({ id, revokedAt }) => [id, revokedAt !== undefined])).toEqual([
      ["a", true],
      ["b", false],
    ]);
    expect(pools.pool(ACCESS_POOL).revision).toBeGreaterThan(0);
    clock.time += second;
    await store.trim(keeping({ before: clock.time }));
    expect(await store.past(ACCESS_POOL, 0, 10)).toBe("trimmed");
    await store.close();
  });

  it("tells the past of a pool behind a revision, and when some of it is gone, also after a restart", async () => {
    let medium = await candidate.open();
    const { store, clock, pools } = await storeOn(medium);
    const told: number[] = [];
    pools.onCommit(({ events }) => told.push(...events.map((event) => event.revision)));
    await submit(store, "quiet", acquire("q", "quiet"));
    const [quiet] = told.splice(0);
    for (const id of ["a", "b", "c"]) {
      await submit(store, "default", acquire(id, "uat"));
      clock.time += second;
    }
    const past = async (since: number, limit = 10, pool = "default") => {
      const found = await store.past(pool, since, limit);
      return found === "trimmed" ? found : found.events.map((event) => event.revision);
    };
    expect(told).toHaveLength(3);
    expect(await past(0)).toEqual(told);
    expect(await past(told[0] ?? 0)).toEqual(told.slice(1));
    expect(await past(0, 2)).toEqual(told.slice(0, 2));
    expect(await past(0, 10, "nowhere")).toEqual([]);
    const [event] = await store.past("default", 0, 1).then((found) => (found === "trimmed" ? [] : found.events));
    expect(event).toMatchObject({ pool: "default", environments: [{ name: "uat", used: 1 }], cause: { leaseId: "a", state: "HELD" } });
    await store.trim(keeping({ before: told[2] ?? 0 }));
    expect(await past(told[0] ?? 0)).toBe("trimmed");
    expect(await past(told[1] ?? 0)).toEqual(told.slice(2));
    expect(await past(quiet ?? 0, 10, "quiet")).toEqual([]);
    await store.close();
    medium = await candidate.reopen(medium);
    expect(await medium.past("default", told[0] ?? 0, 10)).toBe("trimmed");
    expect(await medium.past("default", told[1] ?? 0, 10)).toMatchObject({ events: [{ revision: told[2] }] });
    await medium.close();
  });

  it("keeps of a pool's events the newest, so many and so many bytes of them", async () => {
    const medium = await candidate.open();
    // Little less than each is as it is stored.
    const size = 10_000;
    const cause = { leaseId: "x".repeat(size), state: "HELD", holder } as const;
    const event = (pool: string, revision: number) => ({ pool, revision, at: revision, environments: [], cause });
    const events = Array.from({ length: 30 }, (_, n) => event("long", 100 + n));
    for (const one of [...events, event("short", 1)]) await medium.write({ ...nothing, events: [one] });
    const left = async (pool: string) => {
      const past = await medium.past(pool, 0, 100);
      const trimmed = past === "trimmed" ? await medium.past(pool, 119, 100) : past;
      return trimmed === "trimmed" ? trimmed : trimmed.events.map(({ revision }) => revision);
    };
    expect(await left("long")).toHaveLength(30);
    await medium.trim(keeping({ events: 20, bytes: 25.5 * size }));
    expect(await medium.past("long", 108, 100)).toBe("trimmed");
    expect(await medium.past("long", 109, 100)).toEqual({ events: events.slice(10) });
    await medium.trim(keeping({ events: 20, bytes: 10.5 * size }));
    expect(await left("long")).toEqual(events.slice(20).map(({ revision }) => revision));
    await medium.write({ ...nothing, events: [event("long", 130)] });
    await medium.trim(keeping({ bytes: 5.5 * size }));
    expect(await medium.past("long", 125, 100)).toMatchObject({ events: [{ revision: 126 }, {}, {}, {}, { revision: 130 }] });
    expect(await medium.past("long", 124, 100)).toBe("trimmed");
    expect(await left("short")).toEqual([1]);
    // That of the keys has an empty name.
    for (let revision = 1; revision <= 30; revision++) await medium.write({ ...nothing, events: [event("", revision)] });
    await medium.trim(keeping({ events: 20 }));
    expect(await medium.past("", 10, 100)).toMatchObject({ events: { length: 20 } });
    expect(await medium.past("", 9, 100)).toBe("trimmed");
    await medium.close();
  });

  it("tells the past as it was told when it happened", async () => {
    const medium = await candidate.open();
    const { store, clock, pools } = await storeOn(medium);
    const told: Event[] = [];
    pools.onCommit(({ events }) => told.push(...events));
    await busyDay(store, clock);
    const leases = Array.from({ length: 100 }, (_, n) => `together-${n}`);
    await store.transact(["one"], { leases: [], requests: [] }, ({ draft }) => {
      for (const id of leases) decide(draft("one"), acquire(id, "one-3", { reason: id, holder: { ...holder, name: id } }));
    });
    for (const pool of ["one", "two"]) {
      const events = told.filter((event) => event.pool === pool);
      expect(await store.past(pool, 0, 10_000)).toEqual({ events });
      const since = events.at(-50)?.revision ?? 0;
      expect(await store.past(pool, since, 20)).toEqual({ events: events.slice(-49, -29) });
    }
    await store.close();
  });

  it("tells a past of many megabytes in order and whole", async () => {
    const medium = await candidate.open();
    const text = "x".repeat(100_000);
    const events = Array.from({ length: 50 }, (_, n) => ({
      pool: "p",
      revision: n + 1,
      at: 1,
      environments: [],
      cause: { leaseId: text, state: "HELD", holder } as const,
    }));
    await medium.write({ ...nothing, pools: [{ name: "p", revision: 50, at: 1 }], events });
    const past = async (since: number, limit: number) => {
      const found = await medium.past("p", since, limit);
      return found === "trimmed" ? found : found.events.map(({ revision }) => revision);
    };
    const revisions = events.map(({ revision }) => revision);
    expect(await past(0, 100)).toEqual(revisions);
    expect(await past(3, 20)).toEqual(revisions.slice(3, 23));
    expect(await past(50, 20)).toEqual([]);
    await medium.close();
  });
}
