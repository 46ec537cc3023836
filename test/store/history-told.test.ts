// The history: what it tells of random days must be what a naive look at all of it says, on every kind of shelf, and after each restart.
import path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { Lease } from "../../src/core/model/lease.ts";
import { isOn, partsOf } from "../../src/core/model/needs.ts";
import { SqliteArchive } from "../../src/store/archive.ts";
import { entriesOfEvent } from "../../src/store/history/entry.ts";
import type { Entry, Filter } from "../../src/store/history/history.ts";
import { MemoryArchive } from "../../src/store/history/memory.ts";
import { MemoryMedium } from "../../src/store/memory.ts";
import { SqliteMedium } from "../../src/store/sqlite.ts";
import { acquire, busyDay, holder, release, START, second, submit } from "./fixtures.ts";
import { follow } from "./follower.ts";
import { directory } from "./places.ts";

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

function fits(
  entry: Entry,
  { pool, environment, lease, holder: name, principal, subject, kinds, since = 0, until = Infinity }: Filter,
): boolean {
  return (
    (pool ?? entry.pool) === entry.pool &&
    (environment ?? entry.environment) === entry.environment &&
    (lease === undefined || lease === entry.lease) &&
    (name === undefined || name === entry.holder?.name) &&
    (principal === undefined || principal === entry.principal || principal === entry.by?.principal) &&
    (subject === undefined || subject === entry.subject) &&
    (kinds.length === 0 || kinds.includes(entry.kind)) &&
    entry.at >= since &&
    entry.at < until
  );
}

const shelves = {
  "in memory": () => ({ medium: new MemoryMedium(), archive: new MemoryArchive() }),
  "in files": async () => {
    const file = path.join(directory(), "call-me.db");
    return { medium: await SqliteMedium.open(file), archive: new SqliteArchive(`${file}-history`) };
  },
};

describe.each(Object.entries(shelves))("a history %s", (_, make) => {
  it("tells what happened, newest first, by any filter and page by page, and goes on after a restart", async () => {
    const { medium, archive } = await make();
    closing.push(
      () => archive.close(),
      () => medium.close(),
    );
    const day = await follow(medium, archive);
    await busyDay(day.store, day.clock, 7);
    const all = day.events.flatMap(entriesOfEvent).reverse();
    expect(all.length).toBeGreaterThan(200);
    const filters: Filter[] = [
      { kinds: [] },
      { kinds: ["GRANTED", "EXPIRED", "STATE_CHANGED"] },
      { kinds: [], environment: "two-2" },
      { kinds: ["QUEUED"], pool: "one", holder: "ci", principal: "admin" },
      { kinds: [], lease: all.find(({ lease }) => lease !== undefined)?.lease ?? "" },
      { kinds: [], since: START + 100 * second, until: START + 200 * second },
      { kinds: [], environment: "never" },
      { kinds: [], principal: "key:a" },
      { kinds: ["RELEASED", "FORCE_RELEASED", "EXTENDED"], principal: "oidc:ci:7" },
      { kinds: [], principal: "key:b" },
      { kinds: [], subject: "one" },
      { kinds: ["POOL_CHANGED"], subject: "two", principal: "key:a" },
    ];
    for (const filter of filters) {
      const expected = all.filter((entry) => fits(entry, filter));
      const told: Entry[] = [];
      for (let before: number | undefined; ; ) {
        const page = await day.chronicle.list(filter, 7, before);
        told.push(...page.entries);
        before = page.next;
        if (before === undefined) break;
      }
      expect(told).toEqual(expected);
    }
    await submit(day.store, "one", acquire("later", "one-later"));
    const later = await follow(medium, archive);
    const { entries } = await later.chronicle.list({ kinds: [] }, 2_000);
    expect(entries.slice(-all.length)).toEqual(all);
    expect(entries.length).toBeGreaterThan(all.length);
    expect(new Set(entries.map(({ revision, pool, environment }) => `${pool} ${revision} ${environment}`)).size).toBe(entries.length);
    expect([...day.troubles, ...later.troubles]).toEqual([]);
  });

  it.each([1, 2, 3])("counts what a naive look at all leases counts, whatever the window (seed %i)", async (seed) => {
    const { medium, archive } = await make();
    closing.push(
      () => archive.close(),
      () => medium.close(),
    );
    const day = await follow(medium, archive);
    await day.chronicle.list({ kinds: [] }, 1);
    await busyDay(day.store, day.clock, seed);
    // What is held at a restart ends in another life.
    const { store, clock, leases: later, chronicle } = await follow(medium, archive);
    clock.time = day.clock.time;
    for (const lease of day.leases.values()) if (lease.state === "HELD") await submit(store, lease.pool, release(lease.id));
    for (let n = 0; n < 20; n++) {
      await submit(store, "one", acquire(`again-${n}`, `one-${1 + (n % 3)}`, { ttl: 5 * second }));
      clock.time += 2 * second;
    }
    const leases = new Map([...day.leases, ...later]);
    for (const [from, to] of [
      [START, clock.time],
      [START + 50 * second, START + 150 * second],
      [clock.time - second, clock.time],
    ] as const) {
      const rows = await chronicle.stats({ filter: { kinds: [] }, from, to, groupBy: "ENVIRONMENT", label: "" });
      expect(rows.length).toBeGreaterThan(5);
      for (const row of rows) {
        const on = [...leases.values()].filter((lease) => isOn(lease, row.key));
        const held = on.filter(({ heldAt }) => heldAt !== undefined).map((lease) => ({ ...lease, since: lease.grantedAt ?? 0 }));
        const ends = on.filter(({ endedAt = Infinity }) => endedAt >= from && endedAt < to);
        const grants = held.filter(({ since }) => since >= from && since < to);
        const count = (reason: string) => ends.filter(({ endReason }) => endReason === reason).length;
        const counts = { grants: grants.length, expired: count("EXPIRED"), forced: count("FORCE_RELEASED"), abandoned: 0 };
        expect(row).toMatchObject(counts);
        expect(row.wait).toMatchObject(naiveSpread(grants.map(({ since, createdAt }) => since - createdAt)));
        const durations = held.filter((lease) => ends.some(({ id }) => id === lease.id)).map(({ since, endedAt = 0 }) => endedAt - since);
        expect(row.hold).toMatchObject(naiveSpread(durations));
        const slots = (lease: Lease) => partsOf(lease).find(({ environment }) => environment === row.key)?.slots ?? 0;
        const time = held.map((lease) => slots(lease) * Math.max(0, Math.min(lease.endedAt ?? to, to) - Math.max(lease.since, from)));
        const capacity = Number(/^\w+-(\d)$/.exec(row.key)?.[1] ?? 1) * (to - from);
        // Extras are made on demand, and some of them are deleted again.
        if (!row.key.includes("extra")) expect(row.utilisation).toBeCloseTo(time.reduce((a, b) => a + b, 0) / capacity, 9);
        expect(row.coversFrom).toBe(from);
      }
    }
  });

  it("groups by pool, repository and label, and counts an environment from when it was made, with the slots that it had when", async () => {
    const { medium, archive } = await make();
    closing.push(
      () => archive.close(),
      () => medium.close(),
    );
    const { store, clock, chronicle } = await follow(medium, archive);
    const by = { principal: "admin" };
    const put = (name: string, capacity: number, os: string) => {
      const environment = { name, pool: "lab", description: "", labels: { os }, capacity, links: {} };
      return submit(store, "lab", { type: "apply", by, environments: [environment], prune: false });
    };
    await put("a", 1, "linux");
    clock.time += 10 * second;
    await put("b", 2, "mac");
    await submit(store, "lab", acquire("x", "a", { holder: { ...holder, repository: "shop" } }));
    clock.time += 10 * second;
    await put("b", 4, "mac");
    await submit(store, "lab", acquire("y", "b", { needs: [{ environment: "b", slots: 4 }], ttl: 600 * second }));
    await submit(store, "lab", release("x"));
    clock.time += 10 * second;
    const asked = { filter: { kinds: [] }, from: START - 100 * second, to: clock.time, label: "os" } as const;
    const stats = async (groupBy: "ENVIRONMENT" | "POOL" | "REPOSITORY" | "LABEL", filter: Filter = asked.filter) =>
      (await chronicle.stats({ ...asked, groupBy, filter })).map(({ key, grants, utilisation }) => [
        key,
        grants,
        Number(utilisation.toFixed(3)),
      ]);
    // b had 2 slots for 10 s, and 4 for 10 s.
    expect(await stats("ENVIRONMENT")).toEqual([
      ["a", 1, 0.333],
      ["b", 1, 0.667],
    ]);
    expect(await stats("POOL")).toEqual([["lab", 2, 0.556]]);
    expect(await stats("LABEL")).toEqual([
      ["linux", 1, 0.333],
      ["mac", 1, 0.667],
    ]);
    expect(await stats("REPOSITORY")).toEqual([
      ["a/b", 1, 0.444],
      ["shop", 1, 0.111],
    ]);
    expect(await stats("ENVIRONMENT", { kinds: [], environment: "b" })).toEqual([["b", 1, 0.667]]);
    const rows = await chronicle.stats({ ...asked, groupBy: "ENVIRONMENT" });
    expect(rows.map(({ coversFrom }) => coversFrom - START)).toEqual([0, 10 * second]);
  });

  it("tells who held an environment at a time", async () => {
    const { medium, archive } = await make();
    closing.push(
      () => archive.close(),
      () => medium.close(),
    );
    const { store, clock, chronicle } = await follow(medium, archive);
    for (const id of ["a", "b", "c"]) {
      await submit(store, "default", acquire(id, "uat"));
      clock.time += 10 * second;
      await submit(store, "default", release(id));
      clock.time += second;
    }
    const at = async (seconds: number) =>
      (await chronicle.list({ kinds: [], environment: "uat", heldAt: START + seconds * second }, 10)).entries.map(({ lease }) => lease);
    expect([await at(0), await at(9.9), await at(10.5), await at(11), await at(40)]).toEqual([["a"], ["a"], [], ["b"], []]);
  });
});

function naiveSpread(values: number[]) {
  const sorted = values.sort((a, b) => a - b);
  const at = (share: number) => sorted.find((_, index) => (index + 1) / sorted.length >= share - 1e-9) ?? 0;
  return { count: sorted.length, p50: at(0.5), p95: at(0.95), max: sorted.at(-1) ?? 0 };
}
