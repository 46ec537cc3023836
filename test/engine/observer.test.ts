import { expect, test } from "vitest";
import { Engine } from "../../src/engine/engine.ts";
import type { Observer } from "../../src/engine/observer.ts";
import { LocalStore } from "../../src/store/local.ts";
import { StoreFailure } from "../../src/store/store.ts";
import { acquireCommand } from "../core/world.ts";
import { HandClock } from "../store/fixtures.ts";
import { HandTimers, SlowDisk } from "./stage.ts";

class FullDisk extends SlowDisk {
  full = false;

  override async write(...batch: Parameters<SlowDisk["write"]>): ReturnType<SlowDisk["write"]> {
    if (this.full) throw new StoreFailure("STORAGE_FULL", "the disk is full");
    return await super.write(...batch);
  }
}

async function watched(observer: Observer) {
  const disk = new FullDisk();
  const store = await LocalStore.open(disk, () => new HandClock());
  return { disk, engine: await Engine.start(store, new HandTimers(), observer) };
}

test("an observer is told of batches, commits and failures, in that order of what happened", async () => {
  const told: string[] = [];
  const { disk, engine } = await watched({
    committed: ({ events }) => told.push(...events.map((event) => `${event.cause?.leaseId} ${event.cause?.state}`)),
    decided: ({ commands, stored }) => told.push(`${commands} ${stored ? "stored" : "decided"}`),
    failed: ({ reason }) => told.push(reason),
  });
  await engine.submit("default", acquireCommand("a", "uat"));
  disk.full = true;
  await expect(engine.submit("default", acquireCommand("b", "uat"))).rejects.toThrow("full");
  expect(told).toEqual(["a HELD", "1 stored", "STORAGE_FULL", "1 decided"]);
});

test("an observer that throws harms nobody, and the first of it is told as trouble, also to itself", async () => {
  const fail = () => {
    throw new Error("the log is full");
  };
  const told: string[] = [];
  const disk = new FullDisk();
  const store = await LocalStore.open(disk, () => new HandClock());
  const deaf: Observer = { committed: fail, decided: fail, called: () => fail, trouble: fail };
  const engine = await Engine.start(
    store,
    new HandTimers(),
    deaf,
    { trouble: (error, what) => told.push(`${what}: ${error}`) },
    { called: fail },
  );
  expect(await engine.submit("default", acquireCommand("a", "uat"))).toMatchObject({ ok: true, lease: { state: "HELD" } });
  expect(told).toEqual([expect.stringMatching(/^tell an observer of what happens; .*: Error: the log is full$/)]);
  for (let time = 0; time < 2; time++) engine.observed.called({ system: "grpc", method: "callme.v1.LockService/Acquire" })("OK");
  expect(told).toHaveLength(2);
});
