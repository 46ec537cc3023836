// node scripts/launch.js bench/pages.ts [--rounds N]: how long somebody's calls take while 500 people open the page, look at it, and come back
// to it; and how long after a release two browsers show who is next.
import { fork } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { parseArgs } from "node:util";
import { Fortress, goFirst, p99 } from "../test/abuse/siege.ts";
import { clientsOf, leaseIn, seconds } from "../test/outside/clients.ts";
import { Server } from "../test/outside/server.ts";
import { openBrowser, visit } from "../test/page/browser.ts";
import { describe } from "./compare/machine.ts";
import { figure, Place, table } from "./compare/table.ts";
import type { TabsOrder } from "./tabs.ts";

const { values } = parseArgs({ options: { rounds: { type: "string" } } });
const rounds = Number(values.rounds ?? 5);
const place = values.rounds === undefined ? new Place("node scripts/launch.js bench/pages.ts") : undefined;

const TABS = 500;
const ENVIRONMENTS = 2_000;
const HAND_OVERS = 50;

/** What is measured: during this somebody makes 250 calls of Check a second, and 25 of Acquire, which every page is told of. */
interface Case {
  readonly name: string;
  readonly seconds: number;
  readonly order?: (fortress: Fortress) => TabsOrder;
}

const CASES: readonly Case[] = [
  { name: "in peace", seconds: 3 },
  {
    name: `${TABS} tabs are opened at once`,
    seconds: 3,
    order: ({ server: { url, key } }) => ({ url, key, tabs: TABS }),
  },
  { name: `${TABS} tabs are open, 25 changes a second`, seconds: 8 },
  { name: `${TABS} tabs are cut, and come back`, seconds: 3, order: () => "again" },
];

/** The middle one. */
function median(found: readonly number[]): number {
  return [...found].sort((a, b) => a - b)[Math.floor(found.length / 2)] ?? Number.NaN;
}

/** Of each case the p99 of Check, and until when all tabs had all, in ms. */
async function round(): Promise<readonly (readonly [p99: number, there: number])[]> {
  await using fortress = await Fortress.build();
  const { environments } = clientsOf(fortress.server);
  for (let at = 0; at < ENVIRONMENTS; at += 500) {
    const some = Array.from({ length: 500 }, (_, index) => ({ name: `env-${at + index}`, description: "one of many" }));
    await environments.applyEnvironments({ environments: some });
  }
  await fortress.use(1);
  const tabs = fork(new URL("./tabs.ts", import.meta.url));
  try {
    const found: [number, number][] = [];
    for (const { seconds, order } of CASES) {
      const begun = performance.now();
      if (order !== undefined) tabs.send(order(fortress));
      const there = order === undefined ? Number.NaN : once(tabs, "message").then(() => performance.now() - begun);
      const { looks, failed } = await fortress.use(seconds);
      if (failed > 0) throw new Error(`${failed} calls failed`);
      found.push([p99(looks), await there]);
    }
    return found;
  } finally {
    tabs.kill("SIGKILL");
  }
}

/** How long after each release was asked for both of two browsers showed the next holder, in ms. */
async function handOvers(): Promise<readonly number[]> {
  await using server = await Server.start();
  const { locks, environments } = clientsOf(server);
  await environments.applyEnvironments({ environments: [{ name: "handed" }] });
  const browser = await openBrowser();
  try {
    const pages = [await visit(browser, server), await visit(browser, server, "#/env/handed")];
    const asked = (number: number) => ({
      environment: "handed",
      holder: { name: `job #${number}` },
      wait: seconds(60),
      requestId: `${number}`,
    });
    let held = leaseIn(await locks.acquire(asked(0)));
    const times: number[] = [];
    for (let number = 1; number <= HAND_OVERS; number++) {
      const next = locks.acquire(asked(number));
      for (const page of pages) await page.locator("main").getByText(`job #${number}`).first().waitFor();
      const shown = pages.map((page) => page.evaluate<number>(shows(`job #${number}`)));
      // Both look by now.
      for (const page of pages) await page.evaluate("document.title");
      const begun = Date.now();
      await locks.release({ leaseId: held.id });
      times.push(Math.max(...(await Promise.all(shown))) - begun);
      held = leaseIn(await next);
    }
    return times;
  } finally {
    await browser.close();
  }
}

/** Run in a page: resolves with the time at which a holder's place has this name. */
function shows(name: string): string {
  return `new Promise((resolve) => {
    const look = () => [...document.querySelectorAll(".holder, h2 + table")].some(({ textContent }) => textContent.includes(${JSON.stringify(name)}))
      && (resolve(Date.now()), watch.disconnect());
    const watch = new MutationObserver(look);
    watch.observe(document.body, { subtree: true, childList: true, characterData: true });
  })`;
}

goFirst();
const found: (readonly (readonly [number, number])[])[] = [];
for (let number = 0; number < rounds; number++) found.push(await round());
const rows = CASES.map(({ name }, index) => {
  const p99s = found.map((one) => one[index]?.[0] ?? Number.NaN);
  const ratios = found.map((one) => (one[index]?.[0] ?? Number.NaN) / (one[0]?.[0] ?? Number.NaN));
  const there = median(found.map((one) => one[index]?.[1] ?? Number.NaN));
  return [name, figure(median(p99s)), `${figure(median(ratios))} (at most ${figure(Math.max(...ratios))})`, figure(there / 1_000)];
});
const times = [...(await handOvers())].sort((a, b) => a - b);
const at = (share: number) => figure(times[Math.ceil(share * times.length) - 1] ?? Number.NaN);
const head = ["case", "p99 of another's Check, ms", "by that in peace", "every tab has all after, s"];
const facts = `${new Date().toISOString().slice(0, 10)}; ${describe(undefined)}; medians of ${rounds} rounds`;
const shown = `Of ${HAND_OVERS} hand-overs both of two browsers showed the next holder after ${at(0.5)} ms in the median, ${at(0.95)} (p95), ${at(1)} at most.`;
const text = `${facts}.\n\n${table(head, rows)}\n${shown}\n`;
process.stdout.write(text);
place?.write(text);
process.exit(0);
