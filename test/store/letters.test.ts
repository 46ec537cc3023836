// The letters that are kept with the history: which there are, in which order, and how many, in memory as in files.
import path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { limits } from "../../src/core/limits.ts";
import { SqliteArchive } from "../../src/store/archive.ts";
import type { Archive } from "../../src/store/history/history.ts";
import { Letters } from "../../src/store/history/letters.ts";
import { MemoryArchive } from "../../src/store/history/memory.ts";
import { MemoryDesk } from "../../src/store/history/memory-desk.ts";
import { letterTo } from "../../src/store/history/subscriptions.ts";
import { holder, START } from "./fixtures.ts";
import { directory } from "./places.ts";

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

function letter(to: string, lease: string) {
  const notice = { kind: "queued_long", at: START, pool: "default", environments: ["uat"], reason: "", lease, holder } as const;
  return { ...letterTo(to, notice, [lease]), lease };
}

const kinds: readonly (readonly [string, () => (before?: Archive) => Promise<Archive>])[] = [
  ["in memory", () => async (before) => before ?? new MemoryArchive()],
  [
    "in files",
    () => {
      const file = path.join(directory(), "history.db");
      return async (before) => {
        await before?.close();
        const archive = new SqliteArchive(file);
        closing.push(() => archive.close());
        return archive;
      };
    },
  ],
];

describe.each(kinds)("letters %s", (_, place) => {
  const begun = async () => {
    const reopen = place();
    const archive = await reopen();
    await archive.open(START);
    return { archive, reopen };
  };

  it("are kept once for each lease and receiver, in order, also over a restart and after they have arrived", async () => {
    const { archive, reopen } = await begun();
    expect(await archive.mail.putOnce([letter("rule:a", "l1"), letter("rule:a", "l2"), letter("rule:b", "l1")], START)).toEqual({
      receivers: ["rule:a", "rule:b"],
      lost: [],
    });
    const [first, second] = await archive.mail.waiting([["rule:a", 0]], 10);
    expect([first?.notice.lease, second?.notice.lease]).toEqual(["l1", "l2"]);
    expect(await archive.mail.waiting([["rule:a", first?.number ?? 0]], 10)).toEqual([second]);
    await archive.mail.done("rule:a", [first?.number ?? 0]);
    const next = await reopen(archive);
    await next.open(START);
    expect(await next.mail.putOnce([letter("rule:a", "l1"), letter("rule:a", "l3")], START)).toMatchObject({ receivers: ["rule:a"] });
    expect((await next.mail.waiting([["rule:a", 0]], 10)).map(({ notice }) => notice.lease)).toEqual(["l2", "l3"]);
    expect([...(await next.mail.counts())].sort()).toEqual([
      ["rule:a", 2],
      ["rule:b", 1],
    ]);
  });

  it("that are given up are listed newest first, and wait again behind all others when they are tried once more", async () => {
    const { archive } = await begun();
    await archive.mail.putOnce(
      ["l1", "l2", "l3"].map((lease) => letter("rule:a", lease)),
      START,
    );
    const letters = await archive.mail.waiting([["rule:a", 0]], 10);
    for (const { number } of letters.slice(0, 2)) await archive.mail.bury("rule:a", number, START + 1, "it answered 500");
    const dead = await archive.mail.dead(10, Number.MAX_SAFE_INTEGER);
    expect(dead.map(({ notice, why, diedAt }) => [notice.lease, why, diedAt])).toEqual([
      ["l2", "it answered 500", START + 1],
      ["l1", "it answered 500", START + 1],
    ]);
    expect(await archive.mail.dead(10, dead[0]?.number ?? 0)).toEqual([dead[1]]);
    expect(await archive.mail.revive({ id: dead[1]?.id ?? "" })).toEqual(["rule:a"]);
    expect(await archive.mail.revive({ id: dead[1]?.id ?? "" })).toEqual([]);
    expect((await archive.mail.waiting([["rule:a", 0]], 10)).map(({ notice }) => notice.lease)).toEqual(["l3", "l1"]);
    expect(await archive.mail.counts()).toEqual(new Map([["rule:a", 2]]));
  });

  it("that were given up are tried again or dropped by id, by receiver, or all together, and are forgotten with the history", async () => {
    const { archive } = await begun();
    const { mail } = archive;
    const bury = async (to: string, leases: readonly string[], at: number) => {
      await mail.putOnce(
        leases.map((lease) => letter(to, lease)),
        at,
      );
      for (const { number } of await mail.waiting([[to, 0]], 10)) await mail.bury(to, number, at, "it answered 500");
    };
    const left = async () => (await mail.dead(10, Number.MAX_SAFE_INTEGER)).map(({ to, notice }) => `${to} ${notice.lease}`);
    await bury("rule:a", ["l1", "l2"], START);
    await bury("rule:b", ["l1", "l2", "l3"], START + 10);
    expect(await mail.revive({ to: "rule:a" })).toEqual(["rule:a", "rule:a"]);
    expect((await mail.waiting([["rule:a", 0]], 10)).map(({ notice }) => notice.lease)).toEqual(["l1", "l2"]);
    expect(await mail.drop({ id: letter("rule:b", "l3").id })).toBe(1);
    expect(await left()).toEqual(["rule:b l2", "rule:b l1"]);
    await bury("rule:c", ["l1"], START + 20);
    await archive.trim({ before: START + 15, entries: 0 });
    expect(await left()).toEqual(["rule:c l1"]);
    expect([await mail.drop({ to: "rule:b" }), await mail.drop("all"), await left()]).toEqual([0, 1, []]);
    expect(await mail.figures()).toEqual({ backlogs: [{ rule: "a", waiting: 2, oldest: START }], dead: 0 });
    // Also those of which it is known that there was a letter.
    expect((await mail.marked()).toSorted()).toEqual(["l1", "l2", "l3"]);
    await mail.forget(["l1", "l2", "l3"]);
    expect(await mail.marked()).toEqual([]);
  });
});

/** Letters on a desk that fails when it is told to. */
function failing() {
  const desk = new MemoryDesk();
  const letters = new Letters(desk);
  letters.load();
  const fail = { isOn: false };
  const add = desk.add.bind(desk);
  desk.add = (one) => {
    if (fail.isOn && one.notice.lease === "l3") throw new Error("the disk gave an error");
    return add(one);
  };
  return { desk, letters, fail };
}

it("that could not be written were not, are not counted, and cost no other its place", () => {
  const { desk, letters, fail } = failing();
  letters.putOnce([letter("rule:a", "l1")], START);
  expect(() =>
    letters.together(() =>
      desk.together(() => {
        letters.putOnce([letter("rule:a", "l2"), letter("rule:b", "l2")], START);
        throw new Error("the disk gave an error");
      }),
    ),
  ).toThrow("the disk");
  fail.isOn = true;
  for (let tries = 0; tries < 100; tries++)
    expect(() => letters.putOnce([letter("rule:a", "l4"), letter("rule:a", "l3")], START)).toThrow("the disk");
  fail.isOn = false;
  expect(letters.counts()).toEqual(new Map([["rule:a", 1]]));
  // Nothing is marked as told, either.
  expect(letters.putOnce([letter("rule:a", "l3")], START)).toEqual({ receivers: ["rule:a"], lost: [] });
  expect(letters.waiting([["rule:a", 0]], 10).map(({ notice }) => notice.lease)).toEqual(["l1", "l3"]);
});

it("of too many for one receiver the oldest are given up, and of these the newest are kept", async () => {
  const archive = new SqliteArchive(path.join(directory(), "history.db"));
  closing.push(() => archive.close());
  await archive.open(START);
  const { receiver, dead } = limits.notices;
  const over = dead + 10;
  await archive.mail.putOnce([letter("rule:b", "other")], START);
  for (let from = 0; from < receiver + over; from += 5_000) {
    const count = Math.min(5_000, receiver + over - from);
    await archive.mail.putOnce(
      Array.from({ length: count }, (_, n) => letter("rule:a", `l${from + n}`)),
      START,
    );
  }
  expect(await archive.mail.counts()).toEqual(
    new Map([
      ["rule:a", receiver],
      ["rule:b", 1],
    ]),
  );
  expect((await archive.mail.waiting([["rule:a", 0]], 1)).map(({ notice }) => notice.lease)).toEqual([`l${over}`]);
  const kept = await archive.mail.dead(2 * dead, Number.MAX_SAFE_INTEGER);
  expect([kept.length, kept[0]?.notice.lease, kept.at(-1)?.notice.lease]).toEqual([dead, `l${over - 1}`, `l${over - dead}`]);
});

it("of too many in all those are given up that are to the receiver for whom most wait, and who has lost how many is told", () => {
  const letters = new Letters(new MemoryDesk(), { receiver: 40, named: 10, total: 60, dead: 100 });
  const put = (to: string, count: number) =>
    letters.putOnce(
      Array.from({ length: count }, (_, n) => letter(to, `${n}`)),
      START,
    ).lost;
  // The oldest of all is that of a quiet one.
  expect([put("rule:quiet", 3), put("rule:busy", 39), put("rule:other", 18)]).toEqual([[], [], []]);
  expect(put("rule:late", 5)).toEqual([["rule:busy", 5]]);
  expect(put("rule:busy", 60)).toEqual([["rule:busy", 21]]);
  expect([...letters.counts()]).toEqual([
    ["rule:quiet", 3],
    ["rule:busy", 34],
    ["rule:other", 18],
    ["rule:late", 5],
  ]);
  expect(put("https://ci.example/busy", 12)).toEqual([
    ["https://ci.example/busy", 2],
    ["rule:busy", 10],
  ]);
  expect(letters.figures()).toEqual({
    backlogs: [
      { rule: "quiet", waiting: 3, oldest: START },
      { rule: "busy", waiting: 24, oldest: START },
      { rule: "other", waiting: 18, oldest: START },
      { rule: "late", waiting: 5, oldest: START },
      { rule: "", waiting: 10, oldest: START },
    ],
    dead: 38,
  });
});

it("of too many for URLs that leases have named the oldest are given up, and none of a rule's", async () => {
  const archive = new SqliteArchive(path.join(directory(), "history.db"));
  closing.push(() => archive.close());
  await archive.open(START);
  const { named } = limits.notices;
  await archive.mail.putOnce([letter("rule:a", "first")], START);
  await archive.mail.putOnce(
    Array.from({ length: named + 3 }, (_, n) => letter(`https://ci.example/${n}`, `l${n}`)),
    START,
  );
  expect((await archive.mail.counts()).size).toBe(named + 1);
  expect((await archive.mail.dead(10, Number.MAX_SAFE_INTEGER)).map(({ to }) => to)).toEqual(
    [2, 1, 0].map((n) => `https://ci.example/${n}`),
  );
});
