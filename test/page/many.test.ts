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
    await page.keyboard.press("/");
    await page.keyboard.type("env-777");
    await page.getByText(`1 of ${COUNT}`).waitFor();
    await page.keyboard.press("Escape");
    await page.getByText("2000 environments").waitFor();
    expect(wrongs.get(page)).toEqual([]);
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
