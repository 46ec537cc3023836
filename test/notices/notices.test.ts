// Rules, leases and receivers together: who waits for whom, and what a change of the rules or a stop does to what is under way.
import { BlockList } from "node:net";
import { afterEach, expect, test } from "vitest";
import { Notices } from "../../src/notices/notices.ts";
import type { NoticeRule, NoticeRules } from "../../src/notices/rules.ts";
import { addressOf } from "../../src/store/history/addressee.ts";
import { MemoryArchive } from "../../src/store/history/memory.ts";
import { letterTo } from "../../src/store/history/subscriptions.ts";
import { Hand } from "../engine/audience.ts";
import { stage } from "../engine/stage.ts";
import { eventually } from "../outside/eventually.ts";
import { accept, WEBHOOK_KEY, type WebhookReceiver } from "./receiver.ts";
import { receiving } from "./stage.ts";

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const receiverAt = (url: string) => ({ url: new URL(url), template: "json", key: WEBHOOK_KEY }) as const;

function ruleTo(url: string, name: string): NoticeRule {
  return { ...receiverAt(url), name, patterns: ["*"], kinds: ["granted"], queuedFor: 1_000_000, expiresIn: 1_000_000 };
}

/** Rules of these names that all go to one receiver, under which leases may name URLs. */
function rulesTo(receiver: WebhookReceiver, ...names: readonly string[]): NoticeRules {
  const networks = new BlockList();
  networks.addSubnet("127.0.0.0", 8);
  return { rules: names.map((name) => ruleTo(receiver.url, name)), networks, allowed: [receiverAt(new URL("/", receiver.url).href)] };
}

async function scene(rules: NoticeRules) {
  const { engine, clock } = await stage();
  const [archive, timers] = [new MemoryArchive(), new Hand()];
  await archive.open(clock.now());
  const said: string[] = [];
  const log = { info: (_: object, text: string) => void said.push(text), warn: (_: object, text: string) => void said.push(text) };
  const counted: string[] = [];
  const notices = new Notices({
    ...{ archive, timers, log, views: engine.views, trouble: (error: unknown) => void said.push(String(error)) },
    observer: {
      arrived: (rule) => void counted.push(`${rule} arrived`),
      failed: (rule) => void counted.push(`${rule} failed`),
      gaveUp: (rule, loss, count) => void counted.push(`${rule} ${loss} ${count}`),
    },
  });
  notices.govern(rules);
  closing.push(() => notices.stop());
  /** Keeps a letter about each lease, and tells of them all at once. */
  const post = async (...letters: readonly (readonly [to: string, lease: string])[]) => {
    const notice = { kind: "granted", at: clock.now(), pool: "default", environments: [], reason: "" } as const;
    for (const [to, lease] of letters)
      await archive.mail.putOnce([{ ...letterTo(to, { ...notice, lease }, [lease]), lease: `${to} ${lease}` }], clock.now());
    notices.posted({ receivers: [...new Set(letters.map(([to]) => to))], lost: [] });
  };
  return { notices, archive, timers, clock, said, counted, post };
}

const leasesOf = ({ told }: WebhookReceiver) => told.map(({ data }) => data.lease_id);

test("two rules and a lease that name one URL are told there in the order of what happened, one at a time", async () => {
  const receiver = await receiving();
  const { post, archive } = await scene(rulesTo(receiver, "a", "b"));
  let [underWay, most] = [0, 0];
  receiver.answer = (answer, delivery) => {
    most = Math.max(most, ++underWay);
    setImmediate(() => {
      underWay--;
      accept(answer, delivery);
    });
  };
  const addressees = [addressOf("a"), addressOf("b"), receiver.url];
  await post(...Array.from({ length: 60 }, (_, n) => [addressees[(n * 7) % 3] ?? "", `l${n}`] as const));
  await eventually(() => receiver.told.length === 60);
  expect(leasesOf(receiver)).toEqual(Array.from({ length: 60 }, (_, n) => `l${n}`));
  expect(most).toBe(1);
  await eventually(async () => (await archive.mail.counts()).size === 0);
});

test("what a change of the rules cuts is tried again at once, and is no failure", async () => {
  const receiver = await receiving();
  const { post, notices, said, counted, timers } = await scene(rulesTo(receiver, "a"));
  receiver.answer = () => {};
  await post([addressOf("a"), "l1"]);
  await eventually(() => receiver.deliveries.length === 1);
  receiver.answer = accept;
  notices.govern(rulesTo(receiver, "a"));
  await eventually(() => counted.length > 0);
  expect([counted, said, receiver.deliveries.length]).toEqual([["a arrived"], [], 2]);
  // Only the look at leases has set one.
  expect(timers.set).toBe(0);
});

test("what waits goes to the rule's new URL, and nothing to the one before", async () => {
  const [before, after] = [await receiving(), await receiving()];
  const { post, notices, counted } = await scene(rulesTo(before, "a"));
  before.answer = () => {};
  await post([addressOf("a"), "l1"], [addressOf("a"), "l2"]);
  await eventually(() => before.deliveries.length === 1);
  notices.govern(rulesTo(after, "a"));
  await eventually(() => after.told.length === 2);
  expect([leasesOf(after), before.deliveries.length]).toEqual([["l1", "l2"], 1]);
  await eventually(() => counted.length === 2);
});

test("a URL that is allowed no more is not called by who had to wait for its turn", async () => {
  const receiver = await receiving();
  const { post, notices, counted } = await scene(rulesTo(receiver));
  receiver.answer = () => {};
  const urls = Array.from({ length: 20 }, (_, n) => `${receiver.url}/${n}`);
  await post(...urls.map((url) => [url, "l1"] as const));
  await eventually(() => receiver.deliveries.length === 4);
  notices.govern({ ...rulesTo(receiver), allowed: [] });
  await eventually(() => counted.length >= 20);
  expect([receiver.deliveries.length, new Set(counted)]).toEqual([4, new Set([" failed"])]);
});

test("nothing is sent once it has stopped, by those that wait for their turn neither", async () => {
  const receiver = await receiving();
  const { post, notices, counted, said } = await scene(rulesTo(receiver));
  receiver.answer = () => {};
  const urls = Array.from({ length: 20 }, (_, n) => `${receiver.url}/${n}`);
  await post(...urls.map((url) => [url, "l1"] as const));
  await eventually(() => receiver.deliveries.length === 4);
  receiver.answer = accept;
  await notices.stop();
  await post([`${receiver.url}/late`, "l1"]);
  expect([receiver.deliveries.length, counted, said]).toEqual([4, [], []]);
});

test("who counts is told of each that arrives, fails, or is given up, and asks what waits since when", async () => {
  const receiver = await receiving();
  const { post, notices, counted, clock, timers, said } = await scene(rulesTo(receiver, "a", "idle"));
  receiver.answer = (answer) => void answer.writeHead(422).end();
  await post([addressOf("a"), "l1"], [addressOf("gone"), "l2"], [`${receiver.url}/x`, "l3"]);
  await eventually(() => counted.length >= 3);
  expect((await notices.figures()).backlogs.toSorted((a, b) => a.rule.localeCompare(b.rule))).toEqual([
    { rule: "", waiting: 1, oldest: clock.now() },
    { rule: "a", waiting: 1, oldest: clock.now() },
    { rule: "gone", waiting: 1, oldest: clock.now() },
  ]);
  await eventually(() => {
    timers.pass(60_000);
    return counted.includes("a refused 1") && counted.includes(" refused 1");
  });
  expect(await notices.figures()).toMatchObject({ dead: 2 });
  notices.posted({ receivers: [], lost: [[addressOf("a"), 7]] });
  expect(counted).toContain("a overflow 7");
  receiver.answer = accept;
  expect(await notices.retry("all")).toBe(2);
  await eventually(() => counted.includes("a arrived") && counted.includes(" arrived"));
  expect(said.filter((text) => text.startsWith("notices to a "))).toEqual([
    "notices to a do not arrive: it answered 422; each is tried for a day",
    "notices to a arrive again",
  ]);
});
