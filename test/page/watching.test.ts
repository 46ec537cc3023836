// What the page knows, and when it asks: of what no stream tells, of much, and through streams that break.
import { create, toBinary } from "@bufbuild/protobuf";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WatchEnvironmentResponseSchema } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { WatchKind } from "../../gen/ts/callme/v1/types_pb.ts";
import { ahead, clientsOf, leaseIn, seconds } from "../outside/clients.ts";
import { Server } from "../outside/server.ts";
import { openBrowser, PROGRAM, rowOf, visit } from "./browser.ts";

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
  /** A tab whose clock can be turned, and begins at this time. */
  const opened = async (view: string, time: number) => {
    const page = await browser.newPage();
    await page.clock.install({ time });
    await page.addInitScript((typed) => sessionStorage.setItem("call-me key", typed), server.key);
    await page.goto(`${server.url}/${view}`);
    return page;
  };
  const on = (page: Page, who: string) => page.locator("h2:text-is('On it') + table tr", { hasText: who });

  test("sees that a lease was renewed, which no stream tells", async () => {
    await make("renewed");
    const { locks } = clientsOf(server);
    const lease = leaseIn(await locks.acquire({ environment: "renewed", holder: { name: "checkout #1" }, ttl: seconds(18) }));
    await using page = await opened("#/env/renewed", Date.now());
    await on(page, "checkout #1")
      .getByText(/^in \d\d s$/)
      .waitFor();
    await page.clock.runFor(3_000);
    // Nor another stream, which would begin with all that there is.
    await page.route("**/WatchEnvironment", (route) => route.abort());
    await locks.renew({ leaseId: lease.id, ttl: seconds(3_600) });
    await page.clock.runFor(14_000);
    await on(page, "checkout #1")
      .getByText(/^in (1 h|5\d m)$/)
      .waitFor();
  });

  test("shows what is made anew under the name of what was deleted just before", async () => {
    await make("reborn", "beside");
    await using page = await opened("#/", Date.now());
    await rowOf(page, "reborn").getByText("free").waitFor();
    // No frame is drawn until all three have been told.
    await page.clock.pauseAt(Date.now() + 5_000);
    const { environments, locks } = clientsOf(server);
    await environments.deleteEnvironment({ environment: "reborn" });
    await environments.applyEnvironments({ environments: [{ name: "reborn", pool: "shop", labels: { made: "anew" } }] });
    await locks.acquire({ environment: "beside", holder: { name: "checkout #3" } });
    await rowOf(page, "beside").getByText("checkout #3").waitFor();
    await page.clock.resume();
    await rowOf(page, "reborn").getByText("made=anew").waitFor();
  });

  test("asks once for what it shows, and again for what it was not told", async () => {
    await make("asked");
    const page = await browser.newPage();
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url().split("/").at(-1) ?? ""));
    await page.clock.install();
    await page.addInitScript((typed) => sessionStorage.setItem("call-me key", typed), server.key);
    await page.route("**/GetEnvironment", (route) => route.abort(), { times: 1 });
    await page.goto(`${server.url}/#/env/asked`);
    await page.getByText("Nobody has it.").waitFor();
    await page.clock.runFor(10_000);
    await page.getByRole("heading", { name: "asked" }).waitFor();
    const count = (method: string) => asked.filter((one) => one === method).length;
    expect([count("GetEnvironment"), count("ListLeases"), count("WatchEnvironment"), count("WhoAmI")]).toEqual([2, 4, 1, 1]);
    await page.close();
  });

  test("shows who has it, however many came before, and says that there are more", async () => {
    await make("many");
    const { locks } = clientsOf(server, "gRPC");
    const later = { notBefore: ahead(80_000), notAfter: ahead(90_000), autoClaim: true };
    await Promise.all(
      Array.from({ length: 201 }, (_, index) => locks.acquire({ environment: "many", holder: { name: `person ${index}` }, ...later })),
    );
    await locks.acquire({ environment: "many", holder: { name: "checkout #2" } });
    await using page = await visit(browser, server, "#/env/many");
    await on(page, "checkout #2").waitFor();
    await page.locator("h2:text-is('Reserved') ~ p", { hasText: "There are more." }).waitFor();
  });

  test("takes a time that is typed in for the server's, as all that it shows, though this machine's clock is off", async () => {
    await make("timed");
    await using page = await opened("#/env/timed", Date.now() - 3_600_000);
    await page.getByRole("button", { name: "Drain…" }).click();
    await page.getByLabel(/^Reason/).fill("new disk");
    await page.getByLabel("until …").check();
    const typed = await page.evaluate<string>(`
      new Date(${Date.now() + 7_200_000} - new Date().getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
    `);
    await page.getByLabel("Until", { exact: true }).fill(typed);
    await page.getByRole("button", { name: "Drain", exact: true }).click();
    await page.getByText("timed is draining.").waitFor();
    const { environment } = await clientsOf(server).environments.getEnvironment({ environment: "timed" });
    const until = await page.evaluate<number>(`Date.parse(${JSON.stringify(typed)})`);
    expect(Number(environment?.stateUntil?.seconds) * 1_000).toBe(until);
  });

  test("keeps a stream that is silent for a while, and says how old the data are", async () => {
    await using page = await visit(browser, server);
    await page.clock.install();
    await make("silent");
    await page.clock.runFor(100);
    await rowOf(page, "silent").waitFor();
    let asked = 0;
    page.on("request", () => {
      asked += 1;
    });
    server.signal("SIGSTOP");
    try {
      await page.clock.runFor(30_000);
      await page.getByText(/^data from (29|30) s ago$/).waitFor();
      expect(asked).toBe(0);
      await page.clock.runFor(10_000);
      await page.getByText(/reconnecting$/).waitFor();
    } finally {
      server.signal("SIGCONT");
    }
    await page.clock.resume();
    await page.locator(".freshness.live").waitFor();
  });

  test("asks more and more rarely for a stream that breaks before it has told all", async () => {
    await using page = await visit(browser, server);
    const part = toBinary(
      WatchEnvironmentResponseSchema,
      create(WatchEnvironmentResponseSchema, { kind: WatchKind.SNAPSHOT, reset: true }),
    );
    const length = Buffer.alloc(5);
    length.writeUInt32BE(part.length, 1);
    const body = Buffer.concat([length, part]);
    let asked = 0;
    await page.clock.install();
    await page.route("**/WatchEnvironment", (route) => {
      asked += 1;
      return route.fulfill({ contentType: "application/connect+proto", body });
    });
    await server.stop();
    await server.restart();
    for (let step = 0; step < 60; step += 1) await page.clock.runFor(250);
    expect(asked).toBeGreaterThan(2);
    expect(asked).toBeLessThan(12);
    await page.unroute("**/WatchEnvironment");
    await page.clock.resume();
    await page.locator(".freshness.live").waitFor();
  });
});
