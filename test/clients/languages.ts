// The languages that have a client. A new one is one entry here, and a testee: see README.md.
import { spawn } from "node:child_process";
import path from "node:path";
import process from "node:process";
import { root } from "../../scripts/tools.ts";

/** A command, where it runs, and what is added to its environment. */
export interface Command {
  readonly command: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Language {
  /** The toolchain is there if all of these succeed. */
  readonly needs: readonly Command[];
  /** Run one after the other, before all else. */
  readonly build: readonly Command[];
  readonly testee: Command;
  /** Programs of examples/ that take a free `uat`, do something, give it back and exit with 0. */
  readonly examples: Readonly<Record<string, Command>>;
}

/** All of them, by the names of their folders under clients/. */
export const LANGUAGES: Readonly<Record<string, Language>> = {
  ts: {
    needs: [],
    build: [{ command: [process.execPath, "clients/ts/build.js", "--link"] }],
    testee: { command: [process.execPath, "clients/ts/testee.ts"] },
    examples: {
      "five lines": { command: [process.execPath, "examples/ts/five-lines.ts"] },
      "generated code alone": { command: [process.execPath, "examples/ts/raw.ts"] },
    },
  },
  go: {
    needs: [{ command: ["go", "version"] }],
    build: [
      { command: ["sh", "-c", 'out=$(gofmt -l clients/go examples/go) && echo "$out" && test -z "$out"'] },
      { command: ["go", "vet", "./..."], cwd: "clients/go" },
      { command: ["go", "test", "./..."], cwd: "clients/go" },
      { command: ["go", "build", "-o", "dist/testee", "."], cwd: "clients/go/testee" },
      { command: ["go", "build", "-o", "dist/", "./..."], cwd: "examples/go" },
    ],
    testee: { command: ["clients/go/testee/dist/testee"] },
    examples: {
      "five lines": { command: ["examples/go/dist/five-lines", "echo", "on uat"] },
      "generated code and connect-go alone": { command: ["examples/go/dist/connect"] },
      "generated code and grpc-go alone": { command: ["examples/go/dist/grpc"] },
    },
  },
};

/** Runs it to its end with our environment and more; the exit code (null: it could not be started, or was killed after `patience` ms), and what it printed. */
export async function run(
  { command: [file = "", ...args], cwd = ".", env }: Command,
  { more = {}, patience }: { more?: Readonly<Record<string, string>>; patience: number },
): Promise<{ code: number | null; output: string }> {
  return await new Promise((resolve) => {
    let output = "";
    const child = spawn(file, args, {
      cwd: path.resolve(root, cwd),
      env: { ...process.env, ...env, ...more },
      stdio: ["ignore", "pipe", "pipe"],
      signal: AbortSignal.timeout(patience),
      killSignal: "SIGKILL",
    });
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
    child.once("error", (error) => resolve({ code: null, output: `${output}\n${error.message}` }));
    child.once("close", (code) => resolve({ code, output }));
  });
}
