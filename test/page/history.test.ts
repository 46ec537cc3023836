// What was: who had what when, and how much it was used.
import { readFileSync } from "node:fs";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clientsOf, leaseIn, seconds } from "../outside/clients.ts";
import { Server } from "../outside/server.ts";
import { openBrowser, PROGRAM, visit } from "./browser.ts";
import { AFTERNOON } from "./fleet.ts";
import { Living } from "./living.ts";

describe.skipIf(PROGRAM === undefined)("the history", () => {
  let browser: Browser;
  let server: Server;
  beforeAll(async () => {
    server = await Server.start();
    browser = await openBrowser();
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await server?.[Symbol.asyncDispose]();
  });

  const make = (...names: string[]) =>
    clientsOf(server).environments.applyEnvironments({ environments: names.map((name) => ({ name, pool: "shop" })) });
  const _take = async (environment: string, name: string, rest: object = {}) =>
    leaseIn(await clientsOf(server).locks.acquire({ environment, holder: { name }, requestId: `${environment} ${name}`, ...rest }));

  test("tells who had something at a time: those whose leases have ended since, and those who still have it", async () => {
    await using past = new Living();
    const [day, hour] = [86_400, 3_600];
    const long = { ttl: seconds(7 * day), maxHold: seconds(7 * day) };
    await past.startAgo(day + hour);
    const { lease } = await clientsOf(past).locks.acquire({ environment: "then-a", holder: { name: "ended #1" }, ...long });
    await clientsOf(past).locks.acquire({ environment: "then-b", holder: { name: "still #2" }, ...long });
    await past.startAgo(day - hour);
    await clientsOf(past).locks.release({ leaseId: lease?.id ?? "" });
    await clientsOf(past).locks.acquire({ environment: "then-a", holder: { name: "later #3" }, ...long });
    await past.startAgo(0);
    await using page = await visit(browser, past, "#/history", { zone: "UTC" });
    await page.getByLabel("At", { exact: true }).fill(new Date(Date.now() - day * 1_000).toISOString().slice(0, 16));
    await page.getByRole("button", { name: "Search" }).click();
    const then = page.locator("section", { hasText: "Who had it at that time" }).locator("tbody");
    await then.getByRole("row", { name: /then-a .*ended #1 released/ }).waitFor();
    await then.getByRole("row", { name: /then-b .*now .*still #2/ }).waitFor();
    expect(await then.getByRole("row").count()).toBe(2);
    await page.getByLabel("Holder").fill("still #2");
    await page.getByRole("button", { name: "Search" }).click();
    await then.getByText("ended #1").waitFor({ state: "detached" });
    await then.getByText("still #2").waitFor();
  });

  test("shows no use of days of which nothing is known, in the figures, their file and the timeline, and who waits now", async () => {
    await using past = new Living();
    const hour = 3_600;
    await past.startAgo(50 * hour);
    const long = { ttl: seconds(60 * hour), maxHold: seconds(60 * hour), ticketTtl: seconds(24 * hour) };
    await clientsOf(past).locks.acquire({ environment: "young", holder: { name: "checkout #1" }, ...long });
    await past.startAgo(2 * hour);
    await clientsOf(past).locks.acquire({ environment: "young", holder: { name: "search #2" }, ...long });
    await past.startAgo(0);
    await using page = await visit(browser, past, "#/history?show=use", { zone: AFTERNOON });
    const shares = page.getByRole("row", { name: /^young/ }).locator("td:nth-child(n+4)");
    await shares.first().waitFor();
    expect((await shares.allTextContents()).slice(0, 7)).toEqual(["–", "–", "–", "–", "100%", "100%", "100%"]);
    await page.getByText(/Counted from .* on: nothing is known of what was before\..*Now 1 waits, the longest for 2 h/).waitFor();
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "CSV" }).click()]);
    expect(readFileSync(await file.path(), "utf8")).toMatch(/\r\nyoung,1,1\.0000,,,,,1\.0000,/);
    await page.goto(`${past.url}/#/env/young?span=7d`);
    await page.locator("svg .unknown").waitFor();
    await page.getByText(/^Hatched: what was before .* is not known/).waitFor();
  });

  test("asks the server for no more figures than its own buttons do, whatever stands in the address", async () => {
    await using page = await visit(browser, server);
    let asked = 0;
    page.on("request", (request) => {
      if (request.url().endsWith("/GetStats")) asked += 1;
    });
    await page.goto(`${server.url}/#/history?show=use&days=100000&by=constructor`);
    await page.getByRole("button", { name: "7 d", pressed: true }).waitFor();
    await page.locator("table.figures").waitFor();
    expect(asked).toBe(8);
    await page.goto(`${server.url}/#/history?show=use&from=1970-01-01T00:00&to=2400-01-01T00:00`);
    await page.getByLabel("From").and(page.locator("[value^='1970']")).waitFor();
    await page.locator("table.figures, [role=alert]").waitFor();
    expect(asked).toBe(9);
  });

  test("in the history offers names that are known, and says what there is not and what is no time", async () => {
    await make("known-uat", "known-perf");
    await using page = await visit(browser, server, "#/history");
    await page.getByLabel("Environment").fill("n-UA");
    expect(await page.locator("#known option").evaluateAll((all) => all.map((one) => one.getAttribute("value")))).toEqual(["known-uat"]);
    await page.getByRole("button", { name: "Search" }).click();
    await page.getByText("There is no environment “n-UA” now").waitFor();
    await page.goto(`${server.url}/#/history?environment=known-uat&at=${new Date(Date.now() - 1_000).toISOString()}`);
    await page.getByText(/Nobody had it\.|That is not known\./).waitFor();
    expect(await page.getByText("There is no environment").count()).toBe(0);
    await page.goto(`${server.url}/#/history?at=garbage`);
    await page.getByRole("alert").getByText("“garbage” is no time").waitFor();
    await page.goto(`${server.url}/#/history?show=use&from=2026-02-02T00:00&to=2026-01-01T00:00`);
    await page.getByRole("alert").getByText("From is after Until").waitFor();
  });
});
