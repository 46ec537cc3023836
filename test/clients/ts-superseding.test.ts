/** Newer holds in place of older ones. */
import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CancelRequested, Client, Supersede } from "../../clients/ts/src/index.ts";
import { eventually } from "../outside/eventually.ts";
import { Server } from "../outside/server.ts";

let server: Server;
let client: Client;
beforeAll(async () => {
  server = await Server.start();
  client = new Client(server);
});
afterAll(() => server[Symbol.asyncDispose]());

test("a body that is asked to stop hears it from its signal, and is done before the newer one begins", async () => {
  const began: string[] = [];
  const older = client.hold("uat", { supersedeKey: "main" }, async (_, signal) => {
    began.push("older");
    await once(signal, "abort");
    began.push("stopped");
    throw signal.reason;
  });
  await eventually(() => began.length === 1);
  const newest = { supersedeKey: "main", supersede: Supersede.HELD, holder: { name: "build #8" } };
  const newer = client.hold("uat", newest, () => began.push("newer"));
  const reason: unknown = await older.catch((error: unknown) => error);
  expect(reason).toBeInstanceOf(CancelRequested);
  expect(reason).toMatchObject({ message: 'asked to stop by build #8: a newer request with supersede_key "main"' });
  await newer;
  expect(began).toEqual(["older", "stopped", "newer"]);
});

test("a command is ended likewise, and who still waits is told whose place is taken", async () => {
  let running = false;
  const older = client.hold("board", { supersedeKey: "main" }, (lease) => {
    running = true;
    return lease.run(["sleep", "1000"], { stdio: "ignore" });
  });
  const ended = older.catch((error: unknown) => error);
  await eventually(() => running);
  const waiting = client.hold("board", { supersedeKey: "main" }, () => undefined);
  const missed = waiting.catch((error: unknown) => error);
  await eventually(async () => (await client.locks.check({ environment: "board" })).environments[0]?.queueLength === 1);
  await client.hold("board", { supersedeKey: "main", supersede: Supersede.HELD }, () => undefined);
  expect(await ended).toMatchObject({ name: "CancelRequested" });
  expect(await missed).toMatchObject({ name: "NotAcquired", reason: "SUPERSEDED" });
});
