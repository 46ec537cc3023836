// What somebody looks for, and finds: in the table, in what needs attention, on whatever screen.
import { readFileSync } from "node:fs";
import type { Browser, Route } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Role } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { EnvironmentState, HolderKind } from "../../gen/ts/callme/v1/types_pb.ts";
import { clientsOf, keyFor, leaseIn, seconds } from "../outside/clients.ts";
import { eventually } from "../outside/eventually.ts";
import { Server } from "../outside/server.ts";
import { openBrowser, PROGRAM, rowOf, visit } from "./browser.ts";
import { AFTERNOON } from "./fleet.ts";
import { Living } from "./living.ts";

describe.skipIf(PROGRAM === undefined)("what is looked for", () => {
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

  test("finds what is ours though it is neither shown nor first in line, and labels of whatever letters, one within the other", async () => {
    const { environments } = clientsOf(server);
    const [big, small] = ["full-big", "full-small"];
    await environments.applyEnvironments({
      environments: [
        { name: big, pool: "full", capacity: 20, labels: { owner: "a,b", os: "linux", zone: "1" } },
        { name: small, pool: "full", labels: { owner: "a,b" } },
        { name: "full-other", pool: "full", labels: { owner: "a", os: "linux" } },
      ],
    });
    for (let one = 0; one < 12; one += 1) await take(big, `other #${one}`);
    await take(big, "Ines");
    for (const name of ["other #a", "other #b", "Ines"]) await take(small, name, { ticketTtl: seconds(3_600) });
    await using page = await visit(browser, server, "#/?q=full-");
    await page.evaluate('localStorage.setItem("call-me name", "Ines")');
    await page.reload();
    await rowOf(page, "full-other").waitFor();
    await page.getByLabel("Mine").check();
    await rowOf(page, "full-other").waitFor({ state: "detached" });
    await rowOf(page, big).waitFor();
    await rowOf(page, small).waitFor();
    await page.getByLabel("Mine").uncheck();
    await rowOf(page, big).getByRole("button", { name: "owner=a,b" }).click();
    await rowOf(page, "full-other").waitFor({ state: "detached" });
    await rowOf(page, small).waitFor();
    await rowOf(page, big).getByRole("button", { name: "os=linux" }).click();
    await rowOf(page, small).waitFor({ state: "detached" });
    await rowOf(page, big).waitFor();
    await page.waitForURL("**/#/?q=full-&label=owner%3Da%2Cb&label=os%3Dlinux");
    await page.goto(`${server.url}/#/?q=full-&label=constructor`);
    await page.getByText("No environment fits").waitFor();
  });

  test("leaves out what the address has and there is not, and shows the way back where nothing fits", async () => {
    await make("way-a", "way-b");
    await using page = await visit(browser, server, "#/?state=foo&columns=bar&q=way-");
    await rowOf(page, "way-a").locator(".state").waitFor();
    expect(await page.getByRole("button", { pressed: true }).count()).toBe(0);
    await page.goto(`${server.url}/#/?q=zzz&label=nix&mine=1&state=dirty`);
    await page.getByRole("button", { name: "Show all" }).click();
    await rowOf(page, "way-b").waitFor();
    expect(await page.getByLabel("Mine").isChecked()).toBe(false);
    await page.goto(`${server.url}/#/?q=way-b`);
    await rowOf(page, "way-a").waitFor({ state: "detached" });
    await page.getByRole("link", { name: "Environments" }).click();
    await rowOf(page, "way-a").waitFor();
  });

  test("keeps the end of a state apart from the end of who holds it, and the menu of columns open no longer than it is used", async () => {
    await make("two-ends");
    await take("two-ends", "checkout #1", { ttl: seconds(7_200), maxHold: seconds(7_200) });
    const until = { seconds: BigInt(Math.floor(Date.now() / 1_000) + 600), nanos: 0 };
    await clientsOf(server).environments.setEnvironmentState({
      ...{ environment: "two-ends", state: EnvironmentState.MAINTENANCE, reason: "upgrade", until },
    });
    await using page = await visit(browser, server, "#/?q=two-ends");
    const row = rowOf(page, "two-ends");
    await row.locator(".until", { hasText: /in (2 h|1 h 59 m)/ }).waitFor();
    await row.locator(".state", { hasText: /until \d\d:\d\d, upgrade/ }).waitFor();
    const [menu, reason] = [page.getByText("Columns", { exact: true }), page.getByLabel("Reason", { exact: true })];
    await menu.click();
    await reason.check();
    await page.keyboard.press("Escape");
    await reason.waitFor({ state: "hidden" });
    await menu.click();
    await reason.waitFor();
    await row.locator(".state").click();
    await reason.waitFor({ state: "hidden" });
  });

  test("takes for ours all that our own key asked for, under whatever name, but for its pipelines", async () => {
    await make("own-a", "own-b", "own-c", "own-d");
    const { secret, locks } = await keyFor(server, [{ role: Role.RESERVE, patterns: ["own-*"] }], "Ines");
    const own = (environment: string, name: string, kind: HolderKind) =>
      locks.acquire({ environment, holder: { name, kind }, requestId: `${environment} ${name}`, ticketTtl: seconds(3_600) });
    await own("own-a", "Ines Moreau", HolderKind.HUMAN);
    await take("own-b", "checkout #1");
    await take("own-b", "checkout #2", { ticketTtl: seconds(3_600) });
    await own("own-b", "ines", HolderKind.HUMAN);
    await own("own-c", "checkout #3", HolderKind.PIPELINE);
    await using page = await visit(browser, { url: server.url, key: secret }, "#/?mine=1");
    await page.evaluate('localStorage.setItem("call-me name", "Priya Nair")');
    await page.reload();
    await rowOf(page, "own-a").locator(".mine").waitFor();
    await rowOf(page, "own-b").waitFor();
    expect(await page.locator("tbody a.name").allTextContents()).toEqual(["own-a", "own-b"]);
    expect(await page.locator(".person").textContent()).toMatch(/^Ines/);
  });

  test("on a telephone shows each column that is chosen, with its title, and sorts both ways", async () => {
    await make("small-a", "small-b");
    await take("small-a", "checkout #1", { reason: "nightly" });
    await using page = await visit(browser, server, "#/?q=small-&columns=environment,pool,since,reason,line", { width: 360 });
    const cells = rowOf(page, "small-a").locator("td");
    for (const [kind, title] of Object.entries({ pool: "Pool", since: "Since", reason: "Reason" })) {
      const cell = rowOf(page, "small-a").locator(`td.${kind}`);
      expect(await cell.isVisible()).toBe(true);
      const before = `getComputedStyle(document.querySelector("td.${kind}"), "::before").content`;
      expect(await page.evaluate(before)).toContain(title);
    }
    expect(await cells.count()).toBe(5);
    await page.getByRole("button", { name: "The other way round" }).click();
    await page.locator("tbody tr:first-child", { hasText: "small-b" }).waitFor();
  });

  test("Attention has each that ends soon, of each environment whoever waits for longest, what counts at the top, and who was forced though many waiters have vanished since", async () => {
    await using past = new Living();
    const [hour, minute] = [3_600, 60];
    await past.startAgo(hour);
    const { environments } = clientsOf(past);
    await environments.applyEnvironments({ environments: [{ name: "two", capacity: 2 }, { name: "lost" }] });
    const ask = async (environment: string, name: string, rest: object) => {
      const asked = { environment, holder: { name }, requestId: name, ticketTtl: seconds(8 * hour), ...rest };
      return leaseIn(await clientsOf(past).locks.acquire(asked));
    };
    await ask("two", "endless #1", { ttl: seconds(8 * hour), maxHold: seconds(8 * hour) });
    await ask("two", "ending #2", { ttl: seconds(70 * minute), maxHold: seconds(70 * minute) });
    await ask("two", "patient #3", {});
    const forced = await ask("lost", "forced #4", {});
    await environments.forceRelease({ leaseId: forced.id, reason: "in the way" });
    await environments.setEnvironmentState({ environment: "lost", state: EnvironmentState.MAINTENANCE, reason: "no disk" });
    await Promise.all(Array.from({ length: 250 }, (_, index) => ask("lost", `gone #${index}`, { ticketTtl: seconds(1) })));
    await past.startAgo(minute);
    await ask("two", "urgent #5", { priority: 9 });
    await past.startAgo(0);
    const told = async (environment: string) => (await clientsOf(past).locks.check({ environment })).environments[0];
    expect((await told("two"))?.next?.holder?.name).toBe("urgent #5");
    await eventually(async () => (await told("lost"))?.queueLength === 0);
    await using page = await visit(browser, past, "#/attention", { zone: AFTERNOON });
    const part = (title: string) => page.locator("section", { has: page.getByRole("heading", { name: title }) });
    await part("Out of order")
      .getByRole("row", { name: /lost maintenance .*\d\d:\d\d .*no disk/ })
      .waitFor();
    await part("Ends soon")
      .getByRole("row", { name: /two ending #2/ })
      .waitFor();
    expect(await part("Ends soon").locator("tbody tr").count()).toBe(1);
    const waits = part("Longest waits").locator("tbody tr");
    await waits.first().waitFor();
    expect(await waits.locator("td:nth-child(2)").allTextContents()).toEqual(["patient #3"]);
    expect(await page.locator("main .concerned").allTextContents()).toEqual([await page.locator("nav .concerned").textContent()]);
    await part("Forced today").getByText("forced #4").waitFor();
    const vanished = part("Waiters that vanished today");
    await vanished.getByRole("button", { name: "Older" }).click();
    await vanished.locator("h2", { hasText: "250" }).waitFor();
    expect(await vanished.getByRole("button", { name: "Older" }).count()).toBe(0);
    // What is found is more than what is shown at first, and all of it is in the file.
    await page.goto(`${past.url}/#/history?environment=lost`);
    const shown = page.locator("main tbody tr");
    await page.getByRole("button", { name: "Older" }).waitFor();
    expect(await shown.count()).toBe(200);
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "CSV" }).click()]);
    const rows = readFileSync(await file.path(), "utf8")
      .trimEnd()
      .split("\r\n");
    expect(rows.filter((row) => row.includes("abandoned")).length).toBe(250);
    expect(rows.filter((row) => row.includes("queued")).length).toBe(250);
    await page.getByRole("button", { name: "Older" }).click();
    await shown.nth(399).waitFor();
  });

  test("says of what it does not know yet that it reads, and shows no answer to what was asked before", async () => {
    await make("asked-a", "asked-b");
    for (const name of ["asked-a", "asked-b"]) await clientsOf(server).locks.release({ leaseId: (await take(name, `on ${name}`)).id });
    await using page = await visit(browser, server, "#/history?environment=asked-a");
    await page.getByText("on asked-a").first().waitFor();
    await page.goto(`${server.url}/#/env/asked-a`);
    await page.locator("svg.timeline").waitFor();
    const held: Route[] = [];
    await page.route(/ListEvents|ListLeases|GetStats/, (route) => void held.push(route));
    await page.getByRole("button", { name: "7 d" }).click();
    await page.locator("section", { hasText: "Timeline" }).getByText("Reading…").waitFor();
    expect(await page.locator("svg.timeline").count()).toBe(0);
    await page.goto(`${server.url}/#/attention`);
    for (const title of ["Longest waits", "Forced today", "Waiters that vanished today"])
      await page.locator("section", { hasText: title }).getByText("Reading…").waitFor();
    await page.unroute(/ListEvents|ListLeases|GetStats/);
    await page.goto(`${server.url}/#/history?environment=asked-a`);
    await page.getByText("on asked-a").first().waitFor();
    await page.route(/ListEvents/, (route) => void held.push(route));
    await page.getByLabel("Environment").fill("asked-b");
    await page.getByRole("button", { name: "Search" }).click();
    await page.getByText("Reading…").waitFor();
    expect(await page.getByText("on asked-a").count()).toBe(0);
    await page.unroute(/ListEvents/);
    for (const route of held) await route.abort().catch(() => undefined);
    await page.getByText("on asked-b").first().waitFor();
  });

  test("counts by the server's clock, however wrong the browser's is", async () => {
    await make("clocked");
    await take("clocked", "checkout #1", { ttl: seconds(3_600), maxHold: seconds(3_600) });
    await using page = await visit(browser, server, "#/", { ahead: 5 * 3_600_000 });
    const row = rowOf(page, "clocked");
    await row.locator(".since", { hasText: /^\d+ s/ }).waitFor();
    await row.locator(".until", { hasText: /in (1 h|59 m)/ }).waitFor();
  });

  test("keeps what is chosen in the address, over an action and on the way back", async () => {
    await make("kept-a", "kept-b", "other");
    await take("kept-b", "checkout #6");
    await using page = await visit(browser, server);
    await page.keyboard.press("Control+k");
    await page.keyboard.type("kept-");
    await page.getByRole("button", { name: "Since" }).click();
    await rowOf(page, "other").waitFor({ state: "detached" });
    await page.waitForURL("**/#/?q=kept-&sort=since");
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
