// The page where it is not at home: in clear text from another machine, and under a path of a proxy.
import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { chromium } from "playwright-core";
import { expect, test } from "vitest";
import { Server } from "../outside/server.ts";
import { openBrowser, PROGRAM, visit, wrongs } from "./browser.ts";

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

const PREFIX = "/tools/call-me";

/** A proxy that has the server under a path, which it takes off. */
async function proxyOf(port: number) {
  const proxy = createServer((asked, answer) => {
    if (!asked.url?.startsWith(`${PREFIX}/`)) return void answer.writeHead(404).end();
    const path = asked.url.slice(PREFIX.length);
    const onward = request({ host: "127.0.0.1", port, path, method: asked.method, headers: asked.headers }, (got) => {
      answer.writeHead(got.statusCode ?? 500, got.headers);
      got.pipe(answer);
    });
    onward.on("error", () => answer.destroy());
    answer.on("close", () => onward.destroy());
    asked.pipe(onward);
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const close = () => {
    proxy.closeAllConnections();
    proxy.close();
  };
  return { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}${PREFIX}`, [Symbol.dispose]: close };
}

test.skipIf(PROGRAM === undefined)("under a path of a proxy it finds its files and its server there, live", async () => {
  await using server = await Server.start();
  using proxy = await proxyOf(server.port);
  await using browser = await openBrowser();
  const page = await visit(browser, { url: proxy.url, key: server.key });
  await fetch(`${server.url}/maybe?environment=uat`, { method: "POST", headers: { "x-api-key": server.key } });
  await page.getByRole("link", { name: "uat" }).click();
  await page.getByRole("heading", { name: "uat" }).waitFor();
  expect(page.url()).toBe(`${proxy.url}/#/env/uat`);
  expect(wrongs.get(page)).toEqual([]);
});
