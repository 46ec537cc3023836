// usage: node .ci/count.js REPORT [AGAIN]: adds up vitest's JSON report. Names what was skipped or failed, then says `N passed, N failed, N skipped`.
// AGAIN is the report of files that failed and ran once more by themselves: a test that passes there has passed, and is named as unsteady.
// With --again, it says the files of REPORT that are worth that, a line each: not those of a property that has found a counterexample.
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

/** The tests that failed in a file; one without a name stands for a file that could not run at all, of whose tests none failed. */
function failures({ status, message, assertionResults }) {
  const failed = assertionResults.filter((test) => test.status === "failed");
  if (failed.length === 0 && status === "failed") return [{ fullName: "", failureMessages: [message] }];
  return failed;
}

/** What is said of a test that failed. */
function told(file, { fullName, failureMessages = [] }) {
  return `${[local(file), fullName].filter(Boolean).join(": ")}: ${brief(failureMessages[0])}`;
}

/** What is true of a file: what it said first, but for the tests that failed there and passed when it ran again. */
function counted(first, second) {
  if (second === undefined) return { failed: failures(first), tests: first.assertionResults };
  const passed = new Set(second.assertionResults.filter((test) => test.status === "passed").map((test) => test.fullName));
  const isMended = ({ fullName }) => (fullName === "" ? second.status === "passed" && passed.size > 0 : passed.has(fullName));
  const [before, after] = [failures(first), failures(second)];
  const mended = before.filter(isMended);
  for (const failure of mended) say(`unsteady: ${told(first, failure)}`);
  const still = before.filter((failure) => !isMended(failure));
  const fresh = after.filter(({ fullName }) => fullName !== "" && !still.some((failure) => failure.fullName === fullName));
  const tests = mended.some(({ fullName }) => fullName === "") ? second.assertionResults : first.assertionResults;
  const hasPassed = (test) =>
    mended.some(({ fullName }) => fullName === test.fullName) && !fresh.some(({ fullName }) => fullName === test.fullName);
  return { failed: [...still, ...fresh], tests: tests.map((test) => (hasPassed(test) ? { ...test, status: "passed" } : test)) };
}

function count(files, again) {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const first of files) {
    const { failed, tests } = counted(
      first,
      again.find(({ name }) => name === first.name),
    );
    for (const test of tests) {
      if (test.status === "failed" || failed.some(({ fullName }) => fullName === test.fullName)) continue;
      if (test.status === "passed") total.passed += 1;
      else {
        // Whatever has neither passed nor failed has not been run: skipped, todo, or behind a hook that failed.
        total.skipped += 1;
        say(`skipped: ${local(first)}: ${test.fullName}`);
      }
    }
    for (const failure of failed) {
      total.failed += 1;
      say(`failed: ${told(first, failure)}`);
    }
  }
  return total;
}

const options = process.argv.slice(2);
const [report = "", again] = options.filter((option) => option !== "--again");
const files = read(report);
if (options.includes("--again")) {
  const isFinal = ({ failureMessages = [] }) => failureMessages.some((why) => /Property failed/.test(why ?? ""));
  for (const file of files ?? []) if (failures(file).length > 0 && !failures(file).some(isFinal)) say(local(file));
} else {
  if (files === undefined) say(`failed: there is no report in ${report}`);
  const total = count(files ?? [], read(again) ?? []);
  say(`${total.passed} passed, ${total.failed + (files === undefined ? 1 : 0)} failed, ${total.skipped} skipped`);
}
