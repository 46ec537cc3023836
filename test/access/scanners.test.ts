// What docs/security.md gives to scanners for leaked keys.
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { newKeyId, newKeyText } from "../../src/access/key-text.ts";
import { hasSecret } from "../../src/access/secrets.ts";

const page = readFileSync("docs/security.md", "utf8");
const [key, token] = [...page.matchAll(/^regex = '''(.*)'''$/gm)].map(([, pattern = ""]) => new RegExp(pattern, "g")) as [RegExp, RegExp];
const keys = Array.from({ length: 200 }, () => newKeyText(newKeyId()));

test("the expressions find every key and lease_token in a text, whole, and so does the server in what it is given", () => {
  const tokens = Array.from({ length: 20 }, () => `cml_${crypto.randomUUID()}_${randomBytes(32).toString("base64url")}`);
  for (const [pattern, all] of [
    [key, keys],
    [token, tokens],
  ] as const)
    for (const one of all) {
      expect(`export KEY="${one}"; curl -H x-api-key:${one}\\n`.match(pattern)).toEqual([one, one]);
      expect(hasSecret(`see ${one}.`)).toBe(true);
    }
});

test("a text of any length and shape is judged in linear time", () => {
  const many = 300_000;
  for (const text of ["eyJ".repeat(many), `eyJ.${"eyJ".repeat(many)}`, `eyJ${"a".repeat(many)}`, `cml_${"cml".repeat(many)}`])
    expect(hasSecret(text)).toBe(false);
  for (const text of [`${"eyJ".repeat(many)}.e30.c2ln`, `eyJhbGciOi${"eyJ".repeat(many)}.e30.c2ln`, `cml_a_${"a".repeat(many)}`])
    expect(hasSecret(text)).toBe(true);
});

test("they find nothing else in the documentation, nor in a lease's id or a key's", () => {
  for (const pattern of [key, token]) {
    expect(page.match(pattern)).toBeNull();
    expect(`key:${newKeyId()} ${crypto.randomUUID()} cmk_${newKeyId()}`.match(pattern)).toBeNull();
  }
});

test("the checksum tells keys from what only looks like one", async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), "call-me-checksum-"));
  const file = path.join(folder, "checksum.mjs");
  writeFileSync(file, /```js\n(.*?)```/s.exec(page)?.[1] ?? "");
  const mistyped = keys.map((one) => one.replace(/.$/, (last) => (last === "0" ? "1" : "0")));
  const says = execFileSync(process.execPath, [file, ...keys, ...mistyped], { encoding: "utf8" })
    .trim()
    .split("\n");
  await rm(folder, { recursive: true });
  expect(says).toEqual([...keys.map(() => "a key"), ...mistyped.map(() => "no key")]);
});
