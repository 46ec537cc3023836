// usage: node .ci/count.js REPORT [AGAIN]: adds up vitest's JSON report. Names what was skipped or failed, then says `N passed, N failed, N skipped`.
// AGAIN is the report of those files that failed, run once more by themselves: it stands in their place, and what failed only
// the first time is named as unsteady. With --failed alone, it says the files of REPORT that failed, a line each.
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

function say(line) {
  process.stdout.write(`${line}\n`);
}

/** A file's name as from the checkout's root. */
function local({ name }) {
  return path.relative(process.cwd(), name);
}

/** The beginning of why, on one line: of a property it has the seed that shows it again. */
function brief(why = "") {
  return why.replaceAll(/\s+/g, " ").slice(0, 300);
}

/** What failed in a file, and why; a file that could not run at all has no test that failed, and is a failure all the same. */
function failures(file) {
  const failed = file.assertionResults.filter((test) => test.status === "failed");
  if (failed.length === 0 && file.status === "failed") return [`${local(file)}: ${brief(file.message)}`];
  return failed.map(({ fullName, failureMessages = [] }) => `${local(file)}: ${fullName}: ${brief(failureMessages[0])}`);
}

function count(files, again) {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const first of files) {
    const second = again.find(({ name }) => name === first.name);
    if (second !== undefined) for (const failure of failures(first)) say(`unsteady: ${failure}`);
    const file = second ?? first;
    for (const test of file.assertionResults) {
      if (test.status === "passed") total.passed += 1;
      // Whatever has neither passed nor failed has not been run: skipped, todo, or behind a hook that failed.
      else if (test.status !== "failed") {
        total.skipped += 1;
        say(`skipped: ${local(file)}: ${test.fullName}`);
      }
    }
    for (const failure of failures(file)) {
      total.failed += 1;
      say(`failed: ${failure}`);
    }
  }
  return total;
}

const options = process.argv.slice(2);
const [report = "", again] = options.filter((option) => option !== "--failed");
const files = read(report);
if (options.includes("--failed")) {
  for (const file of files ?? []) if (failures(file).length > 0) say(local(file));
} else {
  if (files === undefined) say(`failed: there is no report in ${report}`);
  const total = count(files ?? [], read(again) ?? []);
  say(`${total.passed} passed, ${total.failed + (files === undefined ? 1 : 0)} failed, ${total.skipped} skipped`);
}
