import { createHook } from "node:async_hooks";
import { expect, test } from "vitest";
import { limits } from "../../src/core/limits.ts";
import { watch } from "../../src/engine/watch/watch.ts";
import { callOf, HEARTBEAT_MS, House, immediate } from "./audience.ts";

const POOL = { pool: "default" };
const UAT = { environment: "uat" };

test("all readers of a change are given one message object, whether they follow the environment or its pool", async () => {
  const house = await House.open();
  await house.acquire("other");
  const readers = [POOL, UAT, POOL, UAT, POOL].map((topic) => house.watch(topic));
  for (const reader of readers) expect((await reader.next()).kind).toBe("SNAPSHOT");
  await house.acquire("uat");
  const told = await Promise.all(readers.map((reader) => reader.next()));
  expect(new Set(told).size).toBe(1);
});

test("a snapshot, and the state that stands for what slow readers missed, are made once for all of them", async () => {
  const house = await House.open();
  await house.apply("default", ["a", "b", "uat"]);
  const readers = Array.from({ length: 20 }, () => house.watch(POOL));
  const opened = await Promise.all(readers.map((reader) => reader.next()));
  expect(new Set(opened).size).toBe(1);
  await house.change("uat", 66);
  const merged = await Promise.all(readers.map((reader) => reader.next()));
  expect(merged[0]).toMatchObject({ kind: "CHANGE", skipped: true, environments: [{ name: "a" }, { name: "b" }, { name: "uat" }] });
  expect(new Set(merged).size).toBe(1);
  const [before, after] = [opened[0]?.environments ?? [], merged[0]?.environments ?? []];
  // What did not change is not even looked at anew.
  expect(after.filter((status, index) => status === before[index]).map(({ name }) => name)).toEqual(["a", "b"]);
});

test("up to 64 changes a slow reader is told one by one; beyond that its present state, whatever else changed beside it", async () => {
  const house = await House.open();
  const reader = house.watch(UAT);
  await reader.next();
  await house.change("uat", 64);
  await house.change("other", 600);
  expect(await reader.rest()).toHaveLength(64);
  await house.change("uat", 66);
  expect(await reader.rest()).toMatchObject([{ kind: "CHANGE", skipped: true, environments: [{ name: "uat", used: 0 }] }]);
});

test("a resume is answered by the very messages that others were told, and the store is not read", async () => {
  const house = await House.open();
  await house.acquire("other");
  const reader = house.watch(POOL);
  const { revision } = await reader.next();
  await house.change("uat", 300);
  await house.watch(POOL).next();
  const resumed = await house.watch(POOL, revision).rest();
  expect(resumed).toHaveLength(300);
  const again = await house.watch(POOL, revision).rest();
  expect(again.every((message, index) => message === resumed[index])).toBe(true);
  expect(house.medium.reads).toBe(0);
});

test("after a start the newest events are read once, in windows, for all who come back; then they are in memory", async () => {
  const house = await House.open();
  const { revision } = await house.watch(POOL).next();
  await house.change("uat", 1_000);
  await house.restart();
  const all = await Promise.all(Array.from({ length: 50 }, () => house.watch(POOL, revision).rest()));
  expect(all.map((told) => told.length)).toEqual(all.map(() => 1_000));
  expect(all.every((told) => told.every((message, index) => message === all[0]?.[index]))).toBe(true);
  expect(house.medium.reads).toBe(Math.ceil(1_000 / limits.resume.window));
  expect(await house.watch(UAT, revision).rest()).toHaveLength(1_000);
  expect(house.medium.reads).toBe(Math.ceil(1_000 / limits.resume.window));
});

test("readers that come back at many places of a long log are read for a few at a time, and share what was read", async () => {
  const house = await House.open();
  const { revision } = await house.watch(POOL).next();
  await house.change("uat", 3_000);
  const told = await house.watch(POOL, revision).rest();
  await house.restart();
  house.medium.reads = 0;
  const places = Array.from({ length: 30 }, (_, index) => index * 50);
  const all = await Promise.all(places.map((place) => house.watch(POOL, told[place]?.revision).rest()));
  expect(all.map((messages) => messages.length)).toEqual(places.map((place) => 3_000 - place - 1));
  expect(house.medium.most).toBeLessThanOrEqual(limits.resume.reads);
  // 78,000 messages: one by one they would be 610 windows.
  expect(house.medium.reads).toBeLessThan(100);
});

test("however many readers never read, the events in memory are bounded, in a pool and over all", async () => {
  const house = await House.open();
  for (let number = 0; number < 1_000; number++) await house.watch(POOL).next();
  await house.change("uat", limits.recent.events + 100);
  const ring = house.engine.hub.recent.of({ name: "default", revision: 0 });
  let events = 0;
  for (let at = ring.floor; ring.after(at) !== undefined; events++) at = ring.after(at)?.revision ?? Number.NaN;
  expect(events).toBe(limits.recent.events);
  expect(house.engine.hub.recent.bytes).toBe(ring.bytes);
});

test("a pool that had no event and no reader for ten minutes keeps nothing in memory", async () => {
  const house = await House.open();
  await house.change("uat", 10);
  expect(house.engine.hub.recent.bytes).toBeGreaterThan(0);
  house.timers.pass(600_000);
  expect(house.engine.hub.recent.bytes).toBe(0);
});

test("thousands of open streams share one timer", async () => {
  const house = await House.open();
  await house.acquire("uat");
  const readers = Array.from({ length: 2_000 }, () => house.watch(UAT));
  for (const reader of readers) await reader.next();
  const [set, start] = [house.timers.set, house.timers.now];
  const told = await Promise.all(readers.map((reader) => reader.next()));
  expect(told.every(({ kind }) => kind === "HEARTBEAT")).toBe(true);
  expect(new Set(told).size).toBe(1);
  // One a second, beside the engine's own.
  expect(house.timers.set - set).toBeLessThan(((house.timers.now - start) / 1_000) * 1.1 + 10);
});

test("a change makes no promise, timer or callback of the loop for each of the readers that are told of it", async () => {
  const house = await House.open();
  const stop = new AbortController();
  let told = 0;
  const all = Array.from({ length: 1_000 }, () =>
    watch(house.engine, UAT, { heartbeat: HEARTBEAT_MS, call: callOf(stop.signal) }, () => {
      told++;
      return undefined;
    }),
  );
  while (told < 1_000) await immediate();
  let made = 0;
  const hook = createHook({ init: () => made++ }).enable();
  await house.acquire("uat");
  for (let turn = 0; told < 2_000 && turn < 10_000; turn++) await immediate();
  hook.disable();
  expect(told).toBe(2_000);
  // Some for the commit, and for the slices in which it is told.
  expect(made).toBeLessThan(1_000);
  stop.abort();
  await Promise.all(all);
});

test("a watch ends at its caller's deadline, also where this is further away than a timer may run", async () => {
  const house = await House.open();
  const call = { ...callOf(new AbortController().signal), timeLeft: () => 5_400_000 - house.timers.now };
  let [told, ended] = [0, 0];
  const tell = () => {
    told++;
    return undefined;
  };
  const over = watch(house.engine, UAT, { heartbeat: HEARTBEAT_MS, call }, tell).then(() => ended++);
  while (told === 0) await immediate();
  house.timers.pass(5_399_000);
  await immediate();
  expect(ended).toBe(0);
  house.timers.pass(1_000);
  await over;
});

test("a watch of a server that is about to stop ends before it has told anything", async () => {
  const house = await House.open();
  house.engine.drain();
  const tell = () => expect.fail("it was told something");
  await watch(house.engine, UAT, { heartbeat: HEARTBEAT_MS, call: callOf(new AbortController().signal) }, tell);
});

test("a watch of a name that was forgotten goes on, and its cursor stays good", async () => {
  const house = await House.open();
  const open = house.watch(UAT);
  await open.next();
  await house.change("uat", 2);
  await open.rest();
  await house.do({ type: "forget", count: 1 });
  const [missed] = await house.watch(UAT, open.revision).rest();
  expect(missed).toMatchObject({ kind: "CHANGE", reset: false, environments: [{ name: "uat", available: true }] });
  const back = house.watch(UAT, open.revision);
  await back.next();
  const { id } = await house.acquire("uat");
  for (const reader of [open, back]) expect(await reader.next()).toMatchObject({ kind: "CHANGE", cause: { leaseId: id } });
});

test("the end of an environment is told, also to who was away while it went with another pool", async () => {
  const house = await House.open();
  await house.apply("fleet", ["uat"]);
  const reader = house.watch(UAT);
  expect(await reader.next()).toMatchObject({ environments: [{ pool: "fleet" }] });
  await house.do({ type: "delete", by: { principal: "admin" }, environment: "uat" }, "fleet");
  await house.acquire("other");
  const away = await house.watch(UAT, reader.revision).rest();
  expect(away).toMatchObject([{ kind: "CHANGE", skipped: false, environments: [{ pool: "fleet", deleted: true }] }]);
  expect(await reader.next()).toMatchObject({ environments: [{ pool: "fleet", deleted: true }] });
  // Whoever comes only now is told of a free name; so is everybody as soon as there is one of that name again.
  const late = await house.watch(UAT).next();
  expect(late).toMatchObject({ kind: "SNAPSHOT", revision: reader.revision, environments: [{ pool: "default", available: true }] });
  await house.acquire("uat");
  expect(await reader.next()).toMatchObject({ kind: "CHANGE", environments: [{ pool: "default", used: 1 }] });
});

test("a reader that was far behind when its environment was deleted is told that it was, and its cursor does not go back", async () => {
  const house = await House.open();
  await house.apply("fleet", ["uat", "other"]);
  const reader = house.watch(UAT);
  await reader.next();
  for (let count = 0; count < 100; count++) await house.apply("fleet", ["uat"], `board ${count}`);
  await house.do({ type: "delete", by: { principal: "admin" }, environment: "uat" }, "fleet");
  expect(await reader.rest()).toMatchObject([{ kind: "CHANGE", skipped: true, environments: [{ pool: "fleet", deleted: true }] }]);
  await house.acquire("elsewhere");
  expect(await reader.next()).toMatchObject({ kind: "HEARTBEAT", revision: reader.revision });
});

test("a cursor that was trimmed, or was never given out, gets a snapshot marked reset", async () => {
  const house = await House.open();
  const { revision } = await house.watch(POOL).next();
  await house.change("uat", 10);
  await house.restart();
  await house.medium.trim({ before: Number.MAX_SAFE_INTEGER, leases: 0, requests: 0, events: 0, bytes: 0 });
  for (const since of [revision, Number.MAX_SAFE_INTEGER])
    expect(await house.watch(POOL, since).next()).toMatchObject({ kind: "SNAPSHOT", reset: true });
});

test("what is committed while the log is read comes behind it, once", async () => {
  const house = await House.open();
  await house.change("uat", 2);
  const { revision } = await house.watch(POOL).next();
  await house.change("uat", 200);
  await house.restart();
  const resumed = house.watch(POOL, revision);
  const first = resumed.next();
  await house.change("uat", 20);
  await first;
  expect(await resumed.rest()).toHaveLength(219);
  await house.restart();
  await house.medium.trim({ before: Number.MAX_SAFE_INTEGER, leases: 0, requests: 0, events: 0, bytes: 0 });
  const reset = house.watch(POOL, revision);
  const snapshot = reset.next();
  await house.change("uat", 20);
  expect(await snapshot).toMatchObject({ kind: "SNAPSHOT", reset: true });
  // The reader throws where a revision does not rise.
  await reset.rest();
  expect([...reset.known.values()]).toMatchObject([{ name: "uat", used: 0 }]);
});
