// usage: node .ci/count.js REPORT: adds up vitest's JSON report. Names what was skipped, then says `N passed, N failed, N skipped`.
import { readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";

/** The files of a report; undefined if there is none that can be read: then nobody knows what was tested. */
function read(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).testResults;
  } catch {
    return undefined;
  }
}

const [report = ""] = process.argv.slice(2);
const files = read(report);
const total = { passed: 0, failed: 0, skipped: 0 };
for (const { name, status, assertionResults } of files ?? []) {
  for (const test of assertionResults) {
    // Whatever has neither passed nor failed has not been run: skipped, todo, or behind a hook that failed.
    const outcome = test.status === "passed" || test.status === "failed" ? test.status : "skipped";
    total[outcome] += 1;
    if (outcome === "skipped") process.stdout.write(`skipped: ${path.relative(process.cwd(), name)}: ${test.fullName}\n`);
  }
  // A file that could not run at all has no test that failed, and is a failure all the same.
  if (status === "failed" && !assertionResults.some((test) => test.status === "failed")) total.failed += 1;
}
if (files === undefined) {
  process.stdout.write(`!!! there is no report in ${report}\n`);
  total.failed += 1;
}
process.stdout.write(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
