import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import Database from "better-sqlite3";
import { expect, test, vi } from "vitest";
import { clientsOf, leaseIn, seconds } from "../outside/clients.ts";
import { eventually } from "../outside/eventually.ts";
import { Server } from "../outside/server.ts";
import { BIN } from "../packed.ts";
import { fill } from "../store/disk.ts";
import { directory, smallDisk } from "../store/places.ts";

// Each starts servers, and other tests run beside it.
vi.setConfig({ testTimeout: 60_000 });

/** Runs `call-me serve` where it cannot start: its exit code, and what it says. */
function serve(env: Readonly<Record<string, string>>): { status: number | null; stderr: string } {
  const { status, stderr } = spawnSync(process.execPath, [BIN, "serve"], {
    encoding: "utf8",
    timeout: 15_000,
    env: { PATH: process.env["PATH"], PORT: "0", ...env },
  });
  return { status, stderr };
}

/** A store that a server has used, and left in order. */
async function used(): Promise<string> {
  const file = path.join(directory(), "call-me.db");
  writeFileSync(file, await bytesOfUsed);
  return file;
}

const bytesOfUsed = (async () => {
  await using server = await Server.start();
  await clientsOf(server).locks.acquire({ environment: "uat" });
  await server.stop();
  return readFileSync(path.join(server.directory, "call-me.db"));
})();

function edit(file: string, sql: string): void {
  const db = new Database(file);
  db.exec(sql);
  db.close();
}

const SETTINGS: readonly (readonly [name: string, env: Record<string, string>, told: RegExp])[] = [
  ["a port that is none", { PORT: "80x" }, /PORT is "80x"; give a number/],
  ["a port out of range", { PORT: "65536" }, /PORT is "65536"/],
  ["another address than this machine's without a key", { CALL_ME_BIND: "0.0.0.0" }, /CALL_ME_BIND is 0\.0\.0\.0.*set API_KEY/],
  ["a store of another kind", { CALL_ME_STORE: "mysql://me:secret@db/x" }, /CALL_ME_STORE is "mysql:\/\/…"; give sqlite:PATH/],
  ["half of a TLS setting", { CALL_ME_TLS_CERT: "cert.pem" }, /CALL_ME_TLS_CERT and CALL_ME_TLS_KEY go together/],
  [
    "a TLS key that is not there",
    { CALL_ME_TLS_CERT: "no.pem", CALL_ME_TLS_KEY: "no.pem" },
    /CALL_ME_TLS_CERT is no\.pem, which cannot be read/,
  ],
];

test.each(SETTINGS)("serve ends with 78 and one sentence at %s", (_, env, told) => {
  const { status, stderr } = serve({ CALL_ME_STORE: `sqlite:${path.join(directory(), "call-me.db")}`, ...env });
  expect(stderr).toMatch(told);
  expect(stderr).toMatch(/^call-me serve: [^\n]+\n$/);
  expect(stderr).not.toContain("secret");
  expect(status).toBe(78);
});

const STORES: readonly (readonly [name: string, spoil: (file: string) => void, told: RegExp])[] = [
  ["another program's database", (file) => edit(file, "PRAGMA application_id = 7"), /it is a SQLite database of another program/],
  ["no database at all", (file) => writeFileSync(file, "a shopping list, not a database\n".repeat(50)), /it is not a SQLite database/],
  [
    "a database that was made by a newer call-me",
    (file) => edit(file, "PRAGMA user_version = 999"),
    /made by a newer call-me \(its schema is 999/,
  ],
  ["a database with a page of rubbish", (file) => spoilPage(file, 4), /it is damaged/],
  ["a database that was cut short", (file) => truncateSync(file, 8_192), /it is damaged/],
];

test.each(STORES)("serve ends with 78 and one sentence at %s, and leaves it as it is", async (_, spoil, told) => {
  const file = await used();
  spoil(file);
  const before = readFileSync(file);
  const { status, stderr } = serve({ CALL_ME_STORE: `sqlite:${file}` });
  expect(stderr).toMatch(told);
  expect(stderr).toContain(file);
  expect(stderr).toMatch(/^call-me serve: [^\n]+\n$/);
  expect(status).toBe(78);
  expect(readFileSync(file).equals(before)).toBe(true);
});

function spoilPage(file: string, page: number): void {
  const bytes = readFileSync(file);
  bytes.fill(0xa5, (page - 1) * 4_096, page * 4_096);
  writeFileSync(file, bytes);
}

test("serve ends with 78 where the store's directory does not exist, and makes none", () => {
  const file = path.join(directory(), "none", "call-me.db");
  const { status, stderr } = serve({ CALL_ME_STORE: `sqlite:${file}` });
  expect(stderr).toMatch(/there is no directory .*none; create it/);
  expect(status).toBe(78);
});

test("a second server on the same store or port ends with 78, and the first goes on", async () => {
  await using server = await Server.start();
  const { locks } = clientsOf(server);
  await locks.acquire({ environment: "uat" });
  const second = serve({ CALL_ME_STORE: `sqlite:${path.join(server.directory, "call-me.db")}` });
  expect(second.stderr).toMatch(/it is in use by another call-me server/);
  expect(second.status).toBe(78);
  const port = serve({ CALL_ME_STORE: `sqlite:${path.join(directory(), "x.db")}`, PORT: String(server.port) });
  expect(port.stderr).toMatch(/^call-me serve: [^\n]*EADDRINUSE[^\n]*\n$/);
  expect(port.status).toBe(78);
  expect(leaseIn(await locks.renew({ leaseId: leaseIn(await locks.acquire({ environment: "b" })).id })).id).not.toBe("");
  await server.kill9();
  await server.restart();
  expect((await locks.check({ environment: "uat" })).environments).toMatchObject([{ used: 1 }]);
});

test("a start that must write on a full disk does so from the reserve and is not ready; without one it ends with 74 and one sentence", async (context) => {
  const disk = smallDisk("4m");
  if (disk === undefined) {
    console.warn("test/faults: a start on a full disk was NOT TESTED: this user may not mount a small one");
    return context.skip();
  }
  const file = path.join(disk, "call-me.db");
  const store = { CALL_ME_STORE: `sqlite:${file}` };
  {
    await using server = await Server.start(store);
    // After a start it has its full ttl again, and that is to be written down.
    const { locks } = clientsOf(server);
    const leaseId = leaseIn(await locks.acquire({ environment: "uat", ttl: seconds(30) })).id;
    await eventually(() => (statSync(`${file}-reserve`, { throwIfNoEntry: false })?.size ?? 0) > 0);
    await server.stop();
    const free = fill(disk);
    await server.restart();
    expect((await fetch(`${server.url}/readyz`)).status).toBe(503);
    expect(leaseIn(await locks.renew({ leaseId })).id).toBe(leaseId);
    await server.stop();
    free();
  }
  rmSync(`${file}-reserve`);
  const free = fill(disk);
  const { status, stderr } = serve(store);
  expect(stderr).toMatch(/^call-me serve: [^\n]*the disk is full[^\n]*\n$/);
  expect(status).toBe(74);
  free();
  await using server = await Server.start(store);
  expect((await clientsOf(server).locks.check({ environment: "uat" })).environments).toMatchObject([{ used: 1 }]);
});
