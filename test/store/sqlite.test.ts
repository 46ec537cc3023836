import { copyFileSync, existsSync, statSync } from "node:fs";
import path from "node:path";
import { crc32 } from "node:zlib";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import type { Event } from "../../src/core/event.ts";
import { type Lease, requestKey } from "../../src/core/model/lease.ts";
import { known, migrate } from "../../src/store/migrations.ts";
import { openDatabase } from "../../src/store/sqlite/database.ts";
import { rowsOf } from "../../src/store/sqlite/rows.ts";
import { Tables } from "../../src/store/sqlite/tables.ts";
import { SqliteMedium } from "../../src/store/sqlite.ts";
import { type Candidate, exam } from "./exam.ts";
import { examHistory } from "./exam-history.ts";
import { endOf, holder, nothing, specimen } from "./fixtures.ts";
import { directory } from "./places.ts";

describe("a store on SQLite", () => {
  const files = new WeakMap<object, string>();
  const open = async (file: string) => {
    const medium = await SqliteMedium.open(file);
    files.set(medium, file);
    return medium;
  };
  const candidate: Candidate = {
    open: () => open(path.join(directory(), "call-me.db")),
    reopen: async (medium) => {
      await medium.close();
      return open(files.get(medium) ?? "");
    },
  };
  exam(candidate);
  examHistory(candidate);
});

describe("the file", () => {
  it("has, after all migrations, the schema that is committed", async () => {
    const file = path.join(directory(), "call-me.db");
    await (await SqliteMedium.open(file)).close();
    const db = new Database(file, { readonly: true });
    const statements = db.prepare<[], string>("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid").pluck().all();
    db.close();
    await expect(statements.map((sql) => `${sql};\n`).join("\n")).toMatchFileSnapshot("../../src/store/migrations/schema.sql");
  });

  it.each([1, 4])("of version %i is taken up: with its leases and events, and their number", async (last) => {
    const file = path.join(directory(), "call-me.db");
    const old = new Database(file);
    old.function("random_key", () => Buffer.alloc(32));
    migrate(
      old,
      file,
      known().filter(({ version }) => version <= last),
    );
    const lease = { ...(await specimen()), tags: ["nightly"], endNote: "" };
    const past = endOf(lease, { id: "past", endNote: "done", requestId: "r" });
    const event = eventOf(lease);
    const seal = (...columns: (string | number | null)[]) => [...columns, crc32(columns.join("\0"))];
    const put = (table: string, row: unknown[]) => old.prepare(`INSERT INTO ${table} VALUES (${row.map(() => "?").join()})`).run(row);
    const key = requestKey("admin", "default", "r");
    put("leases", seal(lease.id, "default", "HELD", null, lease.createdAt, null, JSON.stringify(lease)));
    put("leases", seal(past.id, "default", "ENDED", key, past.createdAt, past.createdAt, JSON.stringify(past)));
    put("events", seal("default", event.revision, JSON.stringify(event)));
    old.close();
    const medium = await SqliteMedium.open(file);
    expect((await medium.load()).leases).toEqual([lease]);
    expect(await medium.find({ leases: [], requests: [key] })).toEqual([past]);
    expect(await medium.past("default", 0, 9)).toEqual({ events: [event] });
    await medium.trim({ before: 0, leases: 1, requests: 1, events: 0, bytes: 1_000 });
    expect(await medium.past("default", 0, 9)).toBe("trimmed");
    await medium.close();
  });

  it("is opened so that a commit is on disk", () => {
    const db = openDatabase(path.join(directory(), "call-me.db"));
    const pragma = (name: string) => db.pragma(name, { simple: true });
    expect(["journal_mode", "synchronous", "locking_mode", "trusted_schema"].map(pragma)).toEqual(["wal", 2, "exclusive", 0]);
    expect(pragma("wal_autocheckpoint")).toBe(0);
    db.close();
  });

  it.skipIf(process.platform === "win32")("can be read by its owner alone, and so can its log", async () => {
    const file = path.join(directory(), "call-me.db");
    const medium = await SqliteMedium.open(file);
    expect([file, `${file}-wal`].map((name) => statSync(name).mode & 0o777)).toEqual([0o600, 0o600]);
    await medium.close();
  });

  it("is read by the megabyte and shortened as it is written, where a pool's events are large", async () => {
    const tables = new Tables(openDatabase(path.join(directory(), "call-me.db")));
    const cause = { leaseId: "x".repeat(700_000), state: "HELD", holder } as const;
    const event = (revision: number) => ({ pool: "p", revision, at: 1, environments: [], cause });
    const write = (from: number, to: number) =>
      tables.write(rowsOf({ ...nothing, events: Array.from({ length: to - from }, (_, n) => event(from + n)) }));
    const past = (since: number, limit: number) => {
      const window = tables.past("p", since, limit);
      return window === "trimmed" ? window : { revisions: window.rows.map((row) => row[1]), more: window.more };
    };
    write(1, 91);
    expect(past(0, 100)).toEqual({ revisions: [1, 2], more: true });
    expect(past(0, 1)).toEqual({ revisions: [1], more: true });
    expect(past(89, 100)).toEqual({ revisions: [90], more: false });
    write(91, 101);
    expect(past(0, 100)).toBe("trimmed");
    expect(past(99, 100)).toEqual({ revisions: [100], more: false });
    tables.close();
  });

  it("alone has schema and secret as soon as it is new", async () => {
    const file = path.join(directory(), "call-me.db");
    const medium = await SqliteMedium.open(file);
    const { secret } = await medium.load();
    const copy = path.join(directory(), "copy.db");
    copyFileSync(file, copy);
    await medium.close();
    const other = await SqliteMedium.open(copy);
    expect((await other.load()).secret).toEqual(secret);
    await other.close();
  });

  it("has a mark beside it from the first commit until it is closed", async () => {
    const file = path.join(directory(), "call-me.db");
    await (await SqliteMedium.open(file)).close();
    const isMarked = () => existsSync(`${file}-open`);
    const medium = await SqliteMedium.open(file);
    const marks = [isMarked()];
    // Trims nothing, so nothing is written.
    await medium.trim({ before: 0, leases: 1, requests: 1, events: 0, bytes: 1_000 });
    marks.push(isMarked());
    await medium.probe();
    marks.push(isMarked());
    await medium.close();
    expect([...marks, isMarked()]).toEqual([false, false, true, false]);
  });

  it("takes over what is in its log every thousand pages, so that the log stays short", async () => {
    const file = path.join(directory(), "call-me.db");
    const medium = await SqliteMedium.open(file);
    const lease = await specimen();
    for (let n = 0; n < 60; n++) {
      const leases = Array.from({ length: 100 }, (_, m) => endOf(lease, { id: `${n}-${m}`, endNote: "x".repeat(2_000) }));
      await medium.write({ ...nothing, leases });
    }
    expect(statSync(`${file}-wal`).size).toBeLessThan(6_000_000);
    expect(statSync(file).size).toBeGreaterThan(10_000_000);
    await medium.close();
  });

  it("takes over what is in its log when nothing is written for a while", async () => {
    const file = path.join(directory(), "call-me.db");
    const medium = await SqliteMedium.open(file);
    const lease = await specimen();
    const leases = Array.from({ length: 400 }, (_, n) => endOf(lease, { id: `l${n}`, endNote: "x".repeat(2_000) }));
    await medium.write({ ...nothing, leases });
    expect(statSync(file).size).toBeLessThan(200_000);
    await expect.poll(() => statSync(file).size, { timeout: 20_000 }).toBeGreaterThan(800_000);
    await medium.close();
  });

  it("is whole without its log once it is closed", async () => {
    const file = path.join(directory(), "call-me.db");
    const medium = await SqliteMedium.open(file);
    await medium.write({
      pools: [{ name: "p", revision: 1, at: 1 }],
      leases: [],
      environments: [],
      fences: [],
      settings: [],
      keys: [],
      deleted: [],
      forgotten: [],
      events: [],
    });
    await medium.close();
    expect(existsSync(`${file}-wal`)).toBe(false);
  });

  it("knows each of tens of thousands of request_ids after a restart, those that came meanwhile, and none that history has forgotten", async () => {
    const file = path.join(directory(), "call-me.db");
    let medium = await SqliteMedium.open(file);
    const lease = await specimen();
    const count = 25_000;
    const ended = (n: number) => endOf(lease, { id: `l${n}`, requestId: `r${n}`, createdAt: n, endedAt: n });
    await medium.write({ ...nothing, leases: Array.from({ length: count }, (_, n) => ended(n)) });
    await medium.close();
    medium = await SqliteMedium.open(file);
    const found = async (from: number, to: number) => {
      const requests = Array.from({ length: to - from }, (_, n) => requestKey("admin", "default", `r${from + n}`));
      return (await medium.find({ leases: [], requests })).map(({ id }) => id);
    };
    const ids = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => `l${from + n}`);
    await medium.write({ ...nothing, leases: [ended(count)] });
    expect(await found(0, count + 2)).toEqual(ids(0, count + 1));
    const fresh = [requestKey("admin", "default", "r7")];
    expect(await medium.write({ ...nothing, leases: [ended(count + 1)] }, fresh)).toMatchObject([{ id: "l7" }]);
    while (await medium.trim({ before: 13_000, leases: count, requests: 0, events: 0, bytes: 0 }));
    expect(await found(0, count + 2)).toEqual(ids(13_000, count + 1));
    await medium.close();
  });

  it("is closed once, and answers nobody after that", async () => {
    const medium = await SqliteMedium.open(path.join(directory(), "call-me.db"));
    await Promise.all([medium.close(), medium.close()]);
    await expect(medium.list({ states: [], limit: 1 })).rejects.toMatchObject({ reason: "STORE_CLOSED" });
  });

  it("keeps nothing of a batch of which one row cannot be written, and takes the next", async () => {
    const medium = await SqliteMedium.open(path.join(directory(), "call-me.db"));
    const batch = (revision: number, told: number) => ({
      ...nothing,
      pools: [{ name: "p", revision, at: 1 }],
      events: [{ pool: "p", revision: told, at: 1, environments: [] }],
    });
    await medium.write(batch(7, 7));
    await expect(medium.write(batch(8, 7))).rejects.toMatchObject({ reason: "STORAGE_FAILED" });
    expect((await medium.load()).pools).toMatchObject([{ revision: 7 }]);
    await medium.write(batch(8, 8));
    expect(await medium.past("p", 0, 9)).toMatchObject({ events: [{ revision: 7 }, { revision: 8 }] });
    await medium.close();
  });
});

/** What was told of a grant. */
function eventOf({ id: leaseId, holder, principal, pool, revision, createdAt, deadline = 0 }: Lease): Event {
  const times = { since: createdAt, until: deadline, latestEnd: createdAt + 9 };
  const occupant = { leaseId, holder, principal, state: "HELD", reason: "", ...times } as const;
  const next = { ...occupant, leaseId: "next", state: "QUEUED", reason: "a release", holder: { ...holder, name: "other" } } as const;
  const numbers = { capacity: 2, used: 1, resting: 1, queueLength: 1, available: false };
  const rest = { until: 9, from: { leaseId: "past", holder, endReason: "EXPIRED" } } as const;
  const status = { name: "uat", pool, state: "DRAINING", stateReason: "", ...numbers, holders: [occupant], next, rest } as const;
  return { revision, at: createdAt, pool, environments: [status], cause: { leaseId, state: "HELD", holder } };
}
