// Who follows everything: all pools, in the order of their commits, whatever happens and however slow the reader is.
import fc from "fast-check";
import { expect, test } from "vitest";
import { Sight } from "../../src/core/access/sight.ts";
import type { EnvironmentStatus } from "../../src/core/event.ts";
import { limits } from "../../src/core/limits.ts";
import { watchEverything } from "../../src/engine/watch/everything.ts";
import type { WatchMessage } from "../../src/engine/watch/message.ts";
import { present } from "../../src/engine/watch/present.ts";
import { pulled } from "../../src/engine/watch/tell.ts";
import { ADMIN, acquireCommand } from "../core/world.ts";
import { callOf, HEARTBEAT_MS, House, immediate } from "./audience.ts";

/** A reader of everything that pulls when it is told to, and what it knows. */
class Onlooker {
  readonly #house: House;
  readonly #stop = new AbortController();
  readonly #messages: AsyncGenerator<WatchMessage, void, undefined>;
  readonly known = new Map<string, EnvironmentStatus>();
  /** The names in the parts of a SNAPSHOT that is being told. */
  #parts: Set<string> | undefined;

  constructor(house: House, sight?: Sight) {
    this.#house = house;
    const options = { heartbeat: HEARTBEAT_MS, call: callOf(this.#stop.signal) };
    this.#messages = pulled((tell) => watchEverything(house.engine, sight, options, tell));
  }

  /** The next message; when there is nothing to tell, time passes until there is. */
  async next(): Promise<WatchMessage> {
    let told: IteratorResult<WatchMessage, void> | undefined;
    const failed = this.#messages.next().then((result) => {
      told = result;
    });
    for (let turn = 0; told === undefined && turn < 10_000; turn++) {
      await Promise.race([immediate(), failed]);
      if (turn % 10 === 9) this.#house.timers.pass(1_000);
    }
    if (told === undefined || told.done) throw new Error("the watch told nothing more");
    this.#take(told.value);
    return told.value;
  }

  /** All messages up to the next HEARTBEAT. */
  async rest(): Promise<WatchMessage[]> {
    const messages: WatchMessage[] = [];
    for (let message = await this.next(); message.kind !== "HEARTBEAT"; message = await this.next()) messages.push(message);
    return messages;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#messages.return();
  }

  #take({ kind, environments, skipped }: WatchMessage): void {
    expect(skipped).toBe(false);
    if (kind === "SNAPSHOT") this.#parts ??= new Set();
    else this.#forgetOthers();
    for (const status of environments) {
      this.#parts?.add(status.name);
      if (status.deleted === true) this.known.delete(status.name);
      else this.known.set(status.name, status);
    }
  }

  #forgetOthers(): void {
    const parts = this.#parts;
    this.#parts = undefined;
    if (parts !== undefined) for (const name of [...this.known.keys()]) if (!parts.has(name)) this.known.delete(name);
  }
}

test("a change is told in the message that readers of its pool are told, and the parts of a snapshot are shared while nothing changes", async () => {
  const house = await House.open();
  await house.apply(
    "boards",
    Array.from({ length: 250 }, (_, nth) => `b-${1_000 + nth}`),
  );
  await house.acquire("uat");
  const some = [new Onlooker(house), new Onlooker(house)];
  const [first, second] = await Promise.all(some.map((reader) => reader.rest()));
  expect(first?.map(({ kind, environments }) => [kind, environments.length])).toEqual([
    ["SNAPSHOT", 100],
    ["SNAPSHOT", 100],
    ["SNAPSHOT", 51],
  ]);
  expect(second?.every((part, nth) => part === first?.[nth])).toBe(true);
  const ofPool = house.watch({ pool: "default" });
  await ofPool.next();
  await house.acquire("uat");
  const told = await Promise.all([ofPool, ...some].map((reader) => reader.next()));
  expect(new Set(told).size).toBe(1);
  // Only the part in which something has changed is made anew.
  const late = await new Onlooker(house).rest();
  expect(late.map((part, nth) => part === first?.[nth])).toEqual([true, true, false]);
});

test("changes of several pools are told in the order of their commits, each with its pool", async () => {
  const house = await House.open();
  await house.apply("boards", ["board"]);
  await house.apply("vault", ["gold"]);
  const reader = new Onlooker(house);
  await reader.rest();
  const order = ["board", "uat", "gold", "board", "gold", "uat"];
  for (const [nth, name] of order.entries()) await house.do(acquireCommand(`l-${nth}`, [name]), house.engine.views.homeOf(name).name);
  const told = await reader.rest();
  expect(told.map(({ environments }) => environments.map(({ name }) => name))).toEqual(order.map((name) => [name]));
});

test("a sight is told of what it has, in pools that come later as well, and of nothing else", async () => {
  const house = await House.open();
  const reader = new Onlooker(house, new Sight(["new:a", "default:uat"]));
  expect(await reader.rest()).toMatchObject([{ kind: "SNAPSHOT", environments: [] }]);
  await house.apply("new", ["a", "b"]);
  await house.acquire("uat", "other");
  await house.apply("other", ["c"]);
  const told = await reader.rest();
  expect(told.map(({ environments }) => environments.map(({ name }) => name))).toEqual([["a"], ["uat"]]);
});

test("a reader that is further behind than the present state costs begins anew, marked reset", async () => {
  const house = await House.open();
  await house.acquire("other");
  const reader = new Onlooker(house);
  await reader.rest();
  await house.change("uat", 64);
  expect(await reader.rest()).toHaveLength(64);
  await house.change("uat", 66);
  expect(await reader.rest()).toMatchObject([
    { kind: "SNAPSHOT", reset: true, environments: [{ name: "other" }, { name: "uat", used: 0 }] },
  ]);
});

test("what comes while readers rest is told to all of them together, and what comes after a rest at once", async () => {
  const house = await House.open();
  const stop = new AbortController();
  const told: string[] = [];
  const tell = ({ kind }: WatchMessage) => void told.push(kind);
  const options = { heartbeat: HEARTBEAT_MS, call: callOf(stop.signal) };
  const watches = Array.from({ length: 3 }, () => watchEverything(house.engine, undefined, options, tell));
  const turns = async (count: number) => {
    for (let turn = 0; turn < count; turn++) await immediate();
  };
  await turns(20);
  expect(told.filter((kind) => kind === "HEARTBEAT")).toHaveLength(3);
  told.length = 0;
  await house.acquire("uat");
  await turns(20);
  expect(told).toHaveLength(3);
  await house.change("other", 4);
  await turns(20);
  expect(told).toHaveLength(3);
  house.timers.pass(100);
  await turns(20);
  expect(told).toHaveLength(15);
  house.timers.pass(100);
  await house.acquire("third");
  await turns(20);
  expect(told).toHaveLength(18);
  stop.abort();
  await Promise.all(watches);
});

test("what is forgotten is told as deleted, so that names which came and went do not pile up", async () => {
  const house = await House.open();
  const reader = new Onlooker(house);
  await reader.rest();
  await house.change("pr-1", 2);
  await reader.rest();
  await house.do({ type: "forget", count: 10 });
  expect(await reader.next()).toMatchObject({ kind: "CHANGE", environments: [{ name: "pr-1", pool: "default", deleted: true }] });
  expect(reader.known.size).toBe(0);
});

test("however many changes nobody reads, those in memory are bounded, and gone with the last reader", async () => {
  const house = await House.open();
  const { tape } = house.engine.hub;
  const reader = new Onlooker(house);
  await reader.rest();
  await house.change("uat", limits.recent.events + 100);
  expect(tape.end - tape.first).toBe(limits.recent.events);
  await reader.close();
  expect(tape.end - tape.first).toBe(0);
});

const NAMES = ["a", "b", "c", "d"] as const;
const POOLS = ["default", "boards"] as const;
const name = fc.constantFrom(...NAMES);
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("change" as const), name, times: fc.constantFrom(1, 2, 40, 90) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("apply" as const), name, pool: fc.constantFrom(...POOLS) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("delete" as const), name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("forget" as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("read" as const), messages: fc.integer({ min: 1, max: 30 }) }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

async function run(house: House, reader: Onlooker, one: Step): Promise<void> {
  // What is refused is refused for reasons that are not asked about here.
  const unless = (work: Promise<unknown>) => work.catch(() => undefined);
  if (one.do === "read") for (let count = 0; count < one.messages; count++) await reader.next();
  else if (one.do === "apply") await unless(house.apply(one.pool, [one.name]));
  else if (one.do === "forget") await house.do({ type: "forget", count: 10 });
  else {
    const home = house.engine.views.homeOf(one.name).name;
    if (one.do === "delete") await unless(house.do({ type: "delete", by: ADMIN, environment: one.name }, home));
    else
      for (let time = 0; time < one.times; time++) {
        const id = `${one.name} ${home} ${house.engine.views.pool(home).revision}`;
        await house.do(acquireCommand(id, [one.name]), home);
        if (time % 2 === 0) await house.do({ type: "release", by: ADMIN, lease: id, outcome: "OK", note: "" }, home);
      }
  }
}

test("whatever happens, what a reader knows in the end is what there is", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
      const house = await House.open();
      const readers = [new Onlooker(house), new Onlooker(house, new Sight(["a", "boards:c"]))];
      for (const one of steps) for (const reader of one.do === "read" ? readers : readers.slice(0, 1)) await run(house, reader, one);
      const facts = (all: Iterable<EnvironmentStatus>) =>
        [...all].map(({ name, pool, used, queueLength }) => [name, pool, used, queueLength]).sort();
      const there = POOLS.flatMap((pool) => present(house.engine, { pool }).environments);
      // The first HEARTBEAT may be that of a SNAPSHOT that has not been read to its end.
      for (const reader of readers) await reader.rest().then(() => reader.rest());
      expect(facts(readers[0]?.known.values() ?? [])).toEqual(facts(there));
      const seen = there.filter(({ name, pool }) => name === "a" || (name === "c" && pool === "boards"));
      expect(facts(readers[1]?.known.values() ?? [])).toEqual(facts(seen));
    }),
    { numRuns: 100 },
  );
});
