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
  /** Absent: there is no client, but generated code and examples. */
  readonly testee?: Command;
  /** How many scenarios run at a time, unless as many as of the others: fewer where a testee takes long to start. */
  readonly width?: number;
  /** Programs of examples/ that take a free `uat`, do something, give it back and exit with 0. */
  readonly examples: Readonly<Record<string, Command>>;
}

/** Quick to start, for programs that do little. */
const JAVA = ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xlog:disable"];
const JAVA_TESTEE = "clients/java/testee/target/testee";
/** Waits for a server in vain, and ends when it has loaded what a hold needs. */
const IN_VAIN = `(echo '{"id":1,"do":"hold","environments":["uat"]}'; sleep 3) | "$0" "$@"`;

/** Runs a Python program with what the build has put together. */
function withPython(...args: string[]): Command {
  return { command: ["python3", "clients/python/dev.py", "run", ...args] };
}

function python(holds: "tasks" | "threads"): Language {
  return {
    needs: [
      { command: ["python3", "-c", "import sys; sys.exit(sys.version_info < (3, 10) and 'it is older than 3.10')"] },
      { command: ["python3", "-m", "pip", "--version"] },
    ],
    build: [{ command: ["python3", "clients/python/dev.py", "build"] }],
    testee: withPython("clients/python/testee.py", `--${holds}`),
    examples: {
      "five lines": withPython("examples/python/five_lines.py"),
      "generated code alone": withPython("examples/python/raw.py"),
    },
  };
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
  java: {
    needs: [{ command: ["java", "--version"] }, { command: ["javac", "--version"] }, { command: ["mvn", "--version"] }],
    build: [
      // Compiles the client with every warning an error, and runs its own tests. Only the first time anything has to be fetched.
      { command: ["mvn", "-q", "-B", "-f", "examples/java/pom.xml", "package"] },
      // Starting a Java program is half a second's work with its classes loaded before, and more than one without.
      {
        command: ["sh", "-c", IN_VAIN, ...JAVA, `-XX:ArchiveClassesAtExit=${JAVA_TESTEE}.jsa`, "-jar", `${JAVA_TESTEE}.jar`],
        env: { CALL_ME_URL: "http://127.0.0.1:1" },
      },
    ],
    testee: { command: [...JAVA, `-XX:SharedArchiveFile=${JAVA_TESTEE}.jsa`, "-jar", `${JAVA_TESTEE}.jar`] },
    width: 4,
    examples: {
      "five lines": { command: [...JAVA, "-jar", "examples/java/five-lines/target/five-lines.jar"] },
      "generated code alone": { command: [...JAVA, "-jar", "examples/java/raw/target/raw.jar"] },
    },
  },
  rust: {
    needs: [{ command: ["cargo", "--version"] }],
    build: [{ command: ["cargo", "build", "--quiet"], cwd: "examples/rust" }],
    examples: { "generated code alone": { command: ["examples/rust/target/debug/callme-example"] } },
  },
  python: python("tasks"),
  // The same package: its blocking half.
  "python-threads": python("threads"),
};

/**
 * Runs it to its end with our environment and more; the exit code (null: it could not be started, or was killed after `patience` ms), and
 * what it printed.
 */
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
