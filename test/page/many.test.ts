import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clientsOf } from "../outside/clients.ts";
import { Server } from "../outside/server.ts";
import { openBrowser, PROGRAM, visit, wrongs } from "./browser.ts";

const COUNT = 2_000;

describe.skipIf(PROGRAM === undefined)("with 2,000 environments", () => {
  let browser: Browser;
  let server: Server;

  beforeAll(async () => {
    server = await Server.start();
    browser = await openBrowser();
    const { environments } = clientsOf(server, "gRPC");
    const names = Array.from({ length: COUNT }, (_, index) => `env-${index}`);
    for (let at = 0; at < COUNT; at += 500)
      await environments.applyEnvironments({
        environments: names.slice(at, at + 500).map((name, index) => ({ name, labels: { tier: index % 2 === 0 ? "uat" : "staging" } })),
      });
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    await server?.[Symbol.asyncDispose]();
  });

  test("draws only the rows that can be seen, in the order of people, and leads to each by scrolling and by a word", async () => {
    await using page = await visit(browser, server);
    await page.getByText("2000 environments").waitFor();
    const drawn = () => page.locator("tbody tr:not(.space)").count();
    expect(await drawn()).toBeLessThan(100);
    await page.getByRole("link", { name: "env-10", exact: true }).waitFor();
    await page.keyboard.press("End");
    await page.getByRole("link", { name: "env-1999", exact: true }).waitFor();
    expect(await drawn()).toBeLessThan(100);
    expect(await page.locator("tr", { hasText: "env-1999" }).getAttribute("aria-rowindex")).toBe(`${COUNT + 1}`);
    await page.keyboard.press("Control+k");
    await page.keyboard.type("env-777");
    await page.getByText(`1 of ${COUNT}`).waitFor();
    await page.keyboard.press("Escape");
    await page.getByText("2000 environments").waitFor();
    expect(wrongs.get(page)).toEqual([]);
  });

  test("stands in the order of a bookmark, though the rows come in parts", async () => {
    await using page = await visit(browser, server, "#/?sort=-labels");
    await page.getByText("2000 environments").waitFor();
    const evens = Array.from({ length: 20 }, (_, index) => `env-${2 * index}`);
    expect((await page.locator("tbody a.name").allTextContents()).slice(0, 20)).toEqual(evens);
    expect(await page.getByRole("button", { name: "Sort again" }).count()).toBe(0);
  });

  test("is scrolled without a gap: wherever one looks there are rows in the next frame, and never many", async () => {
    await using page = await visit(browser, server);
    await page.getByText("2000 environments").waitFor();
    const seen = await page.evaluate<string[]>(`(async () => {
      const frame = () => new Promise(requestAnimationFrame);
      const found = [];
      for (let top = 0; top < document.documentElement.scrollHeight - innerHeight; top += 3_000) {
        scrollTo(0, top);
        await frame();
        await frame();
        const row = document.elementFromPoint(100, innerHeight / 2)?.closest("tbody tr");
        found.push((row?.querySelector("a.name")?.textContent ?? "gap") + " of " + (document.querySelectorAll("tbody tr").length < 100));
      }
      return found;
    })()`);
    expect(seen.length).toBeGreaterThan(20);
    for (const row of seen) expect(row).toMatch(/^env-\d+ of true$/);
  });

  test("keeps the focus: on a row that is scrolled away, beneath the headings, and on the way back to the table as it was left", async () => {
    await using page = await visit(browser, server);
    await page.getByText("2000 environments").waitFor();
    const here = () => page.evaluate<string>("document.activeElement.textContent");
    await page.getByRole("link", { name: "env-3", exact: true }).focus();
    await page.evaluate("scrollTo(0, 40_000)");
    await page.getByRole("link", { name: "env-980", exact: true }).waitFor();
    expect(await here()).toBe("env-3");
    await page.keyboard.press("ArrowDown");
    await page.waitForFunction("document.activeElement.textContent === 'env-4' && scrollY < 400");
    await page.evaluate("scrollTo(0, 40_000)");
    await page.getByRole("link", { name: "env-980", exact: true }).focus();
    for (let step = 0; step < 30; step += 1) await page.keyboard.press("ArrowUp");
    expect(await here()).toBe("env-950");
    const isCovered =
      "document.activeElement.getBoundingClientRect().top < document.querySelector('thead th').getBoundingClientRect().bottom";
    expect(await page.evaluate(isCovered)).toBe(false);
    const top = await page.evaluate<number>("scrollY");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "env-950" }).waitFor();
    expect([await here(), await page.evaluate("scrollY")]).toEqual(["env-950", 0]);
    expect(await page.evaluate("document.activeElement.tagName")).toBe("H1");
    await page.goBack();
    await page.getByRole("link", { name: "env-950", exact: true }).waitFor();
    expect([await here(), await page.evaluate("scrollY")]).toEqual(["env-950", top]);
  });

  test("loses no letter, however fast one types, and writes the address once", async () => {
    await using page = await visit(browser, server);
    await page.evaluate(`
      globalThis.written = 0;
      const write = history.replaceState.bind(history);
      history.replaceState = (...all) => { written += 1; if (written <= 3) write(...all); };
    `);
    const text = "env-1".padEnd(200, "1");
    await page.getByLabel("Find environments").pressSequentially(text);
    await page.getByText(`0 of ${COUNT}`).waitFor();
    expect(await page.getByLabel("Find environments").inputValue()).toBe(text);
    await page.waitForURL(`**/#/?q=${text}`);
    expect(await page.evaluate<number>("written")).toBeLessThanOrEqual(3);
  });

  test("a change draws its own row anew, and moves nothing, whatever the table is sorted by", async () => {
    await using page = await visit(browser, server, "#/?sort=-state");
    await page.getByText("2000 environments").waitFor();
    const places = () => page.locator("tbody a.name").allTextContents();
    const before = await places();
    const name = before[3] ?? "";
    await page.evaluate(`
      globalThis.drawn = new Set();
      new MutationObserver((all) => all.forEach(({ target }) => {
        const row = (target.nodeType === 1 ? target : target.parentElement).closest("tbody tr");
        if (row !== null) drawn.add(row.querySelector("a.name").textContent);
      })).observe(document.querySelector("tbody"), { subtree: true, childList: true, characterData: true, attributes: true });
    `);
    await clientsOf(server).locks.acquire({ environment: name, holder: { name: "checkout #1" } });
    await page.locator("tr", { hasText: "checkout #1" }).waitFor();
    expect(await places()).toEqual(before);
    expect(await page.evaluate("[...globalThis.drawn]")).toEqual([name]);
    await page.getByRole("button", { name: "Sort again" }).click();
    await page.locator("tbody tr:first-child", { hasText: name }).waitFor();
  });
});
