import { chromium } from "playwright-core";
import { expect, test } from "vitest";
import { Server } from "../outside/server.ts";
import { PROGRAM } from "./browser.ts";

test.skipIf(PROGRAM === undefined)(
  "a page that came in clear text from another machine lets one act: it needs none of what browsers keep back there",
  async () => {
    await using server = await Server.start();
    // By a name that stands for no machine of its own.
    const args = ["--no-sandbox", "--host-resolver-rules=MAP call-me.test 127.0.0.1"];
    await using browser = await chromium.launch({ executablePath: PROGRAM ?? "", args });
    const page = await browser.newPage();
    await page.goto(`http://call-me.test:${server.port}/`);
    expect(await page.evaluate("isSecureContext")).toBe(false);
    await page.getByLabel("Your key for this server").fill(server.key);
    await page.getByRole("button", { name: "Look" }).click();
    await page.getByText("There is no environment yet").waitFor();
    await fetch(`${server.url}/maybe?environment=uat`, { method: "POST", headers: { "x-api-key": server.key } });
    await page.getByRole("link", { name: "uat" }).click();
    await page.getByRole("button", { name: "Reserve…" }).click();
    await page.getByLabel("Your name, for the others").fill("Ines");
    await page.getByRole("button", { name: "Reserve", exact: true }).click();
    await page.getByText("You are in line for uat, at place 1").waitFor();
  },
);
