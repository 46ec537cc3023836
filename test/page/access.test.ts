// Every view for everybody: WCAG 2.2 AA by axe, in both schemes and on a small screen.
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EnvironmentState } from "../../gen/ts/callme/v1/types_pb.ts";
import { clientsOf, seconds } from "../outside/clients.ts";
import { Server } from "../outside/server.ts";
import { openBrowser, PROGRAM, visit, wrongs } from "./browser.ts";

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/** What axe objects to, in a line each. */
async function objections(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).withTags(RULES).analyze();
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html, any }) => `${id}: ${html.slice(0, 120)} ${any[0]?.message ?? ""}`));
}

const VIEWS = {
  "the table": "#/",
  "an environment": "#/env/team/busy",
  "an environment over a week": "#/env/team/broken?span=7d",
  "what needs attention": "#/attention",
  "what happened": "#/history?environment=team/busy",
  "how much is used": "#/history?show=use",
} as const;

describe.skipIf(PROGRAM === undefined)("for everybody", () => {
  let browser: Browser;
  let server: Server;

  beforeAll(async () => {
    server = await Server.start();
    browser = await openBrowser();
    const { locks, environments } = clientsOf(server);
    const names = ["free", "busy", "broken", "drained", "dirty", "aside"];
    const labels = { tier: "uat", region: "eu" };
    await environments.applyEnvironments({
      environments: names.map((name) => ({ name: `team/${name}`, pool: "team", labels, links: { page: "https://uat.example" } })),
    });
    const holder = { name: "checkout #1", runUrl: "https://ci.example/1", repository: "shop/checkout" };
    await locks.acquire({ environment: "team/aside", holder, requestId: "aside" });
    for (const [name, state] of [
      ["broken", EnvironmentState.MAINTENANCE],
      ["drained", EnvironmentState.DRAINING],
      ["dirty", EnvironmentState.DIRTY],
      ["aside", EnvironmentState.QUARANTINED],
    ] as const)
      await environments.setEnvironmentState({ environment: `team/${name}`, state, reason: "as the test wants it" });
    const { lease } = await locks.acquire({
      environment: "team/busy",
      holder,
      reason: "acceptance tests",
      ttl: seconds(600),
      maxHold: seconds(600),
      requestId: "1",
    });
    await locks.renew({ leaseId: lease?.id ?? "", facts: { version: "4.18" } });
    await locks.acquire({ environment: "team/busy", holder: { name: "search #2" }, requestId: "2", ticketTtl: seconds(3_600) });
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await server?.[Symbol.asyncDispose]();
  });

  describe.each([
    { width: 1_280, scheme: "light" },
    { width: 1_280, scheme: "dark" },
    { width: 360, scheme: "light" },
  ] as const)("$width px wide, $scheme", (looks) => {
    test.each(Object.entries(VIEWS))("%s has nothing that axe objects to, fits its width, and no error", async (_, view) => {
      await using page = await visit(browser, server, view, looks);
      await page.locator("main h1").waitFor();
      await page.locator("tbody tr:visible").first().waitFor();
      expect(await objections(page)).toEqual([]);
      expect(await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(0);
      expect(wrongs.get(page)).toEqual([]);
    });
  });

  test("nor is there in the dialogs, the menu, the timeline's table and the sign-in", async () => {
    await using page = await visit(browser, server, "#/env/team/busy");
    await page.getByText("The same as a table").click();
    expect(await objections(page)).toEqual([]);
    for (const name of ["Reserve…", "Maintenance…", "Mark broken…"]) {
      await page.getByRole("button", { name }).click();
      expect(await objections(page)).toEqual([]);
      await page.getByRole("button", { name: "Cancel" }).click();
    }
    await page.goto(`${server.url}/#/`);
    await page.getByText("Columns").click();
    expect(await objections(page)).toEqual([]);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Your key for this server").waitFor();
    expect(await objections(page)).toEqual([]);
  });
});
