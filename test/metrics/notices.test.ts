// What is told of notices, and how long the history has been behind.
import { Registry } from "prom-client";
import { afterEach, expect, test, vi } from "vitest";
import { NoticeFigures } from "../../src/metrics/notices.ts";
import { ruleFor } from "../notices/receiver.ts";
import { receiving, serving } from "../notices/stage.ts";
import { clientsOf } from "../outside/clients.ts";
import { eventually } from "../outside/eventually.ts";
import { Scrape, scrape } from "./scrape.ts";

afterEach(() => vi.useRealTimers());

const SECOND = 1_000_000;

/** Figures of notices, and what is read of them at a time, in seconds. */
function figures() {
  const registry = new Registry();
  let time = 0;
  const notices = new NoticeFigures([registry], () => time * SECOND);
  const read = async (at: number) => {
    time = at;
    return new Scrape(await registry.metrics());
  };
  return { notices, read };
}

test("the series of a rule begin at zero when it is read, and end with it", async () => {
  const { notices, read } = figures();
  notices.govern(["ops"]);
  const now = await read(0);
  for (const rule of ["", "ops"]) {
    for (const name of ["delivered_total", "attempts_failed_total", "waiting", "oldest_seconds"])
      expect(now.value(`callme_notices_${name}`, { rule })).toBe(0);
    for (const why of ["day", "refused", "overflow"]) expect(now.value("callme_notices_given_up_total", { rule, why })).toBe(0);
  }
  notices.arrived("ops");
  notices.govern(["ops", "team"]);
  expect((await read(0)).value("callme_notices_delivered_total", { rule: "ops" })).toBe(1);
  notices.govern(["team"]);
  expect((await read(0)).samples.filter(({ labels }) => labels["rule"] === "ops")).toEqual([]);
});

test("a history that does not answer holds up no scrape, which goes by what was told last", async () => {
  const { notices, read } = figures();
  await notices.look(() => Promise.resolve({ backlogs: [{ rule: "ops", waiting: 3, oldest: 10 * SECOND }], dead: 2 }));
  vi.useFakeTimers();
  const looks = [notices.look(() => new Promise(() => {})), notices.look(() => Promise.reject(new Error("asked twice at once")))];
  await vi.runAllTimersAsync();
  await Promise.all(looks);
  const now = await read(70);
  expect(now.value("callme_notices_waiting", { rule: "ops" })).toBe(3);
  expect(now.value("callme_notices_oldest_seconds", { rule: "ops" })).toBe(60);
  expect(now.value("callme_notices_dead")).toBe(2);
});

test("a history that cannot be asked is asked again by the next scrape", async () => {
  const { notices, read } = figures();
  await notices.look(() => Promise.reject(new Error("the disk is full")));
  await notices.look(() => Promise.resolve({ backlogs: [], dead: 1 }));
  expect((await read(0)).value("callme_notices_dead")).toBe(1);
});

test("what has arrived is counted for its rule, and a history that follows is not behind", async () => {
  const receiver = await receiving();
  const { server } = await serving(`rules:\n${ruleFor(receiver.url, ", kinds: granted")}`);
  expect((await scrape(server)).value("callme_notices_delivered_total", { rule: "ops" })).toBe(0);
  await clientsOf(server).locks.acquire({ environment: "uat" });
  await eventually(async () => {
    const now = await scrape(server);
    return now.value("callme_notices_delivered_total", { rule: "ops" }) === 1 && now.value("callme_history_behind_seconds") === 0;
  });
  expect((await scrape(server)).all("callme_build_info").map(({ value }) => value)).toEqual([1]);
});
