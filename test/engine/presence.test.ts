import { expect, test } from "vitest";
import { Presence } from "../../src/engine/attendance/presence.ts";

const SECOND = 1_000_000;

function presence() {
  const clock = { now: 0 };
  return {
    clock,
    signs: new Presence(
      () => clock.now,
      () => {},
    ),
  };
}

test("a waiter is overdue when its ticket has run out, and each sign of life gives it a new one", () => {
  const { clock, signs } = presence();
  signs.expect("a", 10 * SECOND);
  clock.now = 9 * SECOND;
  signs.sign("a");
  clock.now = 18 * SECOND;
  expect([signs.overdue(), signs.next()]).toEqual([[], 19 * SECOND]);
  clock.now = 19 * SECOND;
  expect(signs.overdue()).toEqual(["a"]);
});

test("an open wait is a sign that lasts, also over an offer that is not claimed; several are, until the last one closes", () => {
  const { clock, signs } = presence();
  signs.expect("a", SECOND);
  const leave = [signs.attend("a"), signs.attend("a")];
  signs.offered("a");
  signs.expect("a", SECOND);
  clock.now = 10 * SECOND;
  leave[0]?.();
  leave[0]?.();
  expect(signs.next()).toBeUndefined();
  leave[1]?.();
  expect(signs.next()).toBe(11 * SECOND);
});

test("a ticket stands still while an offer is out, and runs on from the last sign when it was passed over", () => {
  const { clock, signs } = presence();
  signs.expect("a", 10 * SECOND);
  clock.now = 4 * SECOND;
  signs.offered("a");
  expect(signs.next()).toBeUndefined();
  clock.now = 9 * SECOND;
  signs.expect("a", 10 * SECOND);
  expect(signs.next()).toBe(10 * SECOND);
});

test("who holds, or has ended, is not waited for", () => {
  const { clock, signs } = presence();
  signs.expect("a", SECOND);
  signs.forget("a");
  signs.sign("a");
  clock.now = 5 * SECOND;
  expect([signs.overdue(), signs.next()]).toEqual([[], undefined]);
});

test("an open stream is a sign again when the lease that it follows waits anew, after a hold that did not arrive", () => {
  const { clock, signs } = presence();
  signs.expect("a", SECOND);
  const leave = signs.attend("a");
  signs.forget("a");
  signs.expect("a", SECOND);
  clock.now = 5 * SECOND;
  expect(signs.overdue()).toEqual([]);
  leave();
  expect(signs.next()).toBe(6 * SECOND);
});
