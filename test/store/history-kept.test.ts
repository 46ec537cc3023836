// How the history is kept: in parts and sheets, in a file of its own, for as long as it should be.
import { statSync, writeFileSync } from "node:fs";
import path from "node:path";
import Database from "better-sqlite3";
import { afterEach, describe, expect, it } from "vitest";
import type { Event } from "../../src/core/event.ts";
import { limits } from "../../src/core/limits.ts";
import { SqliteArchive } from "../../src/store/archive.ts";
import { Book } from "../../src/store/history/book.ts";
import { entriesOfEvent } from "../../src/store/history/entry.ts";
import { MemoryArchive } from "../../src/store/history/memory.ts";
import { known, migrate } from "../../src/store/migrations.ts";
import { bodyOfEvents } from "../../src/store/sqlite/bodies.ts";
import { SqliteDesk } from "../../src/store/sqlite/desk.ts";
import { SqliteShelf } from "../../src/store/sqlite/shelf.ts";
import { SqliteMedium } from "../../src/store/sqlite.ts";
import { acquire, holder, release, START, second, storeOn, submit } from "./fixtures.ts";
import { follow } from "./follower.ts";
import { directory } from "./places.ts";

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** Some thousand events of leases that are each held for a second, one a second, in parts of a thousand. */
function manyParts(count: number, from = 0) {
  return Array.from({ length: Math.ceil(count / 1_000) }, (_, part) => {
    const events = Array.from({ length: 1_000 }, (_, n): Event => {
      const number = from + part * 1_000 + n;
      const at = START + number * second;
      const link = `https://ci.example/${"x".repeat(300)}/${number}`;
      const cause = { leaseId: `l${number}`, state: "ENDED", holder: { ...holder, runUrl: link }, principal: "admin" } as const;
      const granted = { createdAt: at - 2 * second, grantedAt: at - second };
      const status = { name: "uat", pool: "p", state: "AVAILABLE", stateReason: "", capacity: 1, used: 0, resting: 0 } as const;
      const environments = [{ ...status, queueLength: 0, available: true, holders: [] }];
      return { revision: at, at, pool: "p", kind: "RELEASED", environments, cause: { ...cause, ...granted } };
    });
    const texts = Array.from({ length: 40 }, (_, n) => `["p",${bodyOfEvents(events.slice(n * 25, n * 25 + 25), 0).body}]`);
    const until = events.at(-1)?.at ?? 0;
    return { text: texts.join(","), events: 1_000, until, cursors: [["p", until]] as const, more: false };
  });
}

describe("a history in sheets", () => {
  const open = (file: string, warnings: string[] = []) => {
    const db = new Database(file);
    migrate(db, file, known("history/"));
    return { db, book: new Book(new SqliteShelf(db, (text) => warnings.push(text)), new SqliteDesk(db)) };
  };

  it("is the same as before it was put in them, and after they were read again", () => {
    const file = path.join(directory(), "history");
    const first = open(file);
    first.book.open(START - second);
    for (const part of manyParts(12_000)) first.book.append(part);
    const asked = {
      filter: { kinds: [] },
      from: START,
      to: START + 12_000 * second,
      groupBy: "POOL",
      fleet: [],
      holds: [],
      asOf: START,
    } as const;
    const look = (book: Book) => ({
      stats: book.stats(asked),
      one: book.list({ kinds: [], lease: "l5000" }, 10).entries,
      page: book.list({ kinds: [] }, 3, book.list({ kinds: [], until: START + 3_000 * second }, 1).next),
      holds: book.holds(2, START * 2),
    });
    const before = look(first.book);
    expect(before.stats).toMatchObject([
      { key: "p", grants: 11_999, utilisation: 1, hold: { count: 12_000, p50: second }, wait: { max: second } },
    ]);
    expect(before.page.entries.map(({ lease }) => lease)).toEqual(["l2998", "l2997", "l2996"]);
    expect(before.holds).toEqual([["uat", [second, second]]]);
    while (first.book.isBindable) first.book.bind();
    expect(look(first.book)).toEqual(before);
    first.db.close();
    const again = open(file);
    expect(again.book.open(0)).toEqual([["p", START + 11_999 * second]]);
    expect(look(again.book)).toEqual(before);
    for (const part of manyParts(1_000, 12_000)) again.book.append(part);
    expect(again.book.list({ kinds: [] }, 1).entries).toMatchObject([{ lease: "l12999" }]);
    again.db.close();
  });

  it("counts a hold once that ends while it is looked for, and tells from when on it is whole where the log had forgotten some", () => {
    const { book, db } = open(path.join(directory(), "history"));
    book.open(START - second);
    for (const part of manyParts(1_000)) book.append(part);
    const [end, asked] = [START + 500 * second, { filter: { kinds: [] }, from: START, to: START + 1_000 * second, fleet: [] } as const];
    const hold = { lease: "l500", environment: "uat", pool: "p", repository: holder.repository, slots: 1 };
    const holds = [{ ...hold, createdAt: end - 2 * second, grantedAt: end - second }];
    const counted = (held: typeof holds) => book.stats({ ...asked, groupBy: "POOL", holds: held, asOf: end - second / 2 });
    expect(counted(holds)).toEqual(counted([]));
    book.append({ text: "", events: 0, until: 0, cursors: [], more: false, gap: end });
    expect(book.list({ kinds: [] }, 1).coversFrom).toBe(end);
    db.close();
  });

  it("counts for so many keys as it may tell of, and for one more where there are more", () => {
    const { book, db } = open(path.join(directory(), "history"));
    book.open(START);
    const rowsOf = (count: number) => {
      const fleet = Array.from({ length: count }, (_, n) => ({ environment: `e${n}`, pool: "many", capacity: 1, label: "" }));
      const asked = { filter: { kinds: [] }, from: START, to: START + second, asOf: START + second, groupBy: "ENVIRONMENT" } as const;
      return book.stats({ ...asked, fleet, holds: [] }).length;
    };
    expect([rowsOf(limits.statsRows), rowsOf(limits.statsRows + 100)]).toEqual([limits.statsRows, limits.statsRows + 1]);
    db.close();
  });

  it("is trimmed by age and by number, some at a time, and tells from when on it is whole", () => {
    const { book, db } = open(path.join(directory(), "history"));
    book.open(START - second);
    for (const part of manyParts(20_000)) book.append(part);
    while (book.isBindable) book.bind();
    const oldest = () => {
      const all = book.list({ kinds: [] }, 20_000).entries;
      const [row] = book.stats({ filter: { kinds: [] }, from: 0, to: START * 2, groupBy: "POOL", fleet: [], holds: [], asOf: 0 });
      return { count: all.length, whole: (row?.coversFrom ?? 0) <= (all.at(-1)?.at ?? 0), since: all.at(-1)?.at ?? 0 };
    };
    while (book.trim({ before: START + 4_000 * second, entries: 100_000 }));
    expect(oldest()).toMatchObject({ whole: true });
    expect(oldest().since).toBeGreaterThan(START);
    expect(oldest().since).toBeLessThanOrEqual(START + 4_000 * second);
    while (book.trim({ before: 0, entries: 5_000 }));
    expect(oldest().count).toBeGreaterThanOrEqual(5_000);
    expect(oldest().count).toBeLessThan(10_000);
    while (book.trim({ before: START * 2, entries: 5_000 }));
    expect(book.list({ kinds: [] }, 1).entries).toEqual([]);
    db.close();
  });

  it("leaves out what is damaged, says so, and counts from behind it", () => {
    const file = path.join(directory(), "history");
    const warnings: string[] = [];
    const { book, db } = open(file, warnings);
    book.open(START - second);
    for (const part of manyParts(12_000)) book.append(part);
    while (book.isBindable) book.bind();
    db.prepare("UPDATE sheets SET names = replace(names, 'uat', 'ate') WHERE first = (SELECT min(first) FROM sheets)").run();
    const asked = { filter: { kinds: [] }, from: 0, to: START * 2, groupBy: "POOL", fleet: [], holds: [], asOf: 0 } as const;
    const [row] = book.stats(asked);
    expect(row?.coversFrom).toBeGreaterThan(START);
    expect(row?.hold.count).toBe(book.list({ kinds: [] }, 20_000).entries.length);
    expect(warnings[0]).toMatch(/damaged/);
    db.close();
  });
});

describe("the file of a history", () => {
  it("that is damaged or somebody else's is refused, and taken up when it is mended; nothing is lost meanwhile", async () => {
    const file = path.join(directory(), "call-me.db");
    const medium = await SqliteMedium.open(file);
    const archive = new SqliteArchive(`${file}-history`);
    closing.push(
      () => archive.close(),
      () => medium.close(),
    );
    writeFileSync(`${file}-history`, "not a database, and long enough to be taken for one by its name alone".repeat(20));
    const { store, chronicle, events } = await follow(medium, archive);
    await submit(store, "default", acquire("a", "uat"));
    await expect(chronicle.list({ kinds: [] }, 9)).rejects.toThrow(`the history ${file}-history cannot be used: file is not a database`);
    writeFileSync(`${file}-history`, "");
    await submit(store, "default", release("a"));
    expect((await chronicle.list({ kinds: [] }, 9)).entries).toEqual(events.flatMap(entriesOfEvent).reverse());
    expect(statSync(`${file}-history`).mode & 0o077).toBeLessThanOrEqual(0o044);
  });

  it("follows after a restart from where it was, through a log of many pools, in order, and knows of what the log has forgotten", async () => {
    const file = path.join(directory(), "call-me.db");
    let medium = await SqliteMedium.open(file);
    const archive = new SqliteArchive(`${file}-history`);
    const first = await follow(medium, archive);
    for (let n = 0; n < 60; n++) {
      // More of one pool than is read at once must not let the others go ahead.
      const [pool, length] = n % 2 === 0 ? ["busy", 20_000] : [`pool-${n % 20}`, 500];
      await submit(first.store, pool, acquire(`l${n}`, `e${n}`, { reason: "r".repeat(length) }));
      first.clock.time += second;
    }
    await first.store.close();
    medium = await SqliteMedium.open(file);
    closing.push(
      () => archive.close(),
      () => medium.close(),
    );
    const next = await follow(medium, archive);
    const told = (await next.chronicle.list({ kinds: [] }, 100)).entries;
    expect(told.map(({ lease }) => lease)).toEqual(Array.from({ length: 60 }, (_, n) => `l${59 - n}`));
    const late = await follow(medium, new MemoryArchive());
    await late.store.trim({ before: START + 30 * second, leases: 1_000, requests: 1_000, events: 1_000, bytes: 1e9 });
    expect((await late.chronicle.list({ kinds: [] }, 100)).entries).toHaveLength(30);
  });

  it("takes over what is sound of a log in which a row is damaged, and tells that it is whole from behind that on", async () => {
    const file = path.join(directory(), "call-me.db");
    const { store } = await storeOn(await SqliteMedium.open(file));
    const revisions: number[] = [];
    for (const id of ["one", "two", "three"]) revisions.push((await submit(store, "default", acquire(id, id))).pool.revision);
    await store.close();
    const db = new Database(file);
    expect(db.prepare(`UPDATE events SET body = replace(body, '"two"', '"two') WHERE body LIKE '%"two"%'`).run().changes).toBe(1);
    db.close();
    const medium = await SqliteMedium.open(file);
    closing.push(() => medium.close());
    const { chronicle } = await follow(medium, new MemoryArchive());
    const { entries, coversFrom } = await chronicle.list({ kinds: [] }, 9);
    expect(entries.map(({ lease }) => lease)).toEqual(["three", "one"]);
    expect(coversFrom).toBe((revisions[1] ?? 0) + 1);
  });
});
