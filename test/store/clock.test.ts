import { afterEach, expect, test } from "vitest";
import { Clock } from "../../src/store/clock.ts";

const SECOND = 1_000_000;
let monotonic = 0;
let gaps: number[] = [];
let told: string[] = [];
const clocks: Clock[] = [];

function clockAt(start: number): Clock {
  monotonic = 0;
  gaps = [];
  told = [];
  const witness = {
    stalled: (gap: number) => gaps.push(gap),
    held: () => told.push("stands"),
    resumed: (stood: number) => told.push(`stood ${stood / SECOND} s`),
  };
  const clock = new Clock(start, witness, () => monotonic);
  clocks.push(clock);
  return clock;
}

afterEach(() => {
  for (const clock of clocks.splice(0)) clock.stop();
});

/** Lets time go by with somebody looking at the clock all along. */
function runs(clock: Clock, seconds: number): number {
  for (let step = 0; step < seconds * 10; step++) {
    monotonic += SECOND / 10;
    clock.now();
  }
  return clock.now();
}

test("it follows the monotonic clock from where it starts", () => {
  expect(runs(clockAt(500), 3)).toBe(500 + 3 * SECOND);
});

test("a gap between two looks that is longer than a stall is taken out, and told", () => {
  const clock = clockAt(0);
  runs(clock, 1);
  monotonic += 5 * SECOND;
  expect(clock.now()).toBe(SECOND);
  expect(gaps).toEqual([5 * SECOND]);
  expect(runs(clock, 1)).toBe(2 * SECOND);
});

test("it never goes back", () => {
  const clock = clockAt(0);
  runs(clock, 1);
  monotonic -= SECOND;
  expect(clock.now()).toBe(SECOND);
});

test("stalls that follow each other at once are told together", () => {
  const clock = clockAt(0);
  for (let turn = 0; turn < 5; turn++) {
    monotonic += 2 * SECOND;
    clock.now();
  }
  expect(gaps).toEqual([2 * SECOND]);
  runs(clock, 10);
  expect(gaps).toEqual([2 * SECOND, 8 * SECOND]);
});

test("while a write hangs it runs half a second further, then stands still until it works, and as long again", () => {
  const clock = clockAt(0);
  clock.hold();
  expect(runs(clock, 0.3)).toBe(0.3 * SECOND);
  expect(runs(clock, 4.2)).toBe(0.5 * SECOND);
  clock.release();
  expect(runs(clock, 3)).toBe(0.5 * SECOND);
  expect(runs(clock, 3)).toBe(2.5 * SECOND);
});

test("from a failed write to the next that works it runs half a second, and stands still for 10 s more, for those who were refused", () => {
  const clock = clockAt(0);
  clock.hold();
  expect(runs(clock, 30)).toBe(0.5 * SECOND);
  clock.hold();
  clock.release();
  expect(runs(clock, 9)).toBe(0.5 * SECOND);
  clock.hold();
  clock.release();
  expect(runs(clock, 2)).toBe(1.5 * SECOND);
});

test("on a disk that is always slow it goes on, half a second for each write", () => {
  const clock = clockAt(0);
  for (let write = 0; write < 20; write++) {
    clock.hold();
    runs(clock, 2);
    clock.release();
  }
  expect(clock.now()).toBe(10 * SECOND);
  expect(told).toEqual(["stands"]);
});

test("that it stands still is told when it has for a second, and how long it did when it goes on; once for each", () => {
  const clock = clockAt(0);
  clock.hold();
  runs(clock, 0.9);
  clock.release();
  runs(clock, 5);
  expect(told).toEqual([]);
  clock.hold();
  runs(clock, 1.5);
  expect(told).toEqual(["stands"]);
  runs(clock, 60);
  clock.hold();
  clock.release();
  expect(told).toEqual(["stands"]);
  runs(clock, 20);
  expect(told).toEqual(["stands", "stood 71 s"]);
});
