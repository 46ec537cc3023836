import {
  closeSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import path from "node:path";
import { expect, test, vi } from "vitest";
import { LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { clientsOf, leaseIn, refusal } from "../outside/clients.ts";
import { eventually } from "../outside/eventually.ts";
import { ERRORS, Server } from "../outside/server.ts";
import { directory } from "../store/places.ts";

// Each starts servers, and other tests run beside it.
vi.setConfig({ testTimeout: 60_000 });

function replace(file: string): void {
  copyFileSync(file, `${file}.copy`);
  renameSync(`${file}.copy`, file);
}

/** Writes some bytes into the file where it is. */
function scribble(file: string, at: number): void {
  const descriptor = openSync(file, "r+");
  writeSync(descriptor, "xxxxxxxx", at);
  closeSync(descriptor);
}

const MEDDLINGS: readonly (readonly [name: string, meddle: (file: string) => void, told: RegExp])[] = [
  ["the database is deleted", (file) => rmSync(file), /it was deleted or moved away/],
  ["the database is replaced by a copy", replace, /it was replaced by another file/],
  ["the database is overwritten where it is", (file) => copyFileSync(`${file}-reserve`, file), /it was written by another program/],
  ["a few bytes of the database are overwritten", (file) => scribble(file, 200), /it was written by another program/],
  ["the database is made longer", (file) => writeFileSync(file, "more\n", { flag: "a" }), /it was written by another program/],
  ["the log is emptied", (file) => truncateSync(`${file}-wal`), /its log \(-wal\) was written by another program/],
  ["the log is cut short", (file) => truncateSync(`${file}-wal`, 4_000), /its log \(-wal\) was written by another program/],
  ["the log is made longer", (file) => writeFileSync(`${file}-wal`, "more\n", { flag: "a" }), /its log \(-wal\) was written by another/],
  ["a few bytes of the log are overwritten", (file) => scribble(`${file}-wal`, 5_000), /its log \(-wal\) was written by another program/],
  ["the log is deleted", (file) => rmSync(`${file}-wal`), /its log \(-wal\) was deleted or moved away/],
  ["the log is replaced by a copy", (file) => replace(`${file}-wal`), /its log \(-wal\) was replaced by another file/],
];

test.each(MEDDLINGS)("%s under the running server: nothing is acknowledged any more, and it says why", async (_, meddle, told) => {
  await using server = await Server.start();
  const { locks } = clientsOf(server, "gRPC");
  const file = path.join(server.directory, "call-me.db");
  writeFileSync(`${file}-reserve`, "x".repeat(10_000), { flag: "a" });
  const leaseId = leaseIn(await locks.acquire({ environment: "uat" })).id;
  meddle(file);
  for (let turn = 0; turn < 3; turn++) {
    expect(await refusal(locks.acquire({ environment: "late" }))).toBe("unavailable STORAGE_LOST");
    expect(await refusal(locks.release({ leaseId }))).toBe("unavailable STORAGE_LOST");
  }
  expect(leaseIn(await locks.getLease({ leaseId })).state).toBe(LeaseState.HELD);
  const statuses = ["readyz", "healthz"].map(async (probed) => (await fetch(`${server.url}/${probed}`)).status);
  expect(await Promise.all(statuses)).toEqual([503, 200]);
  const errors = () => server.log.filter(({ level }) => ERRORS.includes(level));
  // The answers may be here before the log is.
  await expect.poll(() => errors().length).toBeGreaterThan(0);
  expect(errors().map(({ msg }) => msg)).toEqual(["the store's files are not in their place any more; nothing is written until a restart"]);
  const logged = JSON.stringify(errors());
  expect(logged).toMatch(told);
  expect(logged).toContain(`${file}: `);
  expect(logged).toMatch(/stop the server, put the database and its -wal in their place/);
});

test("a log that is deleted beside the real file is noticed where the store's path is a link to it", async () => {
  const elsewhere = path.join(directory(), "real.db");
  const link = path.join(directory(), "call-me.db");
  writeFileSync(elsewhere, "");
  symlinkSync(elsewhere, link);
  await using server = await Server.start({ CALL_ME_STORE: `sqlite:${link}` });
  const { locks } = clientsOf(server, "gRPC");
  await locks.acquire({ environment: "uat" });
  await eventually(() => existsSync(`${elsewhere}-reserve`));
  rmSync(`${elsewhere}-wal`);
  expect(await refusal(locks.acquire({ environment: "late" }))).toBe("unavailable STORAGE_LOST");
});

test("a database and a log of which only the times have changed are the same ones", async () => {
  await using server = await Server.start();
  const { locks } = clientsOf(server, "gRPC");
  await locks.acquire({ environment: "a" });
  for (const name of ["call-me.db", "call-me.db-wal"]) {
    utimesSync(path.join(server.directory, name), 1, 1);
    expect(leaseIn(await locks.acquire({ environment: name })).state).toBe(LeaseState.HELD);
  }
});

test("a database that is moved away is noticed without any call; moved back while the server is stopped, it has all", async () => {
  await using server = await Server.start();
  const { locks } = clientsOf(server, "gRPC");
  const lease = leaseIn(await locks.acquire({ environment: "uat", requestId: "r" }));
  const file = path.join(server.directory, "call-me.db");
  const names = [file, `${file}-wal`];
  for (const name of names) renameSync(name, `${name}.away`);
  await eventually(async () => (await fetch(`${server.url}/readyz`)).status === 503);
  for (const name of names) cpSync(`${name}.away`, name);
  expect(await refusal(locks.release({ leaseId: lease.id }))).toBe("unavailable STORAGE_LOST");
  expect(await server.stop()).toBe(0);
  for (const name of names) renameSync(`${name}.away`, name);
  await server.restart();
  expect(leaseIn(await locks.acquire({ environment: "uat", requestId: "r" })).id).toBe(lease.id);
});

test("what the server itself does to its files is no meddling: thousands of commits, by which the log is copied and begun anew", async () => {
  await using server = await Server.start();
  const { locks } = clientsOf(server, "gRPC");
  const file = path.join(server.directory, "call-me.db");
  const first = statSync(file).size;
  for (let turn = 0; turn < 700; turn++) leaseIn(await locks.acquire({ environment: "uat", holder: { name: "x".repeat(128) } }));
  await eventually(() => statSync(file).size > first);
  expect(server.log.filter(({ level }) => ERRORS.includes(level))).toEqual([]);
});

test.each([
  ["stop", (server: Server) => server.stop()],
  ["kill -9", (server: Server) => server.kill9()],
])("a server whose log was spoilt does not start with what is left of it after a %s, until it is told to", async (_, end) => {
  await using server = await Server.start();
  const { locks } = clientsOf(server, "gRPC");
  for (const environment of ["a", "b", "c"]) await locks.acquire({ environment });
  const file = path.join(server.directory, "call-me.db");
  truncateSync(`${file}-wal`, statSync(`${file}-wal`).size - 10_000);
  await eventually(async () => (await fetch(`${server.url}/readyz`)).status === 503);
  await end(server);
  await expect(server.restart()).rejects.toThrow(
    /ended with 78 .*another program wrote into its log .*call-me\.db-wal while .*; restore both from a backup and remove .*call-me\.db-open;/s,
  );
  rmSync(`${file}-open`);
  await server.restart();
});

const LOSSES: readonly (readonly [name: string, lose: (log: string) => void, told: string])[] = [
  ["is missing", (log) => rmSync(log), "missing"],
  ["is empty", (log) => truncateSync(log), "empty"],
  ["is shorter than any", (log) => truncateSync(log, 4_000), "cut short"],
];

test.each(LOSSES)(
  "a killed server whose log %s does not start: leases would be lost; with the log, or without the mark, it does",
  async (_, lose, told) => {
    await using server = await Server.start();
    const lease = leaseIn(await clientsOf(server).locks.acquire({ environment: "uat", requestId: "r" }));
    await server.kill9();
    const file = path.join(server.directory, "call-me.db");
    copyFileSync(`${file}-wal`, `${file}.log`);
    lose(`${file}-wal`);
    const sentence = new RegExp(
      `ended with 78 .*cannot open the store ${file}: its log ${file}-wal is ${told}, [^\n]*leases .*would be lost; put the log back, or remove ${file}-open to begin with what the database alone has\n?$`,
      "s",
    );
    await expect(server.restart()).rejects.toThrow(sentence);
    copyFileSync(`${file}.log`, `${file}-wal`);
    await server.restart();
    expect(leaseIn(await clientsOf(server).locks.acquire({ environment: "uat", requestId: "r" })).id).toBe(lease.id);
    await server.kill9();
    rmSync(`${file}-wal`);
    rmSync(`${file}-open`);
    await server.restart();
    expect((await clientsOf(server).locks.check({ environment: "uat" })).environments).toMatchObject([{ used: 0 }]);
  },
);

test("a server that is killed before anything was written to its log starts again without it", async () => {
  await using server = await Server.start();
  await server.stop();
  await server.restart();
  const file = path.join(server.directory, "call-me.db");
  await server.kill9();
  rmSync(`${file}-wal`, { force: true });
  await server.restart();
  expect(await server.stop()).toBe(0);
  expect([file, `${file}-wal`, `${file}-open`].map((name) => existsSync(name))).toEqual([true, false, false]);
});

test("a killed server's log that is missing beside the real file is noticed where the store's path is a link to it", async () => {
  const elsewhere = path.join(directory(), "real.db");
  const link = path.join(directory(), "call-me.db");
  writeFileSync(elsewhere, "");
  symlinkSync(elsewhere, link);
  await using server = await Server.start({ CALL_ME_STORE: `sqlite:${link}` });
  await clientsOf(server).locks.acquire({ environment: "uat" });
  await server.kill9();
  rmSync(`${elsewhere}-wal`);
  await expect(server.restart()).rejects.toThrow(`its log ${elsewhere}-wal is missing`);
});

test("where there can be no mark, the server warns and goes on", async () => {
  await using server = await Server.start();
  const file = path.join(server.directory, "call-me.db");
  mkdirSync(`${file}-open`);
  expect(leaseIn(await clientsOf(server).locks.acquire({ environment: "uat" })).state).toBe(LeaseState.HELD);
  // The answer may be here before the log is.
  await expect
    .poll(() => server.complaints.map(({ msg }) => msg))
    .toEqual([`cannot create ${file}-open (EISDIR): a start after a crash would not notice it if the log (-wal) were missing`]);
});
