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
  const assertionResults = Object.entries(tests).map(([fullName, status]) => {
    return { fullName, status, failureMessages: status === "failed" ? ["Error: 1 is not 2\n    at here"] : [] };
  });
  return { name: path.join(root, "test", name), status, message: status === "failed" ? "a hook failed\nthere" : "", assertionResults };
}

/** What is said of a report, and of the one of what ran again. */
function count(testResults: object[], again?: object[], ...flags: string[]): string[] {
  const reports = [testResults, ...(again === undefined ? [] : [again])].map((testResults, index) => {
    const report = path.join(folder, `tests-${index}.json`);
    writeFileSync(report, JSON.stringify({ testResults }));
    return report;
  });
  return program(process.execPath, [".ci/count.js", ...flags, ...reports]).output.split("\n");
}

test("what passed, failed and was skipped is counted over all files, and each one that was skipped or failed is named", () => {
  const told = count([
    file("a.test.ts", "passed", { "a one": "passed", "a two": "skipped", "a three": "passed" }),
    file("b.test.ts", "failed", { "b one": "failed", "b two": "todo", "b three": "pending" }),
  ]);
  expect(told).toEqual([
    "skipped: test/a.test.ts: a two",
    "skipped: test/b.test.ts: b two",
    "skipped: test/b.test.ts: b three",
    "failed: test/b.test.ts: b one: Error: 1 is not 2 at here",
    "2 passed, 1 failed, 3 skipped",
  ]);
});

test("a file that could not run is one failure, though none of its tests failed", () => {
  expect(count([file("broken.test.ts", "failed", {})])).toEqual([
    "failed: test/broken.test.ts: a hook failed there",
    "0 passed, 1 failed, 0 skipped",
  ]);
  expect(count([file("hook.test.ts", "failed", { one: "skipped" })]).at(-1)).toBe("0 passed, 1 failed, 1 skipped");
});

test("a missing report is a failure", () => {
  const { output } = program(process.execPath, [".ci/count.js", path.join(folder, "none.json")]);
  expect(output.split("\n").at(-1)).toBe("0 passed, 1 failed, 0 skipped");
});

test("what passes when it runs again has passed, and is named as unsteady; what fails again, or does not run, has failed", () => {
  const good = file("a.test.ts", "passed", { one: "passed", two: "skipped" });
  const bad = file("b.test.ts", "failed", { three: "failed", four: "passed", five: "failed", six: "failed" });
  const again = file("b.test.ts", "failed", { three: "passed", four: "failed", five: "failed", six: "skipped" });
  expect(count([good, bad], undefined, "--again")).toEqual(["test/b.test.ts"]);
  expect(count([good, bad], [again])).toEqual([
    "skipped: test/a.test.ts: two",
    "unsteady: test/b.test.ts: three: Error: 1 is not 2 at here",
    "failed: test/b.test.ts: five: Error: 1 is not 2 at here",
    "failed: test/b.test.ts: six: Error: 1 is not 2 at here",
    "failed: test/b.test.ts: four: Error: 1 is not 2 at here",
    "2 passed, 3 failed, 1 skipped",
  ]);
});

test("a file that could not run has passed if all of it does when it runs again, and only if something does", () => {
  const broken = file("broken.test.ts", "failed", { one: "skipped" });
  const told = "test/broken.test.ts: a hook failed there";
  expect(count([broken], [file("broken.test.ts", "passed", { one: "passed" })])).toEqual([
    `unsteady: ${told}`,
    "1 passed, 0 failed, 0 skipped",
  ]);
  for (const tests of [{}, { one: "skipped" }])
    expect(count([broken], [file("broken.test.ts", "passed", tests)])).toContain(`failed: ${told}`);
});

test("what a property has found is not run again: the next run would try other values", () => {
  const found = { fullName: "holds", status: "failed", failureMessages: ["Error: Property failed after 3 tests\n{ seed: 7 }"] };
  const property = { ...file("c.test.ts", "failed", {}), assertionResults: [found] };
  expect(count([property], undefined, "--again")).toEqual([""]);
  expect(count([property])).toEqual([
    "failed: test/c.test.ts: holds: Error: Property failed after 3 tests { seed: 7 }",
    "0 passed, 1 failed, 0 skipped",
  ]);
});
