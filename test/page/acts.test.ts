import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Role } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { EventKind } from "../../gen/ts/callme/v1/insight_service_pb.ts";
import { EndReason, EnvironmentState, HolderKind, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { clientsOf, keyFor, leaseIn, seconds } from "../outside/clients.ts";
import { Server } from "../outside/server.ts";
import { openBrowser, PROGRAM, rowOf, visit } from "./browser.ts";

describe.skipIf(PROGRAM === undefined)("an action", () => {
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

  test("gives the same reservation again, with the same end, when the answer to the first question is lost", async () => {
    await make("lost");
    await using page = await visit(browser, server, "#/env/lost");
    await page.route("**/Acquire", (route) => route.fetch().then(() => route.abort()), { times: 1 });
    await page.getByRole("button", { name: "Reserve…" }).click();
    await page.getByLabel("Your name, for the others").fill("Ines");
    const confirm = page.getByRole("button", { name: "Reserve", exact: true });
    await confirm.click();
    await page.getByRole("alert").getByText("Nobody knows whether it was done").waitFor();
    await confirm.click();
    await page.getByRole("status").getByText("lost is yours until").waitFor();
    expect((await clientsOf(server).environments.listLeases({ filter: { environment: "lost" } })).leases.length).toBe(1);
  });

  test("makes no second reservation of another answer to the same question, when the first one's answer was lost", async () => {
    await make("other");
    await using page = await visit(browser, server, "#/env/other");
    await page.route("**/Acquire", (route) => route.fetch().then(() => route.abort()), { times: 1 });
    await page.getByRole("button", { name: "Reserve…" }).click();
    await page.getByLabel("Your name, for the others").fill("Ines");
    await page.getByRole("button", { name: "Reserve", exact: true }).click();
    await page.getByRole("alert").waitFor();
    await page.getByLabel("4 h").check();
    await page.getByRole("button", { name: "Reserve", exact: true }).click();
    await page.getByRole("status").getByText("What you asked for first has arrived after all").waitFor();
    expect((await clientsOf(server).environments.listLeases({ filter: { environment: "other" } })).leases.length).toBe(1);
  });

  test("takes what is free with a key that may not reserve, and offers to extend only what has an end of its own", async () => {
    await make("taken");
    const { secret } = await keyFor(server, [{ role: Role.USE, patterns: ["taken"] }]);
    await using page = await visit(browser, { url: server.url, key: secret }, "#/env/taken");
    await page.getByRole("button", { name: "Take it…" }).click();
    await page.getByLabel("Your name, for the others").fill("Ines");
    await page.getByLabel("30 m").check();
    await page.getByRole("button", { name: "Take it", exact: true }).click();
    await page.getByRole("status").getByText("taken is yours until").waitFor();
    await page.getByRole("button", { name: "Release…" }).waitFor();
    expect(await page.getByRole("button", { name: "Extend…" }).count()).toBe(0);
    const { leases } = await clientsOf(server).environments.listLeases({ filter: { environment: "taken" } });
    expect(leases).toMatchObject([{ state: LeaseState.HELD, holder: { name: "Ines" }, ttl: seconds(1_800), maxHold: seconds(1_800) }]);
  });

  test("withdraws from the line; where the turn has come meanwhile it says so, and does nothing before it is asked again", async () => {
    await make("turned");
    const first = await take("turned", "checkout #1");
    const [, second] = [await take("turned", "leaver #2", { wait: seconds(0) }), await take("turned", "search #3", { wait: seconds(0) })];
    await using page = await visit(browser, server, "#/env/turned");
    const withdraw = (name: string) => page.getByRole("row", { name }).getByRole("button", { name: "Withdraw…" }).click();
    await withdraw("leaver #2");
    await page.getByText("leaver #2 loses the place in line").waitFor();
    await page.getByRole("button", { name: "Withdraw", exact: true }).click();
    await page.getByRole("status").getByText("Withdrawn from the line for turned.").waitFor();
    await withdraw("search #3");
    await clientsOf(server).locks.release({ leaseId: first.id });
    await clientsOf(server).locks.renew({ leaseId: second.id });
    await page.getByRole("button", { name: "Withdraw", exact: true }).click();
    await page.getByRole("alert").getByText("nothing was done yet").waitFor();
    await page.getByText("search #3 has it no longer. Then it is free").waitFor();
    const lease = async () => (await clientsOf(server).locks.getLease({ leaseId: second.id })).lease;
    expect(await lease()).toMatchObject({ state: LeaseState.HELD });
    await page.getByRole("button", { name: "Release", exact: true }).click();
    await page.getByRole("status").getByText("Released turned.").waitFor();
    expect(await lease()).toMatchObject({ endReason: EndReason.RELEASED });
  });

  test("drains, marks clean, and asks again where somebody else has changed the state meanwhile", async () => {
    await make("moved");
    const { environments } = clientsOf(server);
    const state = async () => (await environments.getEnvironment({ environment: "moved" })).environment?.state;
    await using page = await visit(browser, server, "#/env/moved");
    await page.getByRole("button", { name: "Drain…" }).click();
    await page.getByText("Nobody has it now. Nobody waits.").waitFor();
    await page.getByLabel(/^Reason/).fill("new disk");
    await environments.setEnvironmentState({ environment: "moved", state: EnvironmentState.DIRTY });
    await page.getByRole("button", { name: "Mark clean…", includeHidden: true }).waitFor();
    await page.getByRole("button", { name: "Drain", exact: true }).click();
    await page.getByRole("alert").getByText("nothing was done yet").waitFor();
    expect(await state()).toBe(EnvironmentState.DIRTY);
    await page.getByRole("button", { name: "Drain", exact: true }).click();
    await page.getByRole("status").getByText("moved is draining.").waitFor();
    expect(await state()).toBe(EnvironmentState.DRAINING);
    await environments.setEnvironmentState({ environment: "moved", state: EnvironmentState.DIRTY });
    await page.getByRole("button", { name: "Mark clean…" }).click();
    await page.getByText("It counts as clean and fit for use.").waitFor();
    await page.clock.install();
    await page.getByRole("button", { name: "It is clean" }).click();
    await page.getByRole("status").getByText("moved is clean").waitFor();
    // It stands there for a while.
    await page.clock.runFor(21_000);
    await page.getByText("moved is clean").waitFor({ state: "detached" });
    expect(await state()).toBe(EnvironmentState.AVAILABLE);
  });

  test("keeps the focus where one was, or gives it to the title where that is gone", async () => {
    await make("focused");
    await take("focused", "checkout #1");
    await using page = await visit(browser, server, "#/env/focused");
    const focused = () => page.evaluate<string>("document.activeElement.textContent");
    const leave = page.getByRole("button", { name: "Cancel" });
    await page.getByRole("button", { name: "Drain…" }).press("Enter");
    await leave.press("Enter");
    await leave.waitFor({ state: "detached" });
    expect(await focused()).toBe("Drain…");
    await page.getByRole("button", { name: "Force-release…" }).press("Enter");
    await expect.poll(() => page.getByRole("dialog").getAttribute("aria-describedby")).toBe("says");
    await page.getByLabel("Reason").fill("its runner is gone");
    await page.getByLabel("Reason").press("Enter");
    await page.getByText("Nobody has it.").waitFor();
    expect(await focused()).toBe("focused");
  });

  test("tells what came of it though its dialog was left, and lets a later one alone; neither outlasts the view, or who was there", async () => {
    await make("slow");
    await using page = await visit(browser, server, "#/env/slow");
    const { promise: over, resolve: letGo } = Promise.withResolvers<void>();
    await page.route("**/SetEnvironmentState", (route) => void over.then(() => route.abort()), { times: 1 });
    await page.getByRole("button", { name: "Maintenance…" }).click();
    await page.getByLabel(/^Reason/).fill("new disk");
    await page.getByRole("button", { name: "Into maintenance" }).click();
    await page.getByRole("button", { name: "Waiting for the server…" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Drain…" }).click();
    letGo();
    await page.getByText("Put slow into maintenance: The server did not answer. Nobody knows").waitFor();
    await page.getByRole("heading", { name: "Drain slow" }).waitFor();
    await page.goBack();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect(await page.getByText("Put slow into maintenance").count()).toBe(0);
  });
});
