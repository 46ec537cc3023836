import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Role } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { EventKind } from "../../gen/ts/callme/v1/insight_service_pb.ts";
import { EnvironmentState, HolderKind } from "../../gen/ts/callme/v1/types_pb.ts";
import { clientsOf, keyFor, leaseIn, seconds } from "../outside/clients.ts";
import { eventually } from "../outside/eventually.ts";
import { Server } from "../outside/server.ts";
import { openBrowser, PROGRAM, visit, wrongs } from "./browser.ts";
import { Living } from "./living.ts";

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

  const rowOf = (page: Page, name: string) => page.locator("tr", { has: page.getByRole("link", { name, exact: true }) });
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

  test("takes a reservation, extends it and ends it, each after it was asked", async () => {
    await make("mine");
    await using page = await visit(browser, server, "#/env/mine");
    await page.getByRole("button", { name: "Reserve…" }).click();
    await page.getByText("mine is free: it is yours at once").waitFor();
    await page.getByLabel("Your name, for the others").fill("Ines");
    await page.getByLabel("What for").fill("demo");
    await page.getByRole("button", { name: "Reserve", exact: true }).click();
    await page.getByRole("status").getByText("mine is yours until").waitFor();
    await page.locator("h2:text-is('On it') + table", { hasText: "Ines" }).waitFor();
    const held = (await clientsOf(server).environments.listLeases({ filter: { environment: "mine" } })).leases[0];
    expect(held).toMatchObject({ reason: "demo", autoClaim: true, holder: { name: "Ines", kind: HolderKind.HUMAN } });
    await page.getByRole("button", { name: "Extend…" }).click();
    await page.getByLabel("4 h").check();
    await page.getByRole("button", { name: "Extend", exact: true }).click();
    await page
      .getByRole("status")
      .getByText(/mine is held until/)
      .waitFor();
    const extended = (await clientsOf(server).locks.getLease({ leaseId: held?.id ?? "" })).lease;
    expect(Number(extended?.notAfter?.seconds) - Number(held?.notAfter?.seconds)).toBe(4 * 3_600);
    await page.getByRole("button", { name: "Release…", exact: true }).click();
    await page.getByRole("button", { name: "Release", exact: true }).click();
    await page.getByText("Nobody has it.").waitFor();
    expect((await clientsOf(server).locks.check({ environment: "mine" })).available).toBe(true);
  });

  test("puts an environment into maintenance and back, and says first what that does to whom", async () => {
    await make("kept");
    await take("kept", "checkout #7");
    await using page = await visit(browser, server, "#/env/kept");
    await page.getByRole("button", { name: "Maintenance…" }).click();
    await page.getByText("checkout #7 may finish: nobody's lease ends by this.").waitFor();
    await page.getByLabel(/^Reason/).fill("new disk");
    await page.getByRole("button", { name: "Into maintenance" }).click();
    await page.locator(".head", { hasText: "new disk" }).waitFor();
    expect((await clientsOf(server).environments.getEnvironment({ environment: "kept" })).environment?.state).toBe(
      EnvironmentState.MAINTENANCE,
    );
    await page.getByRole("button", { name: "Back into service…" }).click();
    await page.getByRole("button", { name: "Back into service", exact: true }).click();
    await page.getByRole("button", { name: "Back into service…" }).waitFor({ state: "detached" });
    expect((await clientsOf(server).environments.getEnvironment({ environment: "kept" })).environment?.state).toBe(
      EnvironmentState.AVAILABLE,
    );
  });

  test("ends somebody else's lease by its id only, with a reason, on the record; Escape leaves it", async () => {
    await make("forced");
    const lease = await take("forced", "stuck #9");
    await using page = await visit(browser, server, "#/env/forced");
    await page.getByRole("button", { name: "Force-release…" }).click();
    await page.getByText(lease.id).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    await page.getByRole("button", { name: "Force-release…" }).click();
    await page.getByLabel("Reason").fill("its runner is gone");
    await page.getByRole("button", { name: "Force-release stuck #9" }).click();
    await page.getByText("Nobody has it.").waitFor();
    expect((await clientsOf(server).locks.getLease({ leaseId: lease.id })).lease).toMatchObject({ endNote: "its runner is gone" });
    await page.goto(`${server.url}/#/attention`);
    await page.locator("section", { hasText: "Forced today" }).getByText("its runner is gone").waitFor();
  });

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

  test("offers what a key may do and no more, and shows the server's words where that refuses all the same", async () => {
    await make("seen", "unseen-1");
    await take("seen", "checkout #3");
    const { secret } = await keyFor(server, [{ role: Role.VIEW, patterns: ["seen"] }]);
    await using viewer = await visit(browser, { url: server.url, key: secret });
    await rowOf(viewer, "seen").waitFor();
    expect(await rowOf(viewer, "unseen-1").count()).toBe(0);
    await viewer.goto(`${server.url}/#/env/seen`);
    await viewer.locator("h2:text-is('On it') + table", { hasText: "checkout #3" }).waitFor();
    expect(await viewer.locator("main button").filter({ hasText: "…" }).count()).toBe(0);
    for (const view of ["#/attention", "#/history", "#/history?show=use", "#/"]) {
      await viewer.goto(`${server.url}/${view}`);
      await viewer.locator("main h1").waitFor();
    }
    const operator = await keyFor(server, [{ role: Role.OPERATE, patterns: ["seen"] }], "operators");
    await using page = await visit(browser, { url: server.url, key: operator.secret }, "#/env/seen");
    await page.getByRole("button", { name: "Maintenance…" }).click();
    await page.getByLabel(/^Reason/).fill("x".repeat(512));
    await page.getByLabel("until …").check();
    await page.getByLabel("Until", { exact: true }).fill("2020-01-01T00:00");
    await page.getByRole("button", { name: "Into maintenance" }).click();
    await page.getByRole("alert").getByText(/until/i).waitFor();
    expect((await clientsOf(server).insight.listEvents({ filter: { kinds: [EventKind.REFUSED] } })).events).toEqual([]);
    await clientsOf(server).access.revokeKey({ id: operator.id });
    await page.getByLabel("Your key for this server").waitFor();
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
    await hide(true);
    await eventually(async () => (await metric()) === 0);
    const before = await page.evaluate<number>('performance.getEntriesByType("resource").length');
    await hide(false);
    await page.locator(".freshness.live").waitFor();
    await eventually(async () => (await metric()) === 1);
    expect(await page.evaluate<number>('performance.getEntriesByType("resource").length')).toBeLessThanOrEqual(before + 1);
  });

  test("says how old its data are while the server is gone, and heals itself when it is back", async () => {
    await make("healed");
    const lease = await take("healed", "checkout #5");
    await using page = await visit(browser, server);
    await rowOf(page, "healed").locator(".holder", { hasText: "checkout #5" }).waitFor();
    await server.kill9();
    await page.getByText(/^data from \d+ s ago, reconnecting$/).waitFor();
    await rowOf(page, "healed").locator(".holder", { hasText: "checkout #5" }).waitFor();
    await server.restart();
    await page.locator(".freshness.live").waitFor();
    await clientsOf(server).locks.release({ leaseId: lease.id });
    await rowOf(page, "healed").getByText("free").waitFor();
  });

  test("guesses when somebody will be done, by how long others have held the same", async () => {
    await make("guessed");
    for (const name of ["checkout #1", "checkout #2", "checkout #3", "checkout #4", "checkout #5"])
      await clientsOf(server).locks.release({ leaseId: (await take("guessed", name)).id });
    await take("guessed", "checkout #6");
    await using page = await visit(browser, server);
    await rowOf(page, "guessed").locator(".estimate", { hasText: "after 0 s" }).waitFor();
  });

  test("keeps what is chosen in the address, over an action and on the way back", async () => {
    await make("kept-a", "kept-b", "other");
    await take("kept-b", "checkout #6");
    await using page = await visit(browser, server);
    await page.keyboard.press("/");
    await page.keyboard.type("kept-");
    await page.getByRole("button", { name: "Since" }).click();
    await rowOf(page, "other").waitFor({ state: "detached" });
    expect(new URL(page.url()).hash).toBe("#/?q=kept-&sort=since");
    await page.getByRole("link", { name: "kept-b" }).click();
    await page.getByRole("heading", { name: "kept-b" }).waitFor();
    await page.getByRole("link", { name: "Environments" }).click();
    await rowOf(page, "kept-a").waitFor();
    expect(new URL(page.url()).hash).toBe("#/?q=kept-&sort=since");
    await page.reload();
    await rowOf(page, "kept-a").waitFor();
    expect(await page.locator("tbody a.name").allTextContents()).toEqual(["kept-b", "kept-a"]);
    await page.getByRole("link", { name: "kept-b" }).focus();
    await page.keyboard.press("ArrowDown");
    expect(await page.evaluate<string>("document.activeElement.textContent")).toBe("kept-a");
  });
});
