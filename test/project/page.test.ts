import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { root } from "../../scripts/tools.ts";

/** In bytes. */
const MOST = 60_000;

test("all that a browser loads of the page is at most 60 kB, as it is sent", () => {
  const folder = path.join(root, "gen/page");
  const sizes = readdirSync(folder).map((name) => gzipSync(readFileSync(path.join(folder, name)), { level: 9 }).length);
  expect(sizes.length).toBeGreaterThanOrEqual(3);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(MOST);
});

test("the bundle has no source map, and no address but its own", () => {
  const code = readFileSync(path.join(root, "gen/page/page.js"), "utf8");
  expect(code).not.toMatch(/sourceMappingURL/);
  expect([...code.matchAll(/https?:\/\/[\w.]+/g)].map(([address]) => address)).toEqual(
    expect.not.arrayContaining([expect.stringMatching(/cdn|unpkg|google/)]),
  );
});
