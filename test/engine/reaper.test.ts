import { expect, test } from "vitest";
import { emptyPool } from "../../src/core/model/pool.ts";
import { Reaper } from "../../src/engine/reaper.ts";
import { HandTimers, settled } from "./stage.ts";

const due = (name: string) => ({ ...emptyPool(name), deadlines: emptyPool(name).deadlines.set({ at: 1, lease: "l" }, true) });

/** A reaper whose sweeps end when the test says so. */
function reaper() {
  const timers = new HandTimers();
  const sweeps: { pools: readonly string[]; end: PromiseWithResolvers<void> }[] = [];
  const sweep = (pools: readonly string[]) => {
    const end = Promise.withResolvers<void>();
    sweeps.push({ pools, end });
    return end.promise;
  };
  return {
    timers,
    sweeps,
    reaper: new Reaper(
      timers,
      () => 10,
      sweep,
      () => 5,
    ),
  };
}

test("a sweep that waits for a slow disk is the only one, however many signs of life and changes come meanwhile", async () => {
  const { timers, sweeps, reaper: asked } = reaper();
  asked.note(due("a"));
  for (let sign = 0; sign < 1_000; sign++) {
    asked.note(due(`p${sign}`));
    asked.arm();
    timers.fire();
  }
  expect(sweeps.map(({ pools }) => pools.length)).toEqual([2]);
  sweeps[0]?.end.resolve();
  await settled();
  timers.fire();
  expect(sweeps).toHaveLength(2);
  expect(sweeps[1]?.pools).toHaveLength(1_001);
});

test("a sweep that failed is tried again", async () => {
  const { timers, sweeps, reaper: asked } = reaper();
  asked.note(due("a"));
  asked.arm();
  timers.fire();
  sweeps[0]?.end.reject(new Error("the disk is full"));
  await settled();
  timers.fire();
  expect(sweeps.map(({ pools }) => pools)).toEqual([["a"], ["a"]]);
});
