import { expect, test } from "vitest";
import { Slices } from "../../src/engine/slices.ts";
import { Beats } from "../../src/engine/watch/beats.ts";
import { Hand } from "./audience.ts";

/** A loop that is turned by hand, and a clock that goes on by a millisecond with each call that is made. */
class Loop {
  readonly #later: (() => void)[] = [];
  #settled: (() => void)[] = [];
  now = 0;
  /** How many calls each turn of the loop made. */
  readonly lengths: number[] = [];

  readonly slices = new Slices({ later: (call) => this.#later.push(call), settled: (call) => this.#settled.push(call) }, () => this.now);

  turn(): boolean {
    const call = this.#later.shift();
    if (call === undefined) return false;
    const before = this.now;
    for (let next: (() => void) | undefined = call; next !== undefined; next = this.#settled.shift()) next();
    this.lengths.push(this.now - before);
    return true;
  }
}

test("nobody is called before the loop has turned, and a slice makes way for others after 2 ms", () => {
  const loop = new Loop();
  const called: number[] = [];
  for (let number = 0; number < 1_000; number++)
    loop.slices.add(() => {
      loop.now++;
      called.push(number);
    });
  expect(called).toEqual([]);
  while (loop.turn());
  expect(called).toEqual(Array.from({ length: 1_000 }, (_, number) => number));
  // The clock is looked at after each four.
  expect(Math.max(...loop.lengths)).toBe(4);
});

test("streams of those who wait come before those who look on, whoever was first", () => {
  const loop = new Loop();
  const called: string[] = [];
  for (const name of ["a", "b", "c", "d", "e"]) loop.slices.add(() => called.push(name));
  loop.slices.add(() => called.push("granted"), true);
  while (loop.turn());
  expect(called).toEqual(["granted", "a", "b", "c", "d", "e"]);
});

test("who is added while a slice runs has a turn, too", () => {
  const loop = new Loop();
  const called: string[] = [];
  loop.slices.add(() => loop.slices.add(() => called.push("second")));
  while (loop.turn());
  loop.slices.add(() => called.push("third"));
  while (loop.turn());
  expect(called).toEqual(["second", "third"]);
});

test("a beat comes when its time is over, counted from when it was last put off; one that has left is not called", () => {
  const timers = new Hand();
  const beats = new Beats(timers);
  const called: string[] = [];
  const beat = (name: string) => {
    const entry = {
      due: beats.in(3_000),
      ring: () => {
        called.push(name);
        entry.due = beats.in(3_000);
      },
    };
    return entry;
  };
  const [steady, busy, gone] = [beat("steady"), beat("busy"), beat("gone")];
  beats.enlist(steady);
  beats.enlist(busy);
  const leave = beats.enlist(gone);
  leave();
  leave();
  timers.pass(2_000);
  busy.due = beats.in(3_000);
  timers.pass(1_000);
  expect(called).toEqual(["steady"]);
  timers.pass(2_000);
  expect(called).toEqual(["steady", "busy"]);
  timers.pass(1_000);
  expect(called).toEqual(["steady", "busy", "steady"]);
});

test("ten thousand beats set one timer a second, and none when all have left", () => {
  const timers = new Hand();
  const beats = new Beats(timers);
  const leave = Array.from({ length: 10_000 }, () => {
    const entry = {
      due: beats.in(15_000),
      ring() {
        entry.due = beats.in(15_000);
      },
    };
    return beats.enlist(entry);
  });
  timers.pass(30_000);
  expect(timers.set).toBe(31);
  for (const one of leave) one();
  timers.pass(30_000);
  expect(timers.set).toBe(31);
});
