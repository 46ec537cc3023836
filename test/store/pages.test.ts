// The pages of the log that a commit writes: each is summed, copied and synced before anybody is answered.
import { randomUUID } from "node:crypto";
import path from "node:path";
import { expect, it, onTestFinished } from "vitest";
import type { Command } from "../../src/core/command.ts";
import { decide } from "../../src/core/decide.ts";
import type { Lease } from "../../src/core/model/lease.ts";
import { newLeaseId } from "../../src/rpc/methods/ids.ts";
import type { Batch } from "../../src/store/medium.ts";
import { MemoryMedium } from "../../src/store/memory.ts";
import { openDatabase } from "../../src/store/sqlite/database.ts";
import { rowsOf } from "../../src/store/sqlite/rows.ts";
import { Tables } from "../../src/store/sqlite/tables.ts";
import { acquire, config, endOf, holder, nothing, release, START, specimen, storeOn, submit } from "./fixtures.ts";
import { directory } from "./places.ts";

/** A medium in memory that writes the same rows to a file, and counts the pages. */
class Counted extends MemoryMedium {
  readonly #tables = new Tables(openDatabase(path.join(directory(), "call-me.db")));
  pages = 0;
  /** What was written last. */
  batch = nothing;

  override async write(batch: Batch): Promise<readonly Lease[]> {
    this.batch = batch;
    const before = this.#tables.frames();
    this.#tables.write(rowsOf(batch));
    this.pages = this.#tables.frames() - before;
    return await super.write(batch);
  }

  override async close(): Promise<void> {
    this.#tables.close();
  }
}

/** A store with 500 environments and 5,000 ended leases; `pages` does commands together, in one commit, and counts. */
async function used(): Promise<(commands: readonly Command[]) => Promise<number>> {
  const medium = new Counted();
  const { store, clock } = await storeOn(medium);
  onTestFinished(() => store.close());
  const lease = await specimen();
  const ended = (n: number) =>
    endOf(lease, { id: newLeaseId(), createdAt: START - 5_000 + n, endedAt: START - 5_000 + n, requestId: randomUUID() });
  await medium.write({ ...nothing, leases: Array.from({ length: 5_000 }, (_, n) => ended(n)) });
  const environments = Array.from({ length: 500 }, (_, n) => ({ ...config(environmentOf(n), "default", 1), cooldown: 0 }));
  await submit(store, "default", { type: "apply", by, environments, prune: false });
  return async (commands) => {
    clock.time += 1_000;
    const reads = { leases: [], requests: [] };
    const replies = await store.transact(["default"], reads, ({ draft }) => commands.map((command) => decide(draft("default"), command)));
    for (const reply of replies) expect(reply).toMatchObject({ ok: true });
    return medium.pages;
  };
}

const by = { principal: "admin" };

function environmentOf(n: number): string {
  return `env-${(n * 37) % 500}`;
}

/** Pages for each of many rounds of acquiring, renewing and releasing `size` leases together, on average of a lease. */
async function meanPages(size: number, rounds: number): Promise<{ acquire: number; renew: number; release: number }> {
  const pages = await used();
  const sums = { acquire: 0, renew: 0, release: 0 };
  const link = { runUrl: "https://ci.example/checkout/4711", name: "checkout #4711" };
  for (let round = 0; round < rounds; round++) {
    const ids = Array.from({ length: size }, newLeaseId);
    const asked = (id: string, n: number) =>
      acquire(id, environmentOf(round * size + n), { holder: { ...holder, ...link }, requestId: randomUUID() });
    sums.acquire += await pages(ids.map(asked));
    sums.renew += await pages(ids.map((lease) => ({ type: "renew", by, lease })));
    sums.release += await pages(ids.map((id) => release(id)));
  }
  const mean = (sum: number) => sum / rounds / size;
  return { acquire: mean(sums.acquire), renew: mean(sums.renew), release: mean(sums.release) };
}

it("are few for an Acquire and its Release, each alone in its commit, and one for a Renew", async () => {
  const { acquire, renew, release } = await meanPages(1, 100);
  expect(renew).toBe(1);
  expect(acquire).toBeLessThan(8.5);
  expect(release).toBeLessThan(7);
});

it("are shared by what is committed together", async () => {
  const { acquire, renew, release } = await meanPages(64, 20);
  expect(renew).toBeLessThan(0.2);
  expect(acquire + release).toBeLessThan(1.3);
});

it("are none of the environment's own row: a grant writes its fence alone, which is short however much is configured", async () => {
  const medium = new Counted();
  const { store } = await storeOn(medium);
  onTestFinished(() => store.close());
  await submit(store, "default", { type: "apply", by, environments: [config("uat", "default", 1)], prune: false });
  await submit(store, "default", acquire("a", "uat"));
  expect(medium.batch).toMatchObject({ environments: [], fences: [{ environment: "uat" }] });
});
