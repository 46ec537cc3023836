// What the runner reads from a step, and gives to it. https://docs.github.com/actions/reference/workflow-commands-for-github-actions
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { GITHUB } from "../../cli/ci/log.ts";
import { stderr } from "../../cli/streams/own.ts";

type File = "OUTPUT" | "STATE" | "ENV" | "PATH";

/** Appends NAME=value lines to one of the runner's files. No value may have a line break in it. */
export function commandFile(file: File, values: Readonly<Record<string, string>>): void {
  const lines = Object.entries(values).map(([name, value]) => `${name}=${value}\n`);
  appendFileSync(process.env[`GITHUB_${file}`] ?? "", lines.join(""));
}

/** What this step has put out so far. */
export function outputs(): Record<string, string> {
  const lines = readFileSync(process.env["GITHUB_OUTPUT"] ?? "", "utf8").split("\n");
  return Object.fromEntries(lines.flatMap((line) => (line.includes("=") ? [line.split(/=(.*)/s) as [string, string]] : [])));
}

/** What the step saved for its post step; undefined in the step itself. */
export function stateOf(name: string): string | undefined {
  return process.env[`STATE_${name}`] || undefined;
}

/** A folder that the runner empties after the job. */
export function temporary(): string {
  return process.env["RUNNER_TEMP"] || os.tmpdir();
}

/** A line on the run's page. */
export function error(text: string): void {
  stderr.write(`${GITHUB.error(text)}\n`);
}

/** What our own calls of this file begin with; the runner's have no arguments at all. */
export const AS_COMMAND = "call-me";

/** Makes `call-me` a command of the job's later steps. */
export function putOnPath(): void {
  const folder = path.join(temporary(), "call-me-bin");
  mkdirSync(folder, { recursive: true });
  const quoted = [process.execPath, process.argv[1] ?? "", AS_COMMAND].map((text) => `'${text.replaceAll("'", "'\\''")}'`);
  writeFileSync(path.join(folder, "call-me"), `#!/bin/sh\nexec ${quoted.join(" ")} "$@"\n`, { mode: 0o755 });
  appendFileSync(process.env["GITHUB_PATH"] ?? "", `${folder}\n`);
}

/** Writes a script to a file that bash can read, and gives its path. */
export function writeScript(script: string): string {
  const file = path.join(mkdtempSync(path.join(temporary(), "call-me-run-")), "script.sh");
  writeFileSync(file, `${script}\n`);
  return file;
}
