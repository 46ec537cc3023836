// Debian's chromium on the page of a server under test.
import { existsSync } from "node:fs";
import { type Browser, chromium, type Locator, type Page } from "playwright-core";
import type { Address } from "../outside/clients.ts";

/** Where it is; undefined: not on this machine, and the tests say so. */
export const PROGRAM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
if (PROGRAM === undefined) console.warn("SKIPPED: the tests of the page need chromium: apt-get install chromium");

const PATIENCE = 30_000;

/** Starts it. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: PROGRAM ?? "", args: ["--no-sandbox"] });
}

/** What went wrong in a page: errors of its code, and what its policy refused. */
export const wrongs = new WeakMap<Page, string[]>();

interface Looks {
  readonly width?: number;
  readonly height?: number;
  readonly scheme?: "light" | "dark";
  /** Of time; the machine's, if left out. */
  readonly zone?: string;
  /** How far the browser's clock is ahead of the machine's, in ms. */
  readonly ahead?: number;
}

/** A tab at a view, in which the key has been typed in already. */
export async function visit(browser: Browser, { url, key }: Address, view = "#/", looks: Looks = {}) {
  const { width = 1_280, height = 800, scheme = "light", zone, ahead = 0 } = looks;
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: scheme,
    ...(zone !== undefined && { timezoneId: zone }),
  });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  const wrong: string[] = [];
  wrongs.set(page, wrong);
  page.on("pageerror", (error) => wrong.push(error.message));
  page.on("console", (message) => message.type() === "error" && wrong.push(message.text()));
  await page.addInitScript((typed) => sessionStorage.setItem("call-me key", typed), key);
  if (ahead !== 0) await page.addInitScript(`{ const { now } = Date; Date.now = () => now() + ${ahead}; }`);
  await page.goto(`${url}/${view}`);
  await page.locator(".freshness.live").waitFor();
  return page;
}

/** Of the table. */
export function rowOf(page: Page, name: string): Locator {
  return page.locator("tr", { has: page.getByRole("link", { name, exact: true }) });
}
