import { afterEach, expect, test } from "vitest";
import { Clock } from "../../src/store/clock.ts";

const SECOND = 1_000_000;
let monotonic = 0;
let gaps: number[] = [];
const clocks: Clock[] = [];

function clockAt(start: number): Clock {
  monotonic = 0;
  gaps = [];
  const clock = new Clock(
    start,
    (gap) => gaps.push(gap),
    () => monotonic,
  );
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

test("while a write hangs it runs half a second further, then stands still until one works", () => {
  const clock = clockAt(0);
  clock.hold();
  expect(runs(clock, 0.3)).toBe(0.3 * SECOND);
  expect(runs(clock, 4)).toBe(0.5 * SECOND);
  clock.hold();
  expect(runs(clock, 4)).toBe(0.5 * SECOND);
  clock.release();
  expect(runs(clock, 1)).toBe(1.5 * SECOND);
});
