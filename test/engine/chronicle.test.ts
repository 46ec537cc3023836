// The history behind the commits: when it takes them over, what it does when it cannot, and how long it keeps them.
import { expect, onTestFinished, test, vi } from "vitest";
import { limits } from "../../src/core/limits.ts";
import { Chronicle } from "../../src/engine/history/chronicle.ts";
import { RecentHolds } from "../../src/engine/history/holds.ts";
import { Views } from "../../src/engine/views.ts";
import type { Kept, Part } from "../../src/store/history/history.ts";
import type { Posting } from "../../src/store/history/letter.ts";
import { MemoryArchive } from "../../src/store/history/memory.ts";
import type { MediumState } from "../../src/store/medium.ts";
import { MemoryMedium } from "../../src/store/memory.ts";
import { StoreFailure } from "../../src/store/store.ts";
import { cleanCommand } from "../core/world.ts";
import { acquire, release, second, storeOn, submit } from "../store/fixtures.ts";
import { Hand, immediate } from "./audience.ts";

/** An archive that fails while it is told to, and counts. */
class Faulty extends MemoryArchive {
  failing = false;
  appended = 0;
  readonly trims: Kept[] = [];

  override async append(part: Part): Promise<Posting> {
    if (this.failing) throw new StoreFailure("STORAGE_FULL", "the disk is full");
    this.appended++;
    return await super.append(part);
  }

  override async trim(kept: Kept): Promise<boolean> {
    this.trims.push(kept);
    return await super.trim(kept);
  }
}

/** One that is on a full disk while it is told to; what is written is written to its reserve. */
class Disk extends MemoryMedium {
  override state: MediumState = "well";
}

async function scene() {
  const disk = new Disk();
  const { store, clock, pools } = await storeOn(disk);
  const [archive, timers, holds, troubles] = [new Faulty(), new Hand(), new RecentHolds(), [] as string[]];
  const views = new Views(store, pools, holds);
  const retention = { span: 60 * second, entries: 1 };
  const trouble = (_: unknown, what: string) => void troubles.push(what);
  const chronicle = new Chronicle({ store, archive, views, holds, timers, retention, trouble });
  pools.onCommit((commit) => {
    holds.note(commit);
    chronicle.note(commit);
  });
  const kinds = async () => (await chronicle.list({ kinds: [] }, 100)).entries.map(({ kind }) => kind);
  return { disk, store, clock, archive, timers, troubles, chronicle, kinds, holds };
}

/** Until so many parts have been taken over. */
async function taken(archive: Faulty, parts: number): Promise<void> {
  while (archive.appended < parts) await immediate();
}

test("commits are taken over a second after the first of them, together, and at once where somebody asks", async () => {
  const { store, archive, timers, kinds } = await scene();
  timers.pass(1_000);
  await taken(archive, 1);
  await submit(store, "default", acquire("a", "uat"));
  timers.pass(500);
  await submit(store, "default", release("a"));
  timers.pass(500);
  await taken(archive, 2);
  await submit(store, "default", acquire("b", "uat"));
  expect(await kinds()).toEqual(["GRANTED", "RELEASED", "GRANTED"]);
  expect(archive.appended).toBe(3);
});

test("what cannot be written is told once, and taken over when it can be", async () => {
  const { store, archive, timers, troubles, chronicle, kinds } = await scene();
  await kinds();
  archive.failing = true;
  await submit(store, "default", acquire("a", "uat"));
  for (let n = 0; n < 2; n++) await expect(chronicle.list({ kinds: [] }, 9)).rejects.toThrow("the disk is full");
  await submit(store, "default", release("a"));
  expect(troubles).toEqual(["write the history; leases are not concerned, and it is tried again"]);
  archive.failing = false;
  timers.pass(10_000);
  await taken(archive, 2);
  expect(await kinds()).toEqual(["RELEASED", "GRANTED"]);
});

test("on a full disk nothing is left out without a word: who asks is told that it is behind, until there is room", async () => {
  const { disk, store, clock, archive, timers, chronicle, kinds, troubles } = await scene();
  const stats = () => chronicle.stats({ filter: { kinds: [] }, from: 0, to: clock.time, groupBy: "ENVIRONMENT", label: "" });
  await submit(store, "default", acquire("a", "uat"));
  expect(await kinds()).toEqual(["GRANTED"]);
  disk.state = "short";
  expect(await kinds()).toEqual(["GRANTED"]);
  const appended = archive.appended;
  await submit(store, "default", release("a"));
  timers.pass(1_000);
  for (const question of [kinds, stats]) {
    const behind = await question().catch((error: unknown) => error);
    expect(behind).toMatchObject({ reason: "STORAGE_FULL", message: expect.stringContaining("the history is behind the leases") });
  }
  expect([archive.appended, troubles]).toEqual([appended, []]);
  disk.state = "well";
  timers.pass(10_000);
  await taken(archive, appended + 1);
  expect(await kinds()).toEqual(["RELEASED", "GRANTED"]);
});

test("it tells since when it has lacked something: as long as that cannot be written, or may not, by a clock that stands for nothing", async () => {
  const { disk, store, archive, timers, chronicle, kinds } = await scene();
  await kinds();
  expect(chronicle.behind).toBe(0);
  let time = performance.now();
  const clock = vi.spyOn(performance, "now").mockImplementation(() => time);
  onTestFinished(() => clock.mockRestore());
  archive.failing = true;
  await submit(store, "default", acquire("a", "uat"));
  time += 5_000;
  await submit(store, "default", release("a"));
  await expect(chronicle.list({ kinds: [] }, 9)).rejects.toThrow("the disk is full");
  time += 5_000;
  expect(chronicle.behind).toBe(10_000);
  [archive.failing, disk.state] = [false, "short"];
  await expect(chronicle.list({ kinds: [] }, 9)).rejects.toThrow("behind");
  expect(chronicle.behind).toBe(10_000);
  disk.state = "well";
  timers.pass(10_000);
  expect(await kinds()).toEqual(["RELEASED", "GRANTED"]);
  expect(chronicle.behind).toBe(0);
});

test("each minute it forgets what is older than it should keep", async () => {
  const { store, clock, archive, timers, kinds } = await scene();
  await submit(store, "default", acquire("old", "uat"));
  await submit(store, "default", release("old"));
  await kinds();
  clock.time += 100 * second;
  timers.pass(60_000);
  await submit(store, "default", acquire("new", "uat"));
  expect(await kinds()).toEqual(["GRANTED"]);
  expect(archive.trims).toEqual([{ before: clock.time - 60 * second, entries: 1 }]);
});

test("how long environments were held is recalled from before, and never of more than so many", async () => {
  const { store, clock, archive, kinds, holds } = await scene();
  for (let n = 0; n < 70; n++) {
    await submit(store, "default", acquire(`l${n}`, "uat", { ttl: 600 * second }));
    clock.time += n < 10 ? 100 * second : second;
    await submit(store, "default", release(`l${n}`));
  }
  await kinds();
  expect(holds.timesOf("uat")).toMatchObject({ samples: 64, medianHold: second });
  const after = new RecentHolds();
  for (const [name, durations] of await archive.holds(after.most, clock.time + 1)) after.recall(name, durations);
  expect(after.timesOf("uat")).toEqual(holds.timesOf("uat"));
  expect(after.timesOf("other")).toBeUndefined();
});

test("questions wait for one another, not too many of them, and none is answered that nobody waits for", async () => {
  const { chronicle, archive } = await scene();
  const asked = Array.from({ length: limits.questions }, (_, n) => chronicle.list({ kinds: [] }, 1, undefined, { gone: n % 2 === 1 }));
  const settled = Promise.allSettled(asked);
  await expect(chronicle.list({ kinds: [] }, 1)).rejects.toMatchObject({ reason: "OVERLOADED" });
  const answers = await settled;
  expect(answers.filter(({ status }) => status === "fulfilled")).toHaveLength(limits.questions / 2);
  expect(answers[1]).toMatchObject({ reason: { reason: "CALLER_GONE" } });
  expect((await chronicle.list({ kinds: [] }, 1)).entries).toEqual([]);
  expect(archive.appended).toBeGreaterThan(0);
});

test("to clean is no use: neither statistics nor the guess of a turn count it, while it lasts or afterwards", async () => {
  const { store, clock, chronicle, holds } = await scene();
  const uat = { name: "uat", pool: "default", description: "", labels: {}, capacity: 1, links: {} };
  const by = { principal: "admin" };
  await submit(store, "default", { type: "apply", by, environments: [uat], prune: false });
  const soiled = { type: "setState", by, environment: "uat", state: "DIRTY", reason: "" } as const;
  const rows = () => chronicle.stats({ filter: { kinds: [] }, from: 0, to: clock.time, groupBy: "ENVIRONMENT", label: "" });
  for (let round = 0; round < 6; round++) {
    await submit(store, "default", soiled);
    await submit(store, "default", cleanCommand(`k${round}`));
    clock.time += second;
    expect(await rows()).toMatchObject([{ grants: 0, utilisation: 0 }]);
    await submit(store, "default", release(`k${round}`));
  }
  expect(await rows()).toMatchObject([{ grants: 0, utilisation: 0, hold: { count: 0 } }]);
  expect(holds.timesOf("uat")).toBeUndefined();
});
