/** What .ci/run counts, of reports as vitest writes them. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { program, root } from "../../scripts/tools.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "call-me-count-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A file of the report, with its tests. */
function file(name: string, status: string, tests: Record<string, string>): object {
  const assertionResults = Object.entries(tests).map(([fullName, status]) => ({ fullName, status }));
  return { name: path.join(root, "test", name), status, assertionResults };
}

function count(testResults: object[]): string[] {
  const report = path.join(folder, "tests.json");
  writeFileSync(report, JSON.stringify({ testResults }));
  return program(process.execPath, [".ci/count.js", report]).output.split("\n");
}

test("what passed, failed and was skipped is counted over all files, and each one that was skipped is named", () => {
  const told = count([
    file("a.test.ts", "passed", { "a one": "passed", "a two": "skipped", "a three": "passed" }),
    file("b.test.ts", "failed", { "b one": "failed", "b two": "todo", "b three": "pending" }),
  ]);
  expect(told).toEqual([
    "skipped: test/a.test.ts: a two",
    "skipped: test/b.test.ts: b two",
    "skipped: test/b.test.ts: b three",
    "2 passed, 1 failed, 3 skipped",
  ]);
});

test("a file that could not run is one failure, though none of its tests failed", () => {
  expect(count([file("broken.test.ts", "failed", {})])).toEqual(["0 passed, 1 failed, 0 skipped"]);
  expect(count([file("hook.test.ts", "failed", { one: "skipped" })]).at(-1)).toBe("0 passed, 1 failed, 1 skipped");
});

test("a missing report is a failure", () => {
  const { output } = program(process.execPath, [".ci/count.js", path.join(folder, "none.json")]);
  expect(output.split("\n").at(-1)).toBe("0 passed, 1 failed, 0 skipped");
});
