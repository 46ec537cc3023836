// Somebody who signs in at the company's issuer by the page, in Debian's chromium.
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestIssuer } from "../access/issuer.ts";
import { CLIENT, People } from "../access/people.ts";
import { clientsOf } from "../outside/clients.ts";
import { eventually } from "../outside/eventually.ts";
import { Server } from "../outside/server.ts";

const PROGRAM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
if (PROGRAM === undefined) console.warn("SKIPPED: the test of signing in needs chromium: apt-get install chromium");

describe.skipIf(PROGRAM === undefined)("the page", () => {
  let issuer: TestIssuer;
  let people: People;
  let server: Server;
  let browser: Browser;
  beforeAll(async () => {
    issuer = await TestIssuer.start();
    people = new People(issuer);
    server = await Server.start();
    await server.stop();
    await server.restart({ CALL_ME_ACCESS: await writeRules("VIEW") });
    people.redirects = [`${server.url}/`];
    browser = await chromium.launch({ executablePath: PROGRAM ?? "", args: ["--no-sandbox"] });
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await server?.[Symbol.asyncDispose]();
    await issuer?.[Symbol.asyncDispose]();
  });

  /** The file of access rules. */
  async function writeRules(role: string): Promise<string> {
    const rules = [{ name: "testers", claims: { groups: "/testers" }, label: "email", grants: [{ role, patterns: ["*"] }] }];
    const one = { provider: "other", issuer: issuer.url, jwks_uri: issuer.jwksUri, browser: { client_id: CLIENT, label: "Acme" }, rules };
    const file = path.join(server.directory, "access.json");
    await writeFile(file, JSON.stringify({ issuers: [one] }));
    return file;
  }

  const kept = (page: Page) => page.evaluate<string>("JSON.stringify(sessionStorage)");

  test("sends somebody there and back, to the view that was left, and shows to the server what it brings", async () => {
    await using page = await browser.newPage();
    const wrong: string[] = [];
    page.on("pageerror", ({ message }) => wrong.push(message));
    await page.goto(`${server.url}/#/history`);
    await page.getByRole("button", { name: "Acme" }).click();
    await page.getByText("ada@example.com").first().waitFor();
    expect(page.url()).toBe(`${server.url}/#/history`);
    await page.reload();
    await page.getByText("ada@example.com").first().waitFor();
    expect([people.given, wrong]).toEqual([1, []]);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("button", { name: "Acme" }).waitFor();
    expect(await kept(page)).toBe("{}");
  });

  test("gets the next token before the present one ends", async () => {
    people.lifetime = 31;
    const before = people.given;
    await using page = await browser.newPage();
    await page.goto(server.url);
    await page.getByRole("button", { name: "Acme" }).click();
    await page.locator(".freshness.live").waitFor();
    const first = await kept(page);
    await eventually(() => people.given >= before + 3);
    await eventually(async () => (await kept(page)) !== first);
    await page.reload();
    await page.getByText("ada@example.com").first().waitFor();
    people.lifetime = 300;
  });

  test("goes on getting tokens of an issuer whose renewals stay the same", async () => {
    people.rotates = false;
    people.lifetime = 31;
    const before = people.given;
    await using page = await browser.newPage();
    await page.goto(server.url);
    await page.getByRole("button", { name: "Acme" }).click();
    await eventually(() => people.given >= before + 3);
    people.rotates = true;
    people.lifetime = 300;
  });

  test.each([1, -1])("knows by the server's clock when a token ends, though this machine's is off by %d h", async (hours) => {
    await using page = await browser.newPage();
    await page.clock.install({ time: Date.now() + hours * 3_600_000 });
    await page.goto(server.url);
    await page.getByRole("button", { name: "Acme" }).click();
    await page.locator(".freshness.live").waitFor();
    const before = people.given;
    await page.clock.runFor(10_000);
    await page.locator(".freshness.live").waitFor();
    expect(people.given).toBe(before);
    // It has ended while the tab was asleep.
    const ended = await issuer.sign({ ...people.claims, aud: CLIENT, exp: Math.floor(Date.now() / 1_000) - 60 });
    await page.evaluate(`sessionStorage.setItem("call-me key", ${JSON.stringify(ended)})`);
    await page.reload();
    await page.locator(".freshness.live").waitFor();
    expect(people.given).toBe(before + 1);
  });

  test("who has signed out stays so, though a token was under way", async () => {
    people.lifetime = 31;
    await using page = await browser.newPage();
    await page.goto(server.url);
    const { promise: renewing, resolve: asked } = Promise.withResolvers<void>();
    const { promise: over, resolve: letGo } = Promise.withResolvers<void>();
    await page.route("**/token", async (route) => {
      if (route.request().postData()?.includes("refresh_token") === true) {
        asked();
        await over;
      }
      await route.continue();
    });
    await page.getByRole("button", { name: "Acme" }).click();
    await renewing;
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("button", { name: "Acme" }).waitFor();
    const answered = page.waitForResponse("**/token");
    letGo();
    await (await answered).finished();
    await page.evaluate("new Promise(requestAnimationFrame)");
    expect(await kept(page)).toBe("{}");
    people.lifetime = 300;
  });

  test("offers what the rules let one do by now, without being loaded again", async () => {
    await clientsOf(server).environments.applyEnvironments({ environments: [{ name: "ruled" }] });
    await using page = await browser.newPage();
    await page.goto(`${server.url}/#/env/ruled`);
    await page.getByRole("button", { name: "Acme" }).click();
    await page.getByRole("heading", { name: "ruled" }).waitFor();
    expect(await page.getByRole("button", { name: "Maintenance…" }).count()).toBe(0);
    await writeRules("OPERATE");
    server.signal("SIGHUP");
    await page.getByRole("button", { name: "Maintenance…" }).waitFor();
    await writeRules("VIEW");
    server.signal("SIGHUP");
    await page.getByRole("button", { name: "Maintenance…" }).waitFor({ state: "detached" });
  });

  test("says why the server takes no token of somebody, and does not ask the issuer for another one again and again", async () => {
    people.claims = { sub: "b7", email: "bob@example.com", groups: ["/others"] };
    people.lifetime = 31;
    const before = people.given;
    await using page = await browser.newPage();
    await page.goto(server.url);
    await page.getByRole("button", { name: "Acme" }).click();
    await page.getByRole("alert").waitFor();
    expect(people.given).toBe(before + 1);
    expect(await kept(page)).not.toContain("renewal");
  });

  test("takes no answer that it has not asked for", async () => {
    await using page = await browser.newPage();
    const before = people.given;
    await page.goto(`${server.url}/?code=stolen&state=guessed`);
    await page.getByRole("alert").getByText("Sign in again").waitFor();
    expect([page.url(), people.given]).toEqual([`${server.url}/`, before]);
  });
});
