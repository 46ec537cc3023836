// The page of examples/browser in Debian's chromium, from an origin that the server allows, and from one that it doesn't.
import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serve } from "../../examples/browser/serve.ts";
import { clientsOf } from "../outside/clients.ts";
import { Server } from "../outside/server.ts";

const PROGRAM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
if (PROGRAM === undefined) console.warn("SKIPPED: the tests in a browser need chromium: apt-get install chromium");

const NOTHING = /^(opaque 0 |TypeError: Failed to fetch)$/;

interface Request {
  readonly method: string;
  readonly mode?: "no-cors";
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

type Site = Awaited<ReturnType<typeof serve>>;

describe.skipIf(PROGRAM === undefined)("the page of examples/browser", () => {
  let browser: Browser;
  let friend: Site;
  let stranger: Site;
  let server: Server;
  /** Asks nobody for a key. */
  let open: Server;

  beforeAll(async () => {
    friend = await serve(0);
    stranger = await serve(0);
    server = await Server.start({ CALL_ME_CORS_ORIGINS: friend.origin });
    open = await Server.start({ API_KEY: "", CALL_ME_BIND: "", CALL_ME_CORS_ORIGINS: friend.origin });
    browser = await chromium.launch({ executablePath: PROGRAM ?? "", args: ["--no-sandbox"] });
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    for (const { server: site } of [friend, stranger]) site.close();
    for (const one of [server, open]) await one[Symbol.asyncDispose]();
  });

  /** The page of a site, filled in. */
  async function visit({ origin }: Site, environment: string, protocol: string, key = server.key): Promise<Page> {
    const page = await browser.newPage();
    page.setDefaultTimeout(45_000);
    await page.goto(origin);
    await page.fill("#server", server.url);
    await page.fill("#key", key);
    await page.fill("#environment", environment);
    await page.selectOption("#protocol", protocol);
    return page;
  }

  const status = async (environment: string, at = server) => (await clientsOf(at).locks.check({ environment })).environments[0];

  describe.each(["Connect", "gRPC-Web"])("over %s", (protocol) => {
    test("watches, takes and gives back", async () => {
      const environment = `page-${protocol}`;
      await using page = await visit(friend, environment, protocol);
      await page.click("#watch");
      const event = (text: string) => page.getByText(`${environment}: ${text}`).last().waitFor();
      await event("free, 0 of 1 in use");
      await page.click("#acquire");
      await event("busy, 1 of 1 in use by the browser's example");
      await page.locator("#lease", { hasText: "HELD" }).waitFor();
      expect(await status(environment)).toMatchObject({ used: 1 });
      await page.click("#release");
      await page.locator("#events li:nth-child(3)", { hasText: `${environment}: free, 0 of 1 in use` }).waitFor();
      await page.locator("#lease", { hasText: "ENDED RELEASED" }).waitFor();
      expect(await status(environment)).toMatchObject({ used: 0 });
      expect(await page.textContent("#error")).toBe("");
    });

    test("sees the code and the reason of a refusal", async () => {
      await using page = await visit(friend, "refused", protocol, "a-wrong-key");
      await page.click("#acquire");
      await page.locator("#error", { hasText: "[unauthenticated] the key is not known to this server WRONG_KEY" }).waitFor();
    });

    test("is told who has a busy one, and leaves nothing in line", async () => {
      const environment = `taken-${protocol}`;
      await clientsOf(server).locks.acquire({ environment, holder: { name: "checkout #1" } });
      await using page = await visit(friend, environment, protocol);
      await page.click("#acquire");
      await page.locator("#error", { hasText: /held by checkout #1.*ENVIRONMENT_BUSY/ }).waitFor();
      expect(await status(environment)).toMatchObject({ queueLength: 0 });
    });

    test("from another origin the browser lets it do nothing", async () => {
      await using page = await visit(stranger, "untouched", protocol);
      await page.click("#acquire");
      await page.locator("#error", { hasText: "Failed to fetch" }).waitFor();
      await page.click("#watch");
      await page.locator("#error", { hasText: "Failed to fetch" }).waitFor();
      expect(await status("untouched")).toMatchObject({ used: 0, queueLength: 0 });
    });
  });

  /** What a page's own fetch of plain JSON comes to. */
  async function fetched(page: Page, url: string, request: Request): Promise<string> {
    const script = ({ to, ...options }: Request & { to: string }) =>
      fetch(to, options).then(
        async (answer) => `${answer.type} ${answer.status} ${await answer.text()}`,
        (error: unknown) => String(error),
      );
    return await page.evaluate(script, { to: url, ...request });
  }

  const taking = (key: string) => ({
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": key },
    body: '{"environment":"fetched"}',
  });

  test("plain JSON by fetch: for an allowed origin only, and never for a page without one", async () => {
    const url = `${server.url}/callme.v1.LockService/Acquire`;
    await using page = await browser.newPage();
    await page.goto(stranger.origin);
    expect(await fetched(page, url, taking(server.key))).toBe("TypeError: Failed to fetch");
    // Its origin is "null".
    await page.goto("data:text/html,hello");
    expect(await fetched(page, url, taking(server.key))).toBe("TypeError: Failed to fetch");
    expect(await status("fetched")).toMatchObject({ used: 0 });
    await page.goto(friend.origin);
    expect(await fetched(page, url, taking(server.key))).toMatch(/^cors 200 \{"lease":/);
    expect(await status("fetched")).toMatchObject({ used: 1 });
  });

  test("where no key is asked for, what a browser sends without asking first changes nothing either", async () => {
    await using page = await browser.newPage();
    for (const site of [stranger.origin, "data:text/html,hello"]) {
      await page.goto(site);
      // What it shows such a page of the refusal, or of any answer, is nothing, one way or the other.
      const send = (path: string, body?: string) =>
        fetched(page, `${open.url}${path}`, { method: "POST", mode: "no-cors", ...(body === undefined ? {} : { body }) });
      expect(await send("/maybe?environment=simple")).toMatch(NOTHING);
      expect(await send("/callme.v1.LockService/Acquire", '{"environment":"simple"}')).toMatch(NOTHING);
    }
    expect(await status("simple", open)).toMatchObject({ used: 0 });
  });
});
