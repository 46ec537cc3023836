import { copyFileSync, existsSync, statSync } from "node:fs";
import path from "node:path";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { known, migrate } from "../../src/store/migrations.ts";
import { openDatabase } from "../../src/store/sqlite/database.ts";
import { rowsOf } from "../../src/store/sqlite/rows.ts";
import { Tables } from "../../src/store/sqlite/tables.ts";
import { SqliteMedium } from "../../src/store/sqlite.ts";
import { type Candidate, exam } from "./exam.ts";
import { examHistory } from "./exam-history.ts";
import { holder, nothing } from "./fixtures.ts";
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

  it("of the first version is taken up: with its events, and their number", async () => {
    const file = path.join(directory(), "call-me.db");
    const old = new Database(file);
    old.function("random_key", () => Buffer.alloc(32));
    migrate(
      old,
      file,
      known().filter(({ version }) => version === 1),
    );
    const event = { pool: "p", revision: 7, at: 1, environments: [] };
    for (const row of rowsOf({ ...nothing, events: [event] }).events) old.prepare("INSERT INTO events VALUES (?, ?, ?, ?)").run(row);
    old.close();
    const medium = await SqliteMedium.open(file);
    expect(await medium.past("p", 0, 9)).toEqual({ events: [event] });
    await medium.trim({ before: 0, leases: 1, requests: 1, events: 0, bytes: 1_000 });
    expect(await medium.past("p", 0, 9)).toBe("trimmed");
    await medium.close();
  });

  it("is opened so that a commit is on disk", () => {
    const db = openDatabase(path.join(directory(), "call-me.db"));
    const pragma = (name: string) => db.pragma(name, { simple: true });
    expect(["journal_mode", "synchronous", "locking_mode", "trusted_schema"].map(pragma)).toEqual(["wal", 2, "exclusive", 0]);
    expect(pragma("wal_autocheckpoint")).toBe(1_000);
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
    expect(past(0, 2)).toEqual({ revisions: [1, 2], more: false });
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

  it("is whole without its log once it is closed", async () => {
    const file = path.join(directory(), "call-me.db");
    const medium = await SqliteMedium.open(file);
    await medium.write({
      pools: [{ name: "p", revision: 1, at: 1 }],
      leases: [],
      environments: [],
      deleted: [],
      forgotten: [],
      events: [],
    });
    await medium.close();
    expect(existsSync(`${file}-wal`)).toBe(false);
  });

  it("is closed once, and answers nobody after that", async () => {
    const medium = await SqliteMedium.open(path.join(directory(), "call-me.db"));
    await Promise.all([medium.close(), medium.close()]);
    await expect(medium.list({ states: [], limit: 1 })).rejects.toMatchObject({ reason: "STORE_CLOSED" });
  });

  it("keeps nothing of a batch of which one row cannot be written, and takes the next", async () => {
    const medium = await SqliteMedium.open(path.join(directory(), "call-me.db"));
    const event = { pool: "p", revision: 7, at: 1, environments: [] };
    const batch = { pools: [{ name: "p", revision: 7, at: 1 }], leases: [], environments: [], deleted: [], forgotten: [], events: [event] };
    await expect(medium.write({ ...batch, events: [event, event] })).rejects.toMatchObject({ reason: "STORAGE_FAILED" });
    expect((await medium.load()).pools).toEqual([]);
    await medium.write(batch);
    expect(await medium.past("p", 0, 9)).toEqual({ events: [event] });
    await medium.close();
  });
});
