// How the letters to one URL are tried: how often, for how long, in which order, and when one is given up. Time passes by hand.
import { expect, test } from "vitest";
import { failed, type Outcome } from "../../src/notices/outcome.ts";
import { Round } from "../../src/notices/round.ts";
import type { WaitingLetter } from "../../src/store/history/letter.ts";
import { MemoryArchive } from "../../src/store/history/memory.ts";
import { letterTo } from "../../src/store/history/subscriptions.ts";
import { Hand } from "../engine/audience.ts";
import { settled } from "../engine/stage.ts";
import { START } from "../store/fixtures.ts";

const [SECOND, MINUTE, HOUR] = [1_000, 60_000, 3_600_000];
const DAY = 24 * HOUR;
const REFUSED: Outcome = { ok: false, kind: "refused", why: "it answered 400" };
const CUT: Outcome = { ok: false, kind: "cut", why: "cut" };
const AWAY = failed("it answered 503");

/** A round with letters to receivers, named by them and a number; `answer`: what becomes of an attempt. */
async function scene(letters: readonly string[], answer: (letter: string, attempt: number) => Outcome | Promise<Outcome>, age = 0) {
  const timers = new Hand();
  const archive = new MemoryArchive();
  await archive.open(START);
  const told = { attempts: [] as string[], times: [] as number[], failed: 0, arrived: [] as string[], gaveUp: [] as string[], troubles: 0 };
  const notice = { kind: "granted", at: START - age * 1_000, pool: "default", environments: [], reason: "" } as const;
  for (const lease of letters) {
    const to = lease.slice(0, 1);
    await archive.mail.putOnce([{ ...letterTo(to, { ...notice, lease }, [lease]), lease }], START);
  }
  const nameOf = ({ notice: { lease = "" } }: WaitingLetter) => lease;
  const round = new Round({
    ...{ mail: archive.mail, timers, now: () => START + timers.now * 1_000 },
    attempt: async (letter) => {
      told.attempts.push(nameOf(letter));
      told.times.push(timers.now);
      return await answer(nameOf(letter), told.attempts.length);
    },
    arrived: (letter) => void told.arrived.push(nameOf(letter)),
    failed: () => void told.failed++,
    gaveUp: (letter, _, loss) => void told.gaveUp.push(`${nameOf(letter)} ${loss}`),
    trouble: () => void told.troubles++,
  });
  const pass = async (time: number, step = SECOND) => {
    for (const end = timers.now + time; timers.now < end; ) {
      await settled();
      timers.pass(Math.min(step, end - timers.now));
    }
    await settled();
  };
  for (const to of new Set(letters.map((letter) => letter.slice(0, 1)))) round.note(to);
  await settled();
  return { archive, round, timers, told, pass };
}

test("the next attempt follows after a second, then after twice as long each time, up to a quarter of an hour, less a part by chance", async () => {
  const { told, pass } = await scene(["a1"], () => AWAY);
  await pass(MINUTE, 50);
  await pass(3 * HOUR);
  const pauses = told.times.slice(1).map((time, index) => time - (told.times[index] ?? 0));
  for (const [index, pause] of pauses.entries()) {
    const longest = Math.min(15 * MINUTE, SECOND * 2 ** index);
    expect(pause).toBeGreaterThanOrEqual(longest / 2);
    expect(pause).toBeLessThanOrEqual(longest + (longest < MINUTE / 4 ? 50 : SECOND));
  }
  expect(pauses.length).toBeGreaterThan(15);
});

test("an hour of 503 and then one 400 kill no letter, five refusals in a row do, and the next one is tried at once", async () => {
  let [isBack, refusals] = [false, 0];
  const { told, pass, timers } = await scene(["a1", "a2"], (letter) => {
    if (letter === "a2") return { ok: true };
    if (!isBack) return AWAY;
    return ++refusals === 2 ? AWAY : REFUSED;
  });
  await pass(HOUR);
  isBack = true;
  while (refusals < 6) await pass(MINUTE);
  expect(told.gaveUp).toEqual([]);
  while (refusals < 7) await pass(MINUTE);
  expect([told.gaveUp, told.arrived, told.times.at(-1)]).toEqual([["a1 refused"], ["a2"], told.times.at(-2)]);
  expect(timers.now).toBeGreaterThan(HOUR);
});

test("letters that are old, as the server was off for a weekend, arrive when the receiver does not answer at first", async () => {
  const { told, pass } = await scene(["a1", "a2", "a3"], (_, attempt) => (attempt <= 3 ? AWAY : { ok: true }), 3 * DAY);
  await pass(MINUTE);
  expect([told.arrived, told.gaveUp]).toEqual([["a1", "a2", "a3"], []]);
});

test("what does not arrive in a day of trying is given up, and each one behind it after a pause", async () => {
  const { archive, told, pass } = await scene(["a1", "a2", "a3"], () => AWAY, 3 * DAY);
  await pass(DAY - MINUTE, MINUTE);
  expect(told.gaveUp).toEqual([]);
  await pass(17 * MINUTE, MINUTE);
  expect(told.gaveUp[0]).toBe("a1 day");
  const before = told.times.length;
  await pass(HOUR, MINUTE);
  expect(told.gaveUp).toEqual(["a1 day", "a2 day", "a3 day"]);
  expect(told.times.length - before).toBeLessThanOrEqual(9);
  expect((await archive.mail.dead(10, Number.MAX_SAFE_INTEGER)).map(({ why }) => why)).toEqual(Array(3).fill("it answered 503"));
});

test("a clock that leaps by days gives nothing up after a few attempts", async () => {
  const { told, timers, pass } = await scene(["a1"], (_, attempt) => (attempt < 6 ? AWAY : { ok: true }));
  await pass(2 * SECOND);
  timers.now += 3 * DAY;
  await pass(HOUR);
  expect([told.arrived, told.gaveUp]).toEqual([["a1"], []]);
});

test("what is cut is tried again at once, and is no failure", async () => {
  const { told, timers } = await scene(["a1"], (_, attempt) => (attempt <= 2 ? CUT : { ok: true }));
  expect([told.attempts.length, told.arrived, told.failed, timers.set]).toEqual([3, ["a1"], 0, 0]);
});

test("who wants it now while an attempt is under way is not made to wait for the pause behind that", async () => {
  const answers: ((outcome: Outcome) => void)[] = [];
  const { told, round } = await scene(["a1"], () => new Promise((resolve) => answers.push(resolve)));
  round.hurry();
  answers[0]?.(AWAY);
  await settled();
  expect(told.attempts.length).toBe(2);
  answers[1]?.(AWAY);
  await settled();
  expect(told.attempts.length).toBe(2);
  round.hurry();
  await settled();
  expect(told.attempts.length).toBe(3);
});

test("a receiver that says how long it wants to be left alone is left alone", async () => {
  const { told, pass } = await scene(["a1"], (_, attempt) => (attempt === 1 ? { ...AWAY, pause: 10 * MINUTE } : { ok: true }));
  await pass(10 * MINUTE - SECOND);
  expect(told.attempts.length).toBe(1);
  await pass(2 * SECOND);
  expect(told.arrived).toEqual(["a1"]);
});

test("letters of several receivers arrive in the order in which they were written, one at a time", async () => {
  const letters = Array.from({ length: 150 }, (_, n) => `${"abc"[n % 7] ?? "a"}${n}`);
  let underWay = 0;
  const { told, archive } = await scene(letters, async () => {
    expect(++underWay).toBe(1);
    await Promise.resolve();
    underWay--;
    return { ok: true };
  });
  while (told.arrived.length < letters.length) await settled();
  expect(told.arrived).toEqual(letters);
  while ((await archive.mail.counts()).size > 0) await settled();
});

test("a store that fails is asked again after a pause, also when somebody wants it now, and what arrived does not come again", async () => {
  const { told, round, archive, pass } = await scene(["a1"], () => ({ ok: true }));
  const waiting = archive.mail.waiting;
  let asked = 0;
  Object.assign(archive.mail, {
    waiting: () => {
      asked++;
      return Promise.reject(new Error("the disk gave an error"));
    },
  });
  round.hurry();
  await pass(0);
  for (let turn = 0; turn < 20; turn++) await settled();
  expect(asked).toBeLessThanOrEqual(3);
  expect(told.troubles).toBe(asked);
  Object.assign(archive.mail, { waiting });
  await pass(MINUTE);
  expect([told.arrived, told.attempts]).toEqual([["a1"], ["a1"]]);
});

test("a stop waits for what is under way, begins nothing, and puts down what has arrived", async () => {
  const answers: ((outcome: Outcome) => void)[] = [];
  const { told, round, archive, pass } = await scene(["a1", "a2"], () => new Promise((resolve) => answers.push(resolve)));
  const stopping = round.stop();
  answers[0]?.({ ok: true });
  await stopping;
  await pass(HOUR, MINUTE);
  expect([told.attempts, [...(await archive.mail.counts())]]).toEqual([["a1"], [["a", 1]]]);
});
