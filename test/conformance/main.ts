// npm run test:conformance [-- FLAGS OF THE SUITE]: see README.md.
import path from "node:path";
import process from "node:process";
import { prepareSuite, suiteModule } from "../../scripts/toolchains.ts";
import { type Outcome, program } from "../../scripts/tools.ts";
import { KNOWN } from "./known.ts";

/** How long the suite may take, in ms; on a quiet machine it takes half a minute. */
const PATIENCE = 600_000;

interface Tally {
  readonly passed: number;
  readonly failed: number;
  /** Of them the suite said no more than known.ts. */
  readonly known: number;
  /** The cases that failed and run once more by themselves: some are about times, which a busy machine misses. None if there are many. */
  readonly again: readonly string[];
}

/** So many cases that failed run again. */
const FEW = 5;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** The suite against our server, with the direct way or without. */
function run(suite: string, direct: string, flags: readonly string[]): Outcome {
  const known = KNOWN.flatMap(({ cases }) => cases).flatMap((name) => ["--known-failing", name]);
  const options = ["--mode", "server", "--conf", path.join(import.meta.dirname, "suite.yaml"), ...known, ...flags];
  const server = [process.execPath, path.join(import.meta.dirname, "server.ts")];
  return program(suite, [...options, "--", ...server], { env: { CALL_ME_DIRECT: direct }, patience: PATIENCE });
}

/** Counts, and prints what failed: each case with what the suite says of it. */
function judge({ ok, output }: Outcome): Tally {
  const [, passed, failed] = /^(\d+) passed, (\d+) failed$/m.exec(output) ?? [];
  const [, missed = "0"] = /^Another (\d+) could not be run/m.exec(output) ?? [];
  if (passed === undefined) {
    say(output);
    return { passed: 0, failed: 1, known: 0, again: [] };
  }
  const cases = [...output.matchAll(/^(FAILED|INFO): (\S.*?)(?: failed \(as expected\))?(?::\n((?:\t.*\n?)*)|$)/gm)];
  const strange = cases.filter(([, kind, name = "", words = ""]) => kind === "FAILED" || unexplained(name, words) !== "");
  for (const [text] of strange) say(text.trimEnd());
  const expected = cases.filter(([, kind]) => kind === "INFO").length;
  const deviant = strange.filter(([, kind]) => kind === "INFO").length;
  const total = Number(failed) + Number(missed) + deviant;
  const again = total === strange.length && total <= FEW ? strange.map(([, , name = ""]) => name) : [];
  return { passed: Number(passed), failed: total === 0 && !ok ? 1 : total, known: expected - deviant, again };
}

/** What came of a run, and of what failed there when it ran once more. */
function judged(suite: string, direct: string, flags: readonly string[]): Tally {
  const first = judge(run(suite, direct, flags));
  if (first.again.length === 0) return first;
  const { passed, failed } = judge(
    run(
      suite,
      direct,
      first.again.flatMap((name) => ["--run", name]),
    ),
  );
  if (failed > 0 || passed !== first.again.length) return first;
  for (const name of first.again) say(`unsteady: ${name}`);
  return { ...first, passed: first.passed + passed, failed: 0 };
}

/** What the suite says of a case that is known to fail beyond what known.ts has. */
function unexplained(name: string, words: string): string {
  const says = KNOWN.filter(({ cases }) => cases.some((pattern) => name.endsWith(pattern.replace("**", "")))).flatMap(({ says }) => says);
  return says.reduce((rest, sentence) => rest.replaceAll(new RegExp(sentence, "g"), ""), words).replaceAll(/[\s;]/g, "");
}

function main(): number {
  const { missing, search } = prepareSuite();
  if (missing !== undefined) {
    say(`!!! the conformance suite (${suiteModule}) is left out: ${missing}`);
    say("0 passed, 0 failed, 1 skipped");
    return 0;
  }
  const suite = path.join(...search, "connectconformance");
  const sum = { passed: 0, failed: 0 };
  for (const direct of ["on", "off"]) {
    const { passed, failed, known } = judged(suite, direct, process.argv.slice(2));
    say(`with the direct way ${direct}: ${passed} passed, ${failed} failed, ${known} otherwise on purpose`);
    sum.passed += passed;
    sum.failed += failed;
  }
  for (const { because, cases } of KNOWN) say(`on purpose: ${because} (${cases.join(", ").replaceAll("**/", "")})`);
  say(`${sum.passed} passed, ${sum.failed} failed, 0 skipped`);
  return sum.failed > 0 || sum.passed === 0 ? 1 : 0;
}

process.exitCode = main();
