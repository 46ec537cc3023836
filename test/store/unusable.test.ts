import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import Database from "better-sqlite3";
import { describe, expect, it, onTestFinished } from "vitest";
import { SqliteMedium } from "../../src/store/sqlite.ts";
import { StoreUnusable } from "../../src/store/store.ts";
import { directory, smallDisk } from "./places.ts";

const writer = path.join(import.meta.dirname, "writer.ts");

/** Why the file cannot be opened: the message, which names it. */
async function refusal(file: string): Promise<string> {
  const error = await SqliteMedium.open(file).then(
    (medium) => medium.close().then(() => "it was opened"),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof StoreUnusable)) throw new Error(`not a StoreUnusable: ${String(error)}`, { cause: error });
  expect(error.message).toContain(`cannot open the store ${file}: `);
  return error.message;
}

/** A store that has been used and closed. */
async function used(file = path.join(directory(), "call-me.db")): Promise<string> {
  const medium = await SqliteMedium.open(file);
  const environment = {
    config: { name: "uat", pool: "p", description: "", labels: {}, capacity: 1, links: {} },
    state: "AVAILABLE",
  } as const;
  await medium.write({
    pools: [{ name: "p", revision: 1, at: 1 }],
    environments: [{ ...environment, stateReason: "", fence: 0, rests: [], revision: 1 }],
    leases: [],
    fences: [],
    settings: [],
    keys: [],
    deleted: [],
    forgotten: [],
    events: [],
  });
  await medium.close();
  return file;
}

function mayWrite(file: string): boolean {
  try {
    accessSync(file, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function edit(file: string, sql: string): void {
  const db = new Database(file);
  db.exec(sql);
  db.close();
}

describe("a store is refused, with the file, the reason and the remedy, when", () => {
  it("its directory does not exist", async () => {
    const file = path.join(directory(), "none", "call-me.db");
    expect(await refusal(file)).toMatch(/there is no directory .*none; create it/);
  });

  it("its directory is a file", async () => {
    const file = path.join(await used(), "call-me.db");
    expect(await refusal(file)).toMatch(/there is no directory/);
  });

  it("it is a directory", async () => {
    expect(await refusal(directory())).toMatch(/it is a directory; give the path of a file/);
  });

  it("it is no file at all", async () => {
    expect(await refusal("/dev/null")).toMatch(/it is not a regular file/);
  });

  it("its disk is read-only", async (context) => {
    const disk = smallDisk("2m");
    if (disk === undefined) return context.skip("NOT TESTED: this user may not mount a disk");
    const file = await used(path.join(disk, "call-me.db"));
    expect(spawnSync("mount", ["-o", "remount,ro", disk]).status).toBe(0);
    expect(await refusal(file)).toMatch(/it cannot be written \(EROFS\); let this user write it/);
    expect(await refusal(path.join(disk, "new.db"))).toMatch(/it cannot be written \(EROFS\)/);
  });

  it("this user may not write it, or its directory", async (context) => {
    const file = await used();
    chmodSync(file, 0o400);
    onTestFinished(() => chmodSync(path.dirname(file), 0o700));
    if (mayWrite(file)) return context.skip("NOT TESTED: this user may write anything");
    expect(await refusal(file)).toMatch(/it cannot be written \(EACCES\)/);
    chmodSync(path.dirname(file), 0o500);
    expect(await refusal(path.join(path.dirname(file), "new.db"))).toMatch(/it cannot be written \(EACCES\)/);
  });

  it("it is not a database, and it stays as it was", async () => {
    const file = path.join(directory(), "call-me.db");
    writeFileSync(file, "my notes\n".repeat(1_000));
    expect(await refusal(file)).toMatch(/it is not a SQLite database; restore a backup/);
    expect(readFileSync(file, "utf8")).toBe("my notes\n".repeat(1_000));
  });

  it("its header or a page of it is damaged", async () => {
    for (const [at, length] of [
      [0, 16],
      [4_096, 4_096],
      [8_192, 100],
    ] as const) {
      const file = await used();
      const bytes = readFileSync(file);
      writeFileSync(file, bytes.fill(0x5a, at, at + length));
      expect(await refusal(file)).toMatch(/it is (damaged: .+|not a SQLite database); restore a backup, or move it and its -wal away/);
    }
  });

  it("its end is missing", async () => {
    const file = await used();
    truncateSync(file, statSync(file).size - 4_096 * 3);
    expect(await refusal(file)).toMatch(/it is damaged/);
  });

  it("a value in it is damaged", async () => {
    const file = await used();
    edit(file, `UPDATE environments SET body = replace(body, '"capacity":1', '"capacity":2')`);
    const medium = await SqliteMedium.open(file);
    await expect(medium.load()).rejects.toThrow(/cannot open the store .*the row of "uat" is not as it was written; restore a backup/);
  });

  it("it is a database of another program, and it stays as it was", async () => {
    const file = path.join(directory(), "call-me.db");
    edit(file, "CREATE TABLE songs (title); INSERT INTO songs VALUES ('x')");
    const before = readFileSync(file);
    expect(await refusal(file)).toMatch(/it is a SQLite database of another program; choose another path/);
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it("a newer call-me made it", async () => {
    const file = await used();
    edit(file, "PRAGMA user_version = 999");
    expect(await refusal(file)).toMatch(/made by a newer call-me \(its schema is 999, this program knows \d+\); use that version/);
  });

  it("one of its migrations was another", async () => {
    const file = await used();
    edit(file, "UPDATE migrations SET checksum = 'x' WHERE version = 1");
    expect(await refusal(file)).toMatch(/its migration 1 \(0001_first.sql\) was another one/);
  });

  it("its log is there, and itself it is missing or empty", async () => {
    const file = await used();
    writeFileSync(`${file}-wal`, "x".repeat(5_000));
    truncateSync(file, 0);
    expect(await refusal(file)).toMatch(/it is empty, but its log .*-wal holds 5000 bytes/);
    rmSync(file);
    expect(await refusal(file)).toMatch(/it is missing, but its log/);
    expect(existsSync(file)).toBe(false);
  });

  it("it was not closed, and its log is missing or shorter than any; it stays as it was", async () => {
    const file = await used();
    const before = readFileSync(file);
    writeFileSync(`${file}-open`, "");
    expect(await refusal(file)).toMatch(/its log .*-wal is missing, .*put the log back, or remove .*-open to begin with/);
    writeFileSync(`${file}-wal`, "x".repeat(4_000));
    expect(await refusal(file)).toMatch(/its log .*-wal is cut short/);
    expect([readFileSync(file).equals(before), statSync(`${file}-wal`).size]).toEqual([true, 4_000]);
    rmSync(`${file}-wal`);
    rmSync(file);
    expect(await refusal(file)).toMatch(/its log .*-wal is missing/);
    expect(existsSync(file)).toBe(false);
  });

  it("another server of this process has it, whose lock the refusal leaves in place", async () => {
    const file = await used();
    const medium = await SqliteMedium.open(file);
    expect(await refusal(file)).toMatch(/it is in use by another call-me server/);
    const other = spawnSync(process.execPath, [writer, file, "0"], { encoding: "utf8", timeout: 15_000 });
    expect(other).toMatchObject({ status: 78, stdout: "unusable\n" });
    await medium.close();
    await (await SqliteMedium.open(file)).close();
  });

  it("another process has it, until that one is killed", async () => {
    const file = await used();
    const child = spawn(process.execPath, [writer, file], { stdio: ["ignore", "pipe", "inherit"] });
    const exit = once(child, "exit");
    await once(child.stdout, "data");
    child.stdout.resume();
    expect(await refusal(file)).toMatch(/it is in use by another call-me server/);
    child.kill("SIGKILL");
    await exit;
    await (await SqliteMedium.open(file)).close();
  });
});

describe("a store is opened", () => {
  it("where there is an empty file, which becomes one", async () => {
    const file = path.join(directory(), "call-me.db");
    writeFileSync(file, "");
    await used(file);
    const medium = await SqliteMedium.open(file);
    expect(await medium.load()).toMatchObject({ pools: [{ name: "p" }] });
    await medium.close();
  });

  it("under a relative path and a strange name", async () => {
    const folder = path.join(directory(), "a ?b#%20'c");
    mkdirSync(folder);
    const file = path.relative(process.cwd(), path.join(folder, "file:x.db?mode=memory"));
    await (await SqliteMedium.open(file)).close();
    expect(statSync(file).size).toBeGreaterThan(0);
  });
});
