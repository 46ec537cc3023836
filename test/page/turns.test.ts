import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EndReason, EnvironmentState, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { clientsOf, leaseIn, seconds } from "../outside/clients.ts";
import { Server } from "../outside/server.ts";
import { openBrowser, PROGRAM, visit } from "./browser.ts";

const HOUR = 3_600;
const ahead = (length: number) => seconds(Math.floor(Date.now() / 1_000) + length);

describe.skipIf(PROGRAM === undefined)("a turn", () => {
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

  const make = (name: string, rest: object = {}) =>
    clientsOf(server).environments.applyEnvironments({ environments: [{ name, pool: "shop", ...rest }] });
  const take = async (environment: string, name: string) =>
    leaseIn(await clientsOf(server).locks.acquire({ environment, holder: { name }, requestId: name, wait: seconds(0) }));
  const move = (environment: string, state: EnvironmentState, rest: object = {}) =>
    clientsOf(server).environments.setEnvironmentState({ environment, state, ...rest });
  const leaseOf = async (environment: string, name: string) => {
    const { leases } = await clientsOf(server).environments.listLeases({ filter: { environment, holder: name } });
    expect(leases.length).toBe(1);
    return leases[0];
  };
  const reserve = async (page: Page, length: string) => {
    await page.getByRole("button", { name: "Reserve…" }).click();
    await page.getByLabel("Your name, for the others").fill("Ines");
    await page.getByLabel(length).check();
  };
  const confirm = (page: Page) => page.getByRole("button", { name: "Reserve", exact: true }).click();

  test("is what a length counts from, whenever it comes; the dialog says when that is expected, and what has this end is not extended", async () => {
    await make("later");
    await move("later", EnvironmentState.MAINTENANCE, { until: ahead(2 * HOUR), reason: "new disk" });
    await using page = await visit(browser, server, "#/env/later");
    await reserve(page, "30 m");
    await page.getByText(/^30 m from your turn on, which is expected about .*\d\d:\d\d\.$/).waitFor();
    await confirm(page);
    await page.getByText("You are in line for later, at place 1: it is yours by itself when your turn comes, for 30 m.").waitFor();
    await page.locator("h2:text-is('In line') + table", { hasText: "after" }).waitFor();
    const waiting = await leaseOf("later", "Ines");
    expect(waiting).toMatchObject({ state: LeaseState.QUEUED, autoClaim: true, maxHold: seconds(1_800) });
    expect(Number(waiting?.notAfter?.seconds) - Date.now() / 1_000).toBeGreaterThan(6 * 24 * HOUR);
    await move("later", EnvironmentState.AVAILABLE);
    await page.locator("button.main", { hasText: "Release…" }).waitFor();
    const held = await leaseOf("later", "Ines");
    expect(held?.state).toBe(LeaseState.HELD);
    expect(Number(held?.latestEnd?.seconds) - Number(held?.grantedAt?.seconds)).toBe(1_800);
    expect([await page.getByText("Extend…").count(), await page.locator("button.main").count()]).toEqual([0, 1]);
  });

  test("that comes after a chosen time is told before, and how long anybody has it; nobody knows when, where there is no end", async () => {
    await make("bounded", { maxHold: seconds(4 * HOUR) });
    await move("bounded", EnvironmentState.MAINTENANCE, { until: ahead(3 * HOUR), reason: "new disk" });
    await using page = await visit(browser, server, "#/env/bounded");
    await page.getByRole("button", { name: "Reserve…" }).click();
    expect(await page.evaluate<string>("document.activeElement.value")).toBe("1 h");
    await page.getByLabel("until …").check();
    await page.getByText(/^Your turn is expected about .*: this would be over before\.$/).waitFor();
    await page.getByLabel("Until", { exact: true }).fill(`${new Date().getFullYear() + 1}-12-31T15:00`);
    await page.getByText("Nobody has it for longer than 4 h: it is yours for that.").waitFor();
    await move("bounded", EnvironmentState.QUARANTINED, { reason: "broken" });
    await page.getByText("It is yours by itself when your turn comes: nobody knows when.").waitFor();
  });

  test("that one waits for already is told before one asks again", async () => {
    await make("twice");
    await take("twice", "checkout #7");
    await using page = await visit(browser, server, "#/env/twice");
    await reserve(page, "30 m");
    await confirm(page);
    await page.locator("h2:text-is('In line') + table", { hasText: "mine" }).waitFor();
    await page.getByRole("button", { name: "Reserve…" }).click();
    await page.getByText("You already wait at place 1").waitFor();
  });

  test("is asked about anew where what was free is taken before the answer", async () => {
    await make("raced");
    await using page = await visit(browser, server, "#/env/raced");
    await reserve(page, "30 m");
    await page.route("**/Acquire", (route) => take("raced", "checkout #8").then(() => route.continue()), { times: 1 });
    await confirm(page);
    await page.getByRole("alert").getByText("nothing was done yet").waitFor();
    await page.getByText("raced is busy, and you are the next in line.").waitFor();
    await confirm(page);
    await page.getByText("at place 1: it is yours by itself when your turn comes, for 30 m.").waitFor();
    expect(await leaseOf("raced", "Ines")).toMatchObject({ maxHold: seconds(1_800) });
  });

  test("is taken from who only waits by that name, and one's own by no force", async () => {
    await make("crowded");
    const [, other] = [await take("crowded", "Ines"), await take("crowded", "boot #2")];
    await using page = await visit(browser, server, "#/env/crowded");
    await page.evaluate(`localStorage.setItem("call-me name", "Ines")`);
    await page.reload();
    await page.getByRole("button", { name: "Remove from the line…" }).click();
    await page.getByText("boot #2 will see your key's name and the reason.").waitFor();
    await page.getByLabel("Reason").fill("not needed");
    await page.getByRole("button", { name: "Remove boot #2" }).click();
    await page.getByText("Removed boot #2 from the line for crowded.").waitFor();
    const { lease } = await clientsOf(server).locks.getLease({ leaseId: other.id });
    expect(lease).toMatchObject({ endReason: EndReason.FORCE_RELEASED, endNote: "not needed" });
    expect(await page.getByRole("button", { name: "Force-release…" }).count()).toBe(0);
  });

  test("waits for a maintenance, whose reason and end can be changed", async () => {
    await make("moved");
    const until = ahead(HOUR);
    await move("moved", EnvironmentState.MAINTENANCE, { until, reason: "new disk" });
    await using page = await visit(browser, server, "#/env/moved");
    await page.getByRole("button", { name: "Maintenance…" }).click();
    await page.getByText("moved is in maintenance already: this changes why, and until when.").waitFor();
    await page.getByLabel(/^Reason/).fill("two new disks");
    await page.getByRole("button", { name: "Into maintenance" }).click();
    await page.locator(".head", { hasText: "two new disks" }).waitFor();
    const { environment } = await clientsOf(server).environments.getEnvironment({ environment: "moved" });
    expect(environment).toMatchObject({ state: EnvironmentState.MAINTENANCE, stateReason: "two new disks" });
    // The end that it had is the one that is proposed, to the minute.
    expect(Number(environment?.stateUntil?.seconds)).toBe(Math.floor(Number(until.seconds) / 60) * 60);
  });
});
