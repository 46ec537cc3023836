import { expect, test } from "vitest";
import { limits } from "../../src/core/limits.ts";
import { readPage } from "../../src/rpc/http/page/files.ts";
import { httpHandlers } from "../../src/rpc/http/paths.ts";
import { Principals } from "../../src/rpc/principal.ts";
import { acquireCommand } from "../core/world.ts";
import { emptyChronicle, silentNotices } from "../engine/chronicles.ts";
import { SlowDisk, stage } from "../engine/stage.ts";
import { clientsOf, refusal } from "../outside/clients.ts";
import { openDoor } from "./doors.ts";
import { nobodyKnown, unbound } from "./known.ts";

test("when too much waits for the disk, a call is resource_exhausted, and /maybe is 503 with Retry-After", async () => {
  const { engine, disk } = await stage(new SlowDisk());
  const chronicle = emptyChronicle(engine.views);
  const notices = silentNotices(engine.views);
  const service = {
    engine,
    chronicle,
    notices,
    principals: new Principals(undefined, new Uint8Array(32), nobodyKnown(engine)),
    ...unbound(),
    autoCreate: true,
    secrets: new Map(),
  };
  const health = { serving: () => true, changed: () => new Promise<void>(() => {}) };
  const report = (error: unknown) => expect.unreachable(String(error));
  const metrics = { open: false, text: async () => [] };
  const settings = {
    legacyTtl: undefined,
    corsOrigins: new Set<string>(),
    direct: true,
    page: { files: await readPage(), signIns: { known: [], origins: [] } },
  };
  const door = await openDoor(httpHandlers({ service, health, metrics, ...settings, report }).handle);
  const stuck = disk.hang();
  const first = engine.submit("default", acquireCommand("a", "uat"));
  await stuck;
  const waiting = Array.from({ length: limits.waiting }, () => engine.submit("default", { type: "pulse" }));
  expect(await refusal(clientsOf({ url: door.url, key: "" }).locks.acquire({ environment: "other" }))).toBe(
    "resource_exhausted OVERLOADED",
  );
  const answer = await fetch(`${door.url}/maybe?environment=other`, { method: "POST", headers: { "x-api-key": "any" } });
  expect([answer.status, Number(answer.headers.get("retry-after"))]).toEqual([503, expect.any(Number)]);
  disk.flow();
  await Promise.all([first, ...waiting]);
});
