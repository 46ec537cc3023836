/** The generator of load (bench/loader, in Go): a process for each contestant and operation, on a core of its own. */
import { type ChildProcessByStdio, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { createInterface, type Interface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import type { Cores } from "./machine.ts";

const root = path.resolve(import.meta.dirname, "../..");
const PROGRAM = path.join(root, "node_modules/.cache/call-me/loader");

/** How long a preparation, or what is done beyond the time of a run, may take: 1,000 stand in line before the hand-overs begin. */
const PATIENCE_S = 120;

/** See bench/loader/main.go. */
export interface Order {
  readonly system: "grpc" | "json" | "maybe" | "etcd" | "redis" | "postgres";
  readonly operation: "renew" | "check" | "pairs" | "handover";
  readonly address: string;
  readonly key?: string;
  readonly connections: number;
  readonly streams?: number;
  readonly locks?: number;
  readonly line?: number;
  readonly prefix: string;
}

/** What a run came to: times in seconds, but those of a call in ms. */
export interface Report {
  readonly calls: number;
  readonly seconds: number;
  readonly cpu: number;
  readonly p50: number;
  readonly p99: number;
}

/** Builds it; Go fetches its modules the first time. Throws if that fails. */
export function buildLoader(): void {
  mkdirSync(path.dirname(PROGRAM), { recursive: true });
  const { status, error } = spawnSync("go", ["build", "-o", PROGRAM, "."], { cwd: path.join(root, "bench/loader"), stdio: "inherit" });
  if (error !== undefined)
    throw new Error("the load is made by a Go program, and there is no `go` on the PATH: install it (https://go.dev)");
  if (status !== 0) throw new Error("bench/loader could not be built: see above");
}

/** A generator that is connected and has prepared its operation. */
export class Load implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: Interface;
  readonly #ended: Promise<unknown>;

  private constructor(order: Order, cores: Cores | undefined) {
    const [command, ...args] = [
      ...(cores === undefined ? [] : ["taskset", "--cpu-list", String(cores.load)]),
      PROGRAM,
      JSON.stringify(order),
    ];
    this.#child = spawn(command ?? PROGRAM, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#ended = once(this.#child, "exit");
    // One that has died says so on stderr, and by the end of its answers.
    this.#child.stdin.on("error", () => {});
    this.#lines = createInterface(this.#child.stdout);
  }

  /** Rejects if something of the preparation was no success. */
  static async start(order: Order, cores: Cores | undefined): Promise<Load> {
    const load = new Load(order, cores);
    await load.#answer(0);
    return load;
  }

  /** Does the operation for so long; rejects if any answer was no success. */
  async run(seconds: number): Promise<Report> {
    const answer = this.#answer(seconds);
    this.#child.stdin.write(`${seconds}\n`);
    return JSON.parse(await answer) as Report;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }

  /** The next line, after what was asked for `seconds`. */
  async #answer(seconds: number): Promise<string> {
    const patience = AbortSignal.timeout((seconds + PATIENCE_S) * 1_000);
    const found = await Promise.race([once(this.#lines, "line", { signal: patience }), this.#ended]);
    const [line] = found as [unknown];
    if (typeof line !== "string") throw new Error("the load has failed: see above");
    return line;
  }
}
