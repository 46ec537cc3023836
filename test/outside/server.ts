// The real server as a process of its own, on SQLite in a fresh directory: what tests from outside talk to.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { BIN } from "../packed.ts";

/** The API_KEY of every server that is not given another. */
export const KEY = "the-key-of-the-tests";

/** Levels of the log: something went wrong. */
export const ERRORS: readonly string[] = ["error", "fatal"];

/** The same, and what somebody should know of. */
const WARNINGS: readonly string[] = ["warn", ...ERRORS];

const FAULTLESS = ["the process stood still", "calls with a wrong key or token were refused"];

/** A line of the server's log. */
export interface LogLine {
  readonly msg: string;
  readonly level: string;
  readonly [fact: string]: unknown;
}

/**
 * A server process; `await using` kills it and removes its directory. All of its environment is given: nothing is inherited but PATH and
 * CALL_ME_DIRECT.
 */
export class Server implements AsyncDisposable {
  readonly directory: string;
  readonly #env: Readonly<Record<string, string>>;
  #child: ChildProcess | undefined;
  #port = 0;
  /** Every line of stderr, of all its lives. */
  readonly lines: string[] = [];

  readonly #program: string;

  private constructor(directory: string, env: Readonly<Record<string, string>>, program: string) {
    this.directory = directory;
    this.#env = env;
    this.#program = program;
  }

  /**
   * Starts one and waits until it is ready. `env` adds to its environment, or overrides; `program` is the package's unless given. Rejects
   * with its stderr if it does not come up.
   */
  static async start(env: Readonly<Record<string, string>> = {}, program = BIN): Promise<Server> {
    const directory = await mkdtemp(path.join(os.tmpdir(), "call-me-outside-"));
    const server = new Server(directory, env, program);
    try {
      await server.restart();
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  get port(): number {
    return this.#port;
  }

  /** The server's address, without a slash at its end. */
  get url(): string {
    const scheme = this.#env["CALL_ME_TLS_CERT"] === undefined ? "http" : "https";
    return `${scheme}://127.0.0.1:${this.#port}`;
  }

  get key(): string {
    return this.#env["API_KEY"] ?? KEY;
  }

  /** Throws if it is not running. */
  get pid(): number {
    const { pid } = this.#running();
    if (pid === undefined) throw new Error("the server could not be spawned");
    return pid;
  }

  /** What its log complains of so far; not that a busy machine let the process stand still, nor of callers' wrong keys: these are no faults. */
  get complaints(): LogLine[] {
    return this.log.filter(({ level, msg }) => WARNINGS.includes(level) && !FAULTLESS.some((words) => msg.startsWith(words)));
  }

  /** The log so far; lines that are no JSON are left out. */
  get log(): LogLine[] {
    return this.lines.flatMap((line) => (line.startsWith("{") ? [JSON.parse(line) as LogLine] : []));
  }

  /** Starts it (again, after a stop or a kill) on the same port and store, and waits until it is ready; `env` adds or overrides this once. */
  async restart(env: Readonly<Record<string, string>> = {}): Promise<void> {
    if (this.#child !== undefined) throw new Error("the server still runs; stop() or kill9() it first");
    const child = spawn(process.execPath, [this.#program, "serve"], {
      // The channel is there so that it dies with us, whatever ends us: see cli/bin.js.
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      env: {
        PATH: process.env["PATH"],
        CALL_ME_LAUNCHER: "1",
        CALL_ME_BIND: "127.0.0.1",
        CALL_ME_STORE: `sqlite:${path.join(this.directory, "call-me.db")}`,
        API_KEY: KEY,
        // Set by `npm run test:indirect`.
        CALL_ME_DIRECT: process.env["CALL_ME_DIRECT"] ?? "on",
        ...this.#env,
        ...env,
        PORT: String(this.#port),
      },
    });
    child.channel?.unref();
    this.#child = child;
    child.once("exit", () => {
      if (this.#child === child) this.#child = undefined;
    });
    await this.#ready(child);
  }

  /** Drains it with SIGTERM; the exit code. */
  async stop(): Promise<number | null> {
    return await this.#end("SIGTERM");
  }

  /** Kills it as a power cut would, and waits until it is gone. */
  async kill9(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Sends a signal and doesn't wait: SIGSTOP and SIGCONT make it stall. */
  signal(name: NodeJS.Signals): void {
    this.#running().kill(name);
  }

  /** The exit code, or null after a signal, once it has ended. */
  async exited(): Promise<number | null> {
    return await ended(this.#running());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child !== undefined) await this.kill9();
    await rm(this.directory, { recursive: true, force: true });
  }

  async #end(name: NodeJS.Signals): Promise<number | null> {
    const child = this.#running();
    const code = ended(child);
    child.kill(name);
    return await code;
  }

  #running(): ChildProcess {
    if (this.#child === undefined) throw new Error("the server does not run");
    return this.#child;
  }

  /** Resolves at the log line that tells the port. */
  #ready(child: ChildProcess): Promise<void> {
    return new Promise((resolve, reject) => {
      if (child.stderr === null) throw new Error("spawned without a pipe");
      createInterface(child.stderr).on("line", (line) => {
        this.lines.push(line);
        const url = /"url":"([^"]+)".*"msg":"call-me is ready"/.exec(line)?.[1];
        if (url === undefined) return;
        this.#port = Number(new URL(url).port);
        resolve();
      });
      child.once("error", reject);
      child.once("close", (code) => reject(new Error(`the server ended with ${code} before it was ready:\n${this.lines.join("\n")}`)));
    });
  }
}

async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const [code] = (await once(child, "exit")) as [number | null];
  return code;
}
