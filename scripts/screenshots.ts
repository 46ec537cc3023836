// node scripts/launch.js scripts/screenshots.ts    writes docs/images anew: the page as it looks with a week behind it (needs chromium)
import { mkdirSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import type { Page } from "playwright-core";
import { clientsOf } from "../test/outside/clients.ts";
import { eventually } from "../test/outside/eventually.ts";
import { openBrowser, visit } from "../test/page/browser.ts";
import { AFTERNOON, startWithPast } from "../test/page/fleet.ts";
import { root } from "./tools.ts";

interface Shot {
  readonly name: string;
  readonly view: string;
  readonly width?: number;
  readonly height?: number;
  readonly scheme?: "dark";
  /** What is done before it is taken. */
  readonly after?: (page: Page) => Promise<void>;
}

const SHOTS: readonly Shot[] = [
  { name: "environments", view: "#/", height: 800 },
  { name: "environments-dark", view: "#/", height: 800, scheme: "dark" },
  { name: "environments-narrow", view: "#/?state=busy", width: 360, height: 720 },
  { name: "environment", view: "#/env/uat?span=7d", height: 800 },
  {
    name: "maintenance",
    view: "#/env/uat",
    height: 640,
    after: async (page) => {
      await page.getByRole("button", { name: "Maintenance…" }).click();
      await page.getByLabel(/^Reason/).fill("new certificates");
    },
  },
  { name: "attention", view: "#/attention", height: 720, scheme: "dark" },
  { name: "history", view: "#/history?environment=uat", height: 720 },
  { name: "use", view: "#/history?show=use", height: 720 },
];

const folder = path.join(root, "docs", "images");
mkdirSync(folder, { recursive: true });
await using server = await startWithPast();
// What was held before the start is known a moment after it.
const checked = async () => (await clientsOf(server).locks.check({ environment: "uat" })).environments[0];
await eventually(async () => (await checked())?.usualHold !== undefined);
const browser = await openBrowser();
for (const { name, view, width = 1_280, height = 800, scheme = "light", after } of SHOTS) {
  await using page = await visit(browser, server, view, { width, height, scheme, zone: AFTERNOON });
  await page.locator("main tbody tr").first().waitFor({ state: "attached" });
  await page
    .getByText(/^(Reading|Counting)?…$/)
    .first()
    .waitFor({ state: "detached" });
  if (width > 900 && view === "#/")
    await page
      .locator("td.estimate", { hasText: /usually|its latest end/ })
      .first()
      .waitFor();
  await after?.(page);
  await page.screenshot({ path: path.join(folder, `${name}.png`) });
  process.stdout.write(`docs/images/${name}.png\n`);
}
await browser.close();
