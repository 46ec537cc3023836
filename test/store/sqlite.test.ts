import { existsSync, statSync } from "node:fs";
import path from "node:path";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { openDatabase } from "../../src/store/sqlite/database.ts";
import { SqliteMedium } from "../../src/store/sqlite.ts";
import { exam } from "./exam.ts";
import { directory } from "./places.ts";

describe("a store on SQLite", () => {
  const files = new WeakMap<object, string>();
  const open = async (file: string) => {
    const medium = await SqliteMedium.open(file);
    files.set(medium, file);
    return medium;
  };
  exam({
    open: () => open(path.join(directory(), "call-me.db")),
    reopen: async (medium) => {
      await medium.close();
      return open(files.get(medium) ?? "");
    },
  });
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

  it("is whole without its log once it is closed", async () => {
    const file = path.join(directory(), "call-me.db");
    const medium = await SqliteMedium.open(file);
    await medium.write({ pools: [{ name: "p", revision: 1, at: 1 }], leases: [], environments: [], deleted: [], events: [] });
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
    const batch = { pools: [{ name: "p", revision: 7, at: 1 }], leases: [], environments: [], deleted: [], events: [event] };
    await expect(medium.write({ ...batch, events: [event, event] })).rejects.toMatchObject({ reason: "STORAGE_FAILED" });
    expect((await medium.load()).pools).toEqual([]);
    await medium.write(batch);
    expect(await medium.past("p", 0, 9)).toEqual({ events: [event] });
    await medium.close();
  });
});
