import { expect, test } from "vitest";
import { ruleFor } from "../notices/receiver.ts";
import { receiving, serving } from "../notices/stage.ts";
import { clientsOf } from "../outside/clients.ts";
import { eventually } from "../outside/eventually.ts";
import { openBrowser, PROGRAM, visit } from "./browser.ts";

test.skipIf(PROGRAM === undefined)(
  "Attention has the notices that a receiver has refused, without the secret part of its address",
  async () => {
    const receiver = await receiving();
    receiver.answer = (answer) => void answer.writeHead(422).end();
    const { server } = await serving(`rules:\n${ruleFor(`${receiver.url}/secret-path`, ", kinds: [granted]")}`);
    const { locks, insight } = clientsOf(server);
    await locks.acquire({ environment: "uat", holder: { name: "checkout #1" } });
    // It is tried five times.
    await eventually(async () => (await insight.listNotices({})).notices.length > 0, 90_000);
    await using browser = await openBrowser();
    const page = await visit(browser, server, "#/attention");
    const section = page.locator("section", { hasText: "Notices that did not arrive" });
    await section.getByText("lease.granted uat").waitFor();
    expect(await section.textContent()).toContain(`ops ${new URL(receiver.url).origin}`);
    expect(await page.content()).not.toContain("secret-path");
  },
);
