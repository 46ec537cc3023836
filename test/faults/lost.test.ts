import { copyFileSync, cpSync, existsSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test, vi } from "vitest";
import { LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { clientsOf, leaseIn, refusal } from "../outside/clients.ts";
import { eventually } from "../outside/eventually.ts";
import { Server } from "../outside/server.ts";
import { directory } from "../store/places.ts";

// Each starts servers, and other tests run beside it.
vi.setConfig({ testTimeout: 60_000 });

function replace(file: string): void {
  copyFileSync(file, `${file}.copy`);
  renameSync(`${file}.copy`, file);
}

const MEDDLINGS: readonly (readonly [name: string, meddle: (file: string) => void, told: RegExp])[] = [
  ["the database is deleted", (file) => rmSync(file), /it was deleted or moved away/],
  ["the database is replaced by a copy", replace, /it was replaced by another file/],
  ["the database is overwritten where it is", (file) => copyFileSync(`${file}-reserve`, file), /it was written by another program/],
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
  const errors = server.log.filter(({ level }) => level >= 50);
  expect(errors.map(({ msg }) => msg)).toEqual(["the store's files are not in their place any more; nothing is written until a restart"]);
  const logged = JSON.stringify(errors);
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

test("a database of which only the times have changed is the same one", async () => {
  await using server = await Server.start();
  const { locks } = clientsOf(server, "gRPC");
  await locks.acquire({ environment: "a" });
  utimesSync(path.join(server.directory, "call-me.db"), 1, 1);
  expect(leaseIn(await locks.acquire({ environment: "b" })).state).toBe(LeaseState.HELD);
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
