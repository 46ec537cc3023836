import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EnvironmentState } from "../../gen/ts/callme/v1/types_pb.ts";
import { clientsOf, leaseIn, seconds } from "../outside/clients.ts";
import { eventually } from "../outside/eventually.ts";
import { Server } from "../outside/server.ts";
import { openBrowser, PROGRAM, rowOf, visit, wrongs } from "./browser.ts";

describe.skipIf(PROGRAM === undefined)("the page", () => {
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
  const take = async (environment: string, name: string, rest: object = {}) =>
    leaseIn(await clientsOf(server).locks.acquire({ environment, holder: { name }, requestId: `${environment} ${name}`, ...rest }));

  test("asks for a key, says in the server's words why it takes none, and keeps a good one for the tab alone", async () => {
    await using page = await browser.newPage();
    await page.goto(server.url);
    const key = page.getByLabel("Your key for this server");
    await key.fill("a-wrong-key");
    await page.getByRole("button", { name: "Look" }).click();
    await page
      .getByRole("alert")
      .getByText(/key is not known to this server/i)
      .waitFor();
    await key.fill(server.key);
    await page.getByRole("button", { name: "Look" }).click();
    await page.locator(".freshness.live").waitFor();
    await page.reload();
    await page.locator(".freshness.live").waitFor();
    await using other = await browser.newPage();
    await other.goto(server.url);
    await other.getByLabel("Your key for this server").waitFor();
    expect(await page.evaluate<string>("document.cookie + JSON.stringify(localStorage)")).not.toContain(server.key);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Your key for this server").waitFor();
    expect(await page.evaluate<number>("sessionStorage.length")).toBe(0);
  });

  test("takes the key that was typed in last, whatever becomes of the one before", async () => {
    await using page = await browser.newPage();
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
    await page.route("**/WhoAmI", (route) => void held.then(() => route.continue()), { times: 1 });
    await page.goto(server.url);
    const key = page.getByLabel("Your key for this server");
    // The first question of all, without a key.
    letGo();
    await key.waitFor();
    const { promise: wrong, resolve: refuse } = Promise.withResolvers<void>();
    await page.route("**/WhoAmI", (route) => void wrong.then(() => route.continue()), { times: 1 });
    await key.fill("a-wrong-key");
    await key.press("Enter");
    await key.fill(server.key);
    await key.press("Enter");
    await page.locator(".freshness.live").waitFor();
    const answered = page.waitForResponse((response) => response.url().endsWith("/WhoAmI") && response.status() === 401);
    refuse();
    await (await answered).finished();
    await page.evaluate("new Promise(requestAnimationFrame)");
    expect(await page.locator(".freshness.live").count()).toBe(1);
  });

  test("tries again by itself while the server cannot be asked, and does not ask for a key because a proxy has none", async () => {
    await using page = await browser.newPage();
    await page.addInitScript((typed) => sessionStorage.setItem("call-me key", typed), server.key);
    await page.route("**/WhoAmI", (route) => route.abort(), { times: 1 });
    await page.route("**/WhoAmI", (route) => route.fulfill({ status: 502, body: "Bad Gateway" }), { times: 1 });
    await page.goto(server.url);
    await page.getByRole("alert").getByText("The server did not answer.").waitFor();
    await page.locator(".freshness.live").waitFor();
    await page.route("**/WhoAmI", (route) => route.abort(), { times: 1 });
    await page.route("**/WatchEnvironment", (route) => route.fulfill({ status: 401 }), { times: 1 });
    await server.stop();
    await page.getByText(/reconnecting$/).waitFor();
    await server.restart();
    await page.locator(".freshness.live").waitFor();
  });

  test("works where the browser keeps nothing, and forgets a name that was typed in when its owner signs out", async () => {
    await make("blocked");
    await using page = await browser.newPage();
    await page.addInitScript(`
      for (const name of ["localStorage", "sessionStorage"])
        Object.defineProperty(globalThis, name, { get() { throw new DOMException("blocked", "SecurityError"); } });
    `);
    await page.goto(`${server.url}/#/env/blocked`);
    const key = page.getByLabel("Your key for this server");
    await key.fill(server.key);
    await key.press("Enter");
    await page.getByRole("button", { name: "Reserve…" }).click();
    await page.getByLabel("Your name, for the others").fill("Ines");
    await page.getByRole("button", { name: "Reserve", exact: true }).click();
    await page.locator(".who", { hasText: "Ines" }).first().waitFor();
    // The name is the reservation's: who is signed in the key says.
    await page.locator(".person", { hasText: "admin" }).waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await key.fill(server.key);
    await key.press("Enter");
    await page.locator(".freshness.live").waitFor();
    await page.getByRole("button", { name: "Reserve…" }).click();
    expect(await page.getByLabel("Your name, for the others").inputValue()).toBe("");
  });

  test("two browsers see a hand-over when it happens", async () => {
    await make("handed");
    const first = await take("handed", "checkout #1");
    const waiting = take("handed", "search #2", { wait: seconds(60) });
    const pages = [await visit(browser, server), await visit(browser, server, "#/env/handed")];
    const [table, view] = pages as [Page, Page];
    await rowOf(table, "handed").locator(".next", { hasText: "search #2" }).waitFor();
    await view.getByRole("row", { name: /1 search #2/ }).waitFor();
    await clientsOf(server).locks.release({ leaseId: first.id });
    await rowOf(table, "handed").locator(".holder", { hasText: "search #2" }).waitFor();
    await view.locator("h2:text-is('On it') + table", { hasText: "search #2" }).waitFor();
    await waiting;
    for (const page of pages) {
      expect(wrongs.get(page)).toEqual([]);
      await page.close();
    }
  });

  test("closes its stream while nobody looks, and has only one while somebody does", async () => {
    const metric = async () => {
      const text = await (await fetch(`${server.url}/metrics`, { headers: { "x-api-key": server.key } })).text();
      const lines = text.split("\n").filter((line) => /^callme_(open_)?streams/.test(line));
      return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
    };
    await eventually(async () => (await metric()) === 0);
    await using page = await visit(browser, server);
    await eventually(async () => (await metric()) === 1);
    const hide = (hidden: boolean) =>
      page.evaluate(`
        Object.defineProperty(document, "hidden", { configurable: true, value: ${hidden} });
        document.dispatchEvent(new Event("visibilitychange"));
      `);
    let asked = 0;
    page.on("request", () => {
      asked += 1;
    });
    // A glance at another tab costs nothing.
    await page.clock.install();
    await hide(true);
    await page.clock.runFor(4_000);
    await hide(false);
    await page.clock.runFor(60_000);
    await make("glanced");
    await rowOf(page, "glanced").waitFor();
    expect(asked).toBe(0);
    await hide(true);
    await page.clock.runFor(6_000);
    await eventually(async () => (await metric()) === 0);
    const lease = await take("glanced", "checkout #8");
    await clientsOf(server).environments.setEnvironmentState({ environment: "glanced", state: EnvironmentState.DRAINING });
    await clientsOf(server).locks.release({ leaseId: lease.id });
    await page.clock.runFor(60_000);
    expect([asked, await metric()]).toEqual([0, 0]);
    await hide(false);
    // A frame, too, comes by this clock.
    await page.clock.resume();
    await rowOf(page, "glanced").getByText("draining").waitFor();
    await eventually(async () => (await metric()) === 1);
  });

  test("says how old its data are while the server is gone, and heals itself when it is back", async () => {
    await make("healed", "deleted");
    const lease = await take("healed", "checkout #5");
    await using page = await visit(browser, server);
    await rowOf(page, "healed").locator(".holder", { hasText: "checkout #5" }).waitFor();
    await page.evaluate(`
      globalThis.said = [];
      const output = document.querySelector(".freshness output");
      new MutationObserver(() => said.push(output.textContent)).observe(output, { subtree: true, childList: true, characterData: true });
    `);
    await server.kill9();
    await page.getByText(/^data from [2-9] s ago,$/).waitFor();
    await page.getByText("reconnecting").waitFor();
    await rowOf(page, "healed").locator(".holder", { hasText: "checkout #5" }).waitFor();
    // While it is not told.
    await page.route("**/WatchEnvironment", (route) => route.abort());
    await server.restart();
    await clientsOf(server).environments.deleteEnvironment({ environment: "deleted" });
    expect(await rowOf(page, "deleted").count()).toBe(1);
    await page.unroute("**/WatchEnvironment");
    await page.locator(".freshness.live").waitFor();
    await rowOf(page, "deleted").waitFor({ state: "detached" });
    await clientsOf(server).locks.release({ leaseId: lease.id });
    await rowOf(page, "healed").getByText("free").waitFor();
    // A screen reader says that, and not the age each second.
    expect(await page.evaluate("said")).toEqual(["reconnecting", "live"]);
  });

  test("guesses when somebody will be done, by how long others have held the same", async () => {
    await make("guessed");
    for (const name of ["checkout #1", "checkout #2", "checkout #3", "checkout #4", "checkout #5"])
      await clientsOf(server).locks.release({ leaseId: (await take("guessed", name)).id });
    await take("guessed", "checkout #6");
    await using page = await visit(browser, server);
    await rowOf(page, "guessed").locator(".estimate", { hasText: "longer than usual" }).waitFor();
  });
});
