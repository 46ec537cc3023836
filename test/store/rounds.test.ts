// How often a transaction goes to the medium: each round is a message to its thread, and one back.
import { expect, it } from "vitest";
import { readsOf } from "../../src/core/command.ts";
import { decide } from "../../src/core/decide.ts";
import { limits } from "../../src/core/limits.ts";
import { MemoryMedium } from "../../src/store/memory.ts";
import { acquire, release, storeOn, submit } from "./fixtures.ts";

/** A medium that notes what is asked of it. */
class Noting extends MemoryMedium {
  rounds: string[] = [];

  override find(...reads: Parameters<MemoryMedium["find"]>): ReturnType<MemoryMedium["find"]> {
    this.rounds.push("find");
    return super.find(...reads);
  }

  override async write(...[batch, fresh = []]: Parameters<MemoryMedium["write"]>): ReturnType<MemoryMedium["write"]> {
    const known = await super.find({ leases: [], requests: fresh });
    if (known.length === 0) await super.write(batch);
    this.rounds.push(known.length === 0 ? "write" : "nothing written");
    return known;
  }

  taken(): string[] {
    return this.rounds.splice(0);
  }
}

const asked = (id: string) => acquire(id, "uat", { requestId: "r" });

it("is once for an Acquire, with a request_id or without, its retry, its Release and a second one", async () => {
  const medium = new Noting();
  const { store } = await storeOn(medium);
  await submit(store, "default", asked("a"));
  expect(medium.taken()).toEqual(["write"]);
  expect(await submit(store, "default", asked("b"))).toMatchObject({ ok: true, lease: { id: "a", state: "HELD" } });
  expect(medium.taken()).toEqual([]);
  await submit(store, "default", release("a"));
  expect(medium.taken()).toEqual(["write"]);
  expect(await submit(store, "default", release("a"))).toMatchObject({ ok: true, alreadyEnded: true });
  expect(await submit(store, "default", asked("c"))).toMatchObject({ ok: true, lease: { id: "a", state: "ENDED" } });
  expect(medium.taken()).toEqual([]);
  await submit(store, "default", acquire("d", "uat"));
  expect(medium.taken()).toEqual(["write"]);
});

it("is twice where a request_id was answered before the last start: nothing is written, and all of its batch is decided again", async () => {
  const medium = new Noting();
  const first = await storeOn(medium);
  await submit(first.store, "default", asked("a"));
  await submit(first.store, "default", release("a"));
  const { store, pools } = await storeOn(medium);
  medium.taken();
  const commands = [asked("b"), acquire("c", "uat"), acquire("d", "uat", { requestId: "another" })];
  const each = commands.map((command) => readsOf("default", command));
  const reads = { leases: each.flatMap(({ leases }) => leases), requests: each.flatMap(({ requests }) => requests) };
  const replies = await store.transact(["default"], reads, ({ draft }) => commands.map((command) => decide(draft("default"), command)));
  expect(medium.taken()).toEqual(["nothing written", "write"]);
  expect(replies).toMatchObject([
    { lease: { id: "a", state: "ENDED" } },
    { lease: { id: "c", state: "HELD" } },
    { lease: { state: "QUEUED" } },
  ]);
  expect([...pools.pool("default").leases.keys()]).toEqual(["c", "d"]);
  expect(await submit(store, "default", release("a"))).toMatchObject({ ok: true, alreadyEnded: true });
  expect(medium.taken()).toEqual(["find"]);
});

it("is once for a refusal that changes nothing, which must know whether its request_id was answered", async () => {
  const medium = new Noting();
  const first = await storeOn(medium);
  await submit(first.store, "default", asked("a"));
  await submit(first.store, "default", release("a"));
  const { store } = await storeOn(medium);
  await submit(store, "default", acquire("b", "uat"));
  medium.taken();
  const reply = await submit(store, "default", acquire("c", "uat", { requestId: "r", ifBusy: "FAIL" }));
  expect(reply).toMatchObject({ ok: false, reason: "LEASE_ENDED" });
  expect(medium.taken()).toEqual(["find"]);
});

it("is none for the retry of a release of one of the newest 5,000 ends, and once for an older one", async () => {
  const medium = new Noting();
  const { store, clock } = await storeOn(medium);
  const ids = Array.from({ length: limits.recentEnds + 1 }, (_, n) => `l${n}`);
  await store.transact(["default"], { leases: [], requests: [] }, ({ draft }) => {
    for (const id of ids) for (const command of [acquire(id, "uat"), release(id)]) decide(draft("default"), command);
  });
  medium.taken();
  const again = (id: string | undefined) => submit(store, "default", release(id ?? ""));
  for (const id of [ids[1], ids.at(-1)]) expect(await again(id)).toMatchObject({ ok: true, alreadyEnded: true });
  expect(medium.taken()).toEqual([]);
  expect(await again(ids[0])).toMatchObject({ ok: true, alreadyEnded: true });
  expect(medium.taken()).toEqual(["find"]);
  clock.time += limits.history;
  expect(await again(ids[1])).toMatchObject({ ok: true, alreadyEnded: true });
  expect(medium.taken()).toContain("find");
});
