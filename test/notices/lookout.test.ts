// What is no event and is told: who waits for long, and whose lease ends soon. Time passes by hand.
import { afterEach, expect, test, vi } from "vitest";
import { Lookout } from "../../src/notices/lookout.ts";
import type { NoticeRule } from "../../src/notices/rules.ts";
import { MemoryArchive } from "../../src/store/history/memory.ts";
import { letterTo } from "../../src/store/history/subscriptions.ts";
import { Hand } from "../engine/audience.ts";
import { settled, stage } from "../engine/stage.ts";
import { acquire, release, second } from "../store/fixtures.ts";
import { WEBHOOK_KEY } from "./receiver.ts";

const minute = 60 * second;

afterEach(() => {
  vi.restoreAllMocks();
});

const RULE: NoticeRule = {
  ...{ name: "ops", patterns: ["*"], kinds: ["queued_long", "expiring_soon"], queuedFor: 15 * minute, expiresIn: 5 * minute },
  ...{ url: new URL("https://a.example/"), template: "json", key: WEBHOOK_KEY },
};

async function scene() {
  const { engine, clock } = await stage();
  const [timers, archive, troubles] = [new Hand(), new MemoryArchive(), [] as unknown[]];
  await archive.open(clock.now());
  const { views } = engine;
  // What a look begins with, where a test has it look at what has been.
  const seen = { pools: undefined as ReturnType<typeof views.pools> | undefined };
  const lookout = new Lookout({
    ...{ timers, mail: archive.mail, posted: () => {}, trouble: (error: unknown) => void troubles.push(error) },
    views: { pools: () => seen.pools ?? views.pools(), live: (id) => views.live(id), now: () => clock.now(), isOpen: true },
  });
  lookout.govern([RULE]);
  lookout.begin();
  const told = async () => {
    const letters = await archive.mail.waiting([["rule:ops", 0]], 100);
    return letters.map(({ notice }) => `${notice.lease} ${notice.kind}`);
  };
  /** Time passes, and it looks. */
  const pass = async (micros: number) => {
    clock.time += micros;
    timers.pass(1_000);
    await settled();
    await settled();
  };
  const submit = async (command: Parameters<typeof engine.submit>[1]) => {
    const reply = await engine.submit("default", command);
    if (!reply.ok) throw new Error(reply.message);
  };
  const renew = (lease: string, more = {}) => submit({ type: "renew", by: { principal: "admin" }, lease, ...more });
  return { engine, archive, timers, clock, troubles, seen, told, pass, submit, renew };
}

test("who extends a lease by hand is told of each of its ends, once", async () => {
  const { submit, pass, told, renew } = await scene();
  await submit(acquire("l1", "uat", { ttl: 60 * minute }));
  await pass(54 * minute);
  expect(await told()).toEqual([]);
  await pass(90 * second);
  await pass(second);
  expect(await told()).toEqual(["l1 expiring_soon"]);
  await renew("l1");
  await pass(minute);
  expect(await told()).toEqual(["l1 expiring_soon"]);
  await pass(55 * minute);
  await pass(second);
  expect(await told()).toEqual(["l1 expiring_soon", "l1 expiring_soon"]);
});

test("a reservation whose end at the latest is put off is told of again before the new one", async () => {
  const { submit, pass, told, renew, clock } = await scene();
  const end = clock.now() + 60 * minute;
  await submit(acquire("l1", "uat", { ttl: 24 * 60 * minute, notAfter: end }));
  await pass(56 * minute);
  expect(await told()).toEqual(["l1 expiring_soon"]);
  await renew("l1", { notAfter: end + 30 * minute });
  await pass(10 * minute);
  expect(await told()).toEqual(["l1 expiring_soon"]);
  await pass(20 * minute);
  expect(await told()).toEqual(["l1 expiring_soon", "l1 expiring_soon"]);
});

test("a lease that is renewed late every few seconds is told of once", async () => {
  const { submit, pass, told, renew } = await scene();
  await submit(acquire("l1", "uat", { ttl: 20 * second }));
  for (let round = 0; round < 50; round++) {
    await pass(16 * second);
    await renew("l1");
    await pass(second);
  }
  expect(await told()).toEqual(["l1 expiring_soon"]);
});

test("a lease that ends while a look goes through what was leaves neither a notice behind its end nor a mark", async () => {
  const { submit, pass, told, seen, engine, archive } = await scene();
  await submit(acquire("l1", "uat", { ttl: 60 * minute }));
  await submit(acquire("l2", "lab", { ttl: 60 * minute }));
  seen.pools = [...engine.views.pools()];
  await submit(release("l1"));
  await pass(58 * minute);
  expect(await told()).toEqual(["l2 expiring_soon"]);
  expect(await archive.mail.marked()).toEqual(["l2"]);
});

test("what is known of a lease that has ended is forgotten within the hour, where its end had not had it forgotten", async () => {
  const { submit, pass, archive, clock } = await scene();
  await submit(acquire("l1", "uat", { ttl: 60 * minute }));
  await pass(59 * minute);
  const notice = { kind: "queued_long", at: clock.now(), pool: "default", environments: [], reason: "" } as const;
  await archive.mail.putOnce([{ ...letterTo("rule:ops", notice, ["gone"]), lease: "gone" }], clock.now());
  await pass(30 * minute);
  expect((await archive.mail.marked()).toSorted()).toEqual(["gone", "l1"]);
  await pass(31 * minute);
  expect(await archive.mail.marked()).toEqual(["l1"]);
});

test("a look that has to wait is followed by no longer rest than others", async () => {
  const { submit, pass, told, archive } = await scene();
  await submit(acquire("l1", "uat", { ttl: 60 * minute }));
  const putOnce = archive.mail.putOnce;
  let stood = 0;
  vi.spyOn(performance, "now").mockImplementation(() => stood);
  Object.assign(archive.mail, {
    putOnce: async (...parameters: Parameters<typeof putOnce>) => {
      // As long as a disk that stands still for ten seconds.
      stood += 10_000;
      return await putOnce(...parameters);
    },
  });
  await pass(58 * minute);
  await submit(acquire("l2", "lab", { ttl: 8 * second }));
  await pass(7 * second);
  expect(await told()).toEqual(["l1 expiring_soon", "l2 expiring_soon"]);
});
