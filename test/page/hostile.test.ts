// What others have written is shown as what it is: text.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clientsOf } from "../outside/clients.ts";
import { Server } from "../outside/server.ts";
import { openBrowser, PROGRAM, visit, wrongs } from "./browser.ts";

const RAN = "globalThis.ran = true";

/** What would do something if it were taken for HTML, for an address or for code. */
const TEXTS = [
  `<script>${RAN}</script>`,
  `<img src=x onerror="${RAN}">`,
  `<svg onload="${RAN}">`,
  `<svg><script>${RAN}</script></svg>`,
  `"><img src=x onerror=${RAN}>`,
  `'><img src=x onerror=${RAN}>`,
  `</title><script>${RAN}</script>`,
  `</td></tr></table><h1>pwned</h1>`,
  `<iframe srcdoc="<script>parent.ran = true</script>">`,
  `<a href="javascript:${RAN}">click</a>`,
  `<details open ontoggle="${RAN}">`,
  `<body onload="${RAN}">`,
  `<math><mtext><img src=x onerror="${RAN}">`,
  `<style>*{display:none}</style>`,
  `<link rel=stylesheet href=https://evil.example/a.css>`,
  `<meta http-equiv=refresh content="0;url=https://evil.example">`,
  `<base href=https://evil.example>`,
  `<form action=https://evil.example><input name=key></form>`,
  `<template><script>${RAN}</script></template>`,
  `<!--><script>${RAN}</script>-->`,
  "{{constructor.constructor('ran = true')()}}",
  `\${globalThis.ran = true}`,
  "&lt;script&gt;",
  "&#60;b&#62;bold",
  "javascript:alert(1)",
  '=HYPERLINK("https://evil.example")',
  "+1+1",
  "@SUM(A1)",
  "__proto__",
  "constructor",
  "toString",
];

/** Addresses of runs that must be no links. */
const NO_LINKS = [
  `javascript:${RAN}`,
  `JaVaScRiPt:${RAN}`,
  `java script:${RAN}`,
  ` javascript:${RAN}`,
  `data:text/html,<script>opener.ran = true</script>`,
  `vbscript:msgbox(1)`,
  `file:///etc/passwd`,
  `blob:https://evil.example/1`,
  `//evil.example`,
  `/callme.v1.LockService/Acquire`,
  `#/env/other`,
  `mailto:a@evil.example`,
  `ftp://evil.example`,
  `ssh://evil.example`,
  `intent://evil.example`,
  `ws://evil.example`,
  `https:evil.example`,
  `http://[`,
  `httpsx://evil.example`,
  `about:blank`,
];

describe.skipIf(PROGRAM === undefined)("what others have written", () => {
  let browser: Browser;
  let server: Server;
  const name = (index: number) => `hostile-${String(index).padStart(2, "0")}`;

  beforeAll(async () => {
    server = await Server.start();
    browser = await openBrowser();
    const { locks, environments } = clientsOf(server);
    const all = [...TEXTS, ...NO_LINKS];
    const labels = { "l-1": `<img-src>`.replaceAll(/[<>]/g, "x") };
    await environments.applyEnvironments({
      environments: all.map((text, index) => ({
        name: name(index),
        description: text,
        labels,
        links: { [text.slice(0, 60)]: "https://good.example" },
      })),
    });
    // What the server takes for a link, however strange, is one here.
    for (const [index, text] of all.entries())
      await environments
        .applyEnvironments({ environments: [{ name: name(index), description: text, labels, links: { page: text } }] })
        .catch(() => undefined);
    for (const [index, text] of all.entries()) {
      const holder = {
        name: text,
        repository: text,
        ref: text,
        actor: text,
        runUrl: NO_LINKS.includes(text) ? text : `https://ci.example/${index}`,
      };
      const { lease } = await locks.acquire({ environment: name(index), holder, reason: text, requestId: `${index}` });
      await locks.renew({ leaseId: lease?.id ?? "", facts: { version: text.slice(0, 200) } });
      await locks.acquire({ environment: name(index), holder, reason: text, requestId: `${index} waits` });
    }
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    await server?.[Symbol.asyncDispose]();
  });

  test("stays text in every view: no element, no script and no address comes of it", async () => {
    const all = [...TEXTS, ...NO_LINKS];
    expect(all.length).toBeGreaterThanOrEqual(50);
    await using page = await visit(browser, server, "#/?columns=holder,reason,facts,next", { height: 4_000 });
    for (const [index, text] of all.entries()) {
      const row = page.locator("tr", { has: page.getByRole("link", { name: name(index), exact: true }) });
      expect(await row.locator(".reason").textContent()).toBe(text);
      expect(await row.locator(".holder .one").textContent()).toBe(text);
    }
    const links = await page.locator("main a.out").evaluateAll((found) => found.map((link) => link.getAttribute("href") ?? ""));
    expect(links.length).toBe(2 * TEXTS.length);
    for (const link of links) expect(link).toMatch(/^https:\/\/ci\.example\/\d+$/);
    for (const view of ["#/attention", "#/history", "#/history?show=use"]) {
      await page.goto(`${server.url}/${view}`);
      await page.locator("main tbody tr").first().waitFor({ state: "attached" });
      const elements = await page
        .locator("script, img, iframe, style, base, form[action], h1")
        .evaluateAll((found) => found.map(({ outerHTML }) => outerHTML));
      // Its own script and its heading.
      expect(elements.filter((html) => !/^<h1/.test(html))).toEqual([
        expect.stringMatching(/^<script type="module" src="_page\/page-[0-9a-f]+\.js">/),
      ]);
      expect(elements.filter((html) => /pwned/.test(html))).toEqual([]);
    }
    expect(await page.evaluate("globalThis.ran")).toBeUndefined();
    expect(wrongs.get(page)).toEqual([]);
  });

  test("stays text in each environment's view and in the dialogs, which name who is meant", async () => {
    const all = [...TEXTS, ...NO_LINKS];
    await using page = await visit(browser, server);
    for (const [index, text] of all.entries()) {
      await page.goto(`${server.url}/#/env/${name(index)}`);
      const force = page.getByRole("row").getByRole("button", { name: "Force-release…" });
      await force.first().click();
      const dialog = page.getByRole("dialog");
      await dialog.waitFor();
      expect(await dialog.textContent()).toContain(text);
      await page.keyboard.press("Escape");
      await dialog.waitFor({ state: "hidden" });
      await page.getByRole("button", { name: "Mark broken…" }).click();
      await dialog.waitFor();
      expect(await dialog.textContent()).toContain(text);
      await page.keyboard.press("Escape");
      await dialog.waitFor({ state: "hidden" });
      const made = await page
        .locator("main, dialog")
        .evaluateAll((found) =>
          found
            .flatMap((one) => [...one.querySelectorAll("script, img, iframe, style, base, meta, form[action], math, template")])
            .map((one) => one.outerHTML),
        );
      expect(made).toEqual([]);
      for (const href of await page.locator("main a[target]").evaluateAll((links) => links.map((link) => link.getAttribute("href"))))
        expect(href).toMatch(/^https:\/\/(good|ci)\.example(\/\d+)?$/);
    }
    expect(await page.evaluate("globalThis.ran")).toBeUndefined();
    expect(wrongs.get(page)).toEqual([]);
  });

  test("an address of the page itself, however mistyped, leads to a view and nowhere else", async () => {
    await using page = await visit(browser, server);
    for (const view of [
      "#/env/%E0%A4%A",
      `#/env/<img src=x onerror=${RAN}>`,
      "#/env/../../etc",
      "#javascript:alert(1)",
      "#/history?at=never&by=nothing&days=x",
      "#/?sort=nothing&columns=,,&state=none",
    ]) {
      await page.goto(`${server.url}/${view}`);
      await page.locator("main h1").waitFor();
    }
    expect(await page.evaluate("globalThis.ran")).toBeUndefined();
    expect(wrongs.get(page)?.filter((wrong) => !/404|400|Failed to load/.test(wrong))).toEqual([]);
  });
});
