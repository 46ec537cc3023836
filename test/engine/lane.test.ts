import { describe, expect, test } from "vitest";
import type { Command } from "../../src/core/command.ts";
import { limits } from "../../src/core/limits.ts";
import { Lane, type Unit } from "../../src/engine/lane.ts";
import { acquireCommand } from "../core/world.ts";
import { storeOn } from "../store/fixtures.ts";
import { SlowDisk, settled } from "./stage.ts";

const patient = { gone: () => false };

function unit(command: Command, asker?: Unit["asker"]): Unit {
  return { parts: [{ pool: "default", command }], ...(asker && { asker }) };
}

async function laneOn(disk: SlowDisk): Promise<Lane> {
  const { store } = await storeOn(disk);
  return new Lane(
    store,
    () => [],
    () => false,
  );
}

/** A lane whose first command hangs in its write. */
async function stuckLane() {
  const disk = new SlowDisk();
  const lane = await laneOn(disk);
  const stuck = disk.hang();
  const first = lane.submit(unit(acquireCommand("first", "uat")));
  await stuck;
  return { disk, lane, first };
}

describe("the lane", () => {
  test("takes all that came during one write into the next", async () => {
    const { disk, lane, first } = await stuckLane();
    const later = Array.from({ length: 500 }, (_, n) => lane.submit(unit(acquireCommand(`l${n}`, "uat"), patient)));
    disk.flow();
    const replies = await Promise.all([first, ...later]);
    expect(disk.writes).toBe(2);
    // A version of the pool for each would be kept until all are written.
    expect(new Set(replies.flat().map(({ pool }) => pool)).size).toBe(2);
  });

  test("takes what comes in one turn of the event loop into one write, each of a connection of its own", async () => {
    const disk = new SlowDisk();
    const lane = await laneOn(disk);
    const submitted = ["a", "b", "c"].map(
      (id) => new Promise((resolve) => setImmediate(() => resolve(lane.submit(unit(acquireCommand(id, "uat"), patient))))),
    );
    await Promise.all(submitted);
    expect(disk.writes).toBe(1);
  });

  test("refuses a caller when too many wait already, and nobody who came before; the server's own commands are never refused", async () => {
    const { disk, lane, first } = await stuckLane();
    const pulse: Command = { type: "pulse" };
    const waiting = Array.from({ length: limits.waiting }, () => lane.submit(unit(pulse, patient)));
    await expect(lane.submit(unit(acquireCommand("late", "other"), patient))).rejects.toMatchObject({ reason: "OVERLOADED" });
    const own = [lane.submit(unit(pulse)), lane.submit(unit(pulse, { ...patient, isIn: true }))];
    disk.flow();
    await Promise.all([first, ...waiting, ...own]);
    const [reply] = await lane.submit(unit(acquireCommand("later", "other"), patient));
    expect(reply).toMatchObject({ ok: true, lease: { state: "HELD" } });
  });

  test("does not execute what a caller asked for who has gone before its turn", async () => {
    const { disk, lane, first } = await stuckLane();
    const caller = { here: true, gone: () => !caller.here };
    const dead = lane.submit(unit(acquireCommand("dead", "other"), caller));
    caller.here = false;
    disk.flow();
    await expect(dead).rejects.toMatchObject({ reason: "CALLER_GONE" });
    await first;
    const [reply] = await lane.submit(unit(acquireCommand("next", "other"), patient));
    expect(reply).toMatchObject({ ok: true, lease: { id: "next", state: "HELD" } });
  });

  test("writes nothing for those who have all gone", async () => {
    const { disk, lane, first } = await stuckLane();
    const dead = Array.from({ length: 100 }, (_, n) => lane.submit(unit(acquireCommand(`d${n}`, "other"), { gone: () => true })));
    disk.flow();
    await first;
    await Promise.allSettled(dead);
    await lane.idle();
    await settled();
    expect(disk.writes).toBe(1);
  });

  test("tells of each batch how many commands it decided", async () => {
    const { store } = await storeOn(new SlowDisk());
    const batches: number[] = [];
    const lane = new Lane(
      store,
      () => [],
      () => false,
      ({ commands }) => batches.push(commands),
    );
    await Promise.all(["a", "b", "c"].map((id) => lane.submit(unit(acquireCommand(id, "uat"), patient))));
    await lane.submit(unit({ type: "pulse" }));
    expect(batches).toEqual([3, 1]);
  });
});
