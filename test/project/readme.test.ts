import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { root } from "../../scripts/tools.ts";
import { LANGUAGES } from "../clients/languages.ts";

const README = readFileSync(path.join(root, "README.md"), "utf8");
const BLOCK = /^\[(examples\/.*)\]\(\1\)\n\n```\w+\n(.*?)```$/gms;
const programs = [...README.matchAll(BLOCK)].map(([, file = "", code = ""]) => ({ file, code }));

/** Every line without what its block is indented by. */
function lines(code: string): string[] {
  return code.split("\n").map((line) => line.trim());
}

test.each(programs)("the README shows $file as it is run by the clients' tests", ({ file, code }) => {
  expect(lines(readFileSync(path.join(root, file), "utf8")).join("\n")).toContain(lines(code).join("\n").trim());
  const language = file.split("/")[1] ?? "";
  expect(Object.keys(LANGUAGES[language]?.examples ?? {})).toContain("five lines");
});

test("what installs from a checkout is there, in the version that the README names", () => {
  const { version } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as { version: string };
  const rows = README.split("\n").filter((line) => line.startsWith("| `") && line.includes("clients/"));
  expect(rows).toHaveLength(4);
  for (const [, folder = ""] of rows.join().matchAll(/(clients\/\w+)/g)) expect(existsSync(path.join(root, folder))).toBe(true);
  for (const [, named] of README.matchAll(/call-me-(?:client-)?(\d\S*)\.tgz/g)) expect(named).toBe(version);
});

test("the README shows one program per client", () => {
  expect(programs.map(({ file }) => file.split("/")[1])).toEqual(["ts", "go", "python", "java"]);
});
