/** Those who wait for something to clean: who is called, and what becomes of what somebody was called for and does not get. */
import { expect, test } from "vitest";
import type { Clean, Reply } from "../../src/core/command.ts";
import type { EngineCall } from "../../src/engine/call.ts";
import { acquireCommand, cleanCommand, MINUTE } from "../core/world.ts";
import { Line } from "../sim/line.ts";
import { by, stateOf } from "./asking.ts";
import { type Stage, settled, stage } from "./stage.ts";

/** Waits for something to clean, for a minute. */
function wait({ engine }: Stage, id: string, line: EngineCall = new Line(), more: Partial<Clean> = {}): Promise<Reply | undefined> {
  return engine.clean({ pool: "default", command: cleanCommand(id, more), wait: MINUTE }, line).catch(() => undefined);
}

/** Makes environments dirty, which exist on demand. */
async function soil({ engine }: Stage, ...names: string[]): Promise<void> {
  const environments = names.map((name) => ({ name, pool: "default", description: "", labels: {}, capacity: 1, links: {} }));
  const parts = [
    { pool: "default", command: { type: "apply", by, environments, prune: false } as const },
    ...names.map((environment) => ({
      pool: "default",
      command: { type: "setState", by, environment, state: "DIRTY", reason: "" } as const,
    })),
  ];
  await engine.submitAll({ parts });
}

test("they are called in the order of their calls, each for another environment", async () => {
  const room = await stage();
  const waiting = ["k1", "k2", "k3"].map((id) => wait(room, id));
  await settled();
  await soil(room, "a", "b");
  await settled();
  expect(["k1", "k2", "k3"].map((id) => stateOf(room, id))).toEqual(["HELD", "HELD", undefined]);
  await soil(room, "c");
  expect((await Promise.all(waiting)).map((reply) => reply?.ok)).toEqual([true, true, true]);
});

test("what one was called for who is gone by its turn is for the next", async () => {
  const room = await stage();
  const line = new Line();
  const [gone, next] = [wait(room, "gone", line), wait(room, "next")];
  await settled();
  const writing = room.disk.hang();
  void soil(room, "a");
  await writing;
  room.disk.flow();
  // In the turn in which the commit is told: it has been called by then, and has not asked.
  queueMicrotask(() => line.break());
  await settled();
  await settled();
  expect([(await gone)?.ok ?? false, (await next)?.ok]).toEqual([false, true]);
});

test("what a lost answer gave is dirty again, for the next", async () => {
  const room = await stage();
  const line = new Line();
  const [lost, next] = [wait(room, "lost", line), wait(room, "next")];
  await settled();
  await soil(room, "a");
  await lost;
  expect(stateOf(room, "lost")).toBe("HELD");
  line.break();
  expect((await next)?.ok).toBe(true);
  expect(stateOf(room, "lost")).toBeUndefined();
});

test("nobody waits beyond the caller's deadline, however long the disk has kept its question waiting", async () => {
  const room = await stage();
  let left = 30_000;
  const call = Object.assign(new Line(), { timeLeft: () => left });
  const writing = room.disk.hang();
  void room.engine.submit("default", acquireCommand("holder", "uat"));
  await writing;
  const late = wait(room, "late", call);
  await settled();
  left = 100;
  room.disk.flow();
  expect(await late).toMatchObject({ ok: false, reason: "NOTHING_DIRTY" });
});
