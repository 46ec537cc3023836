// A job on GitHub's runner, for the tests of the action.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { Never, until } from "../cli/wrapped.ts";
import type { Address } from "../outside/clients.ts";
import { parse } from "./pages.ts";
import type { Parsed } from "./play.ts";
import { defaultsOf } from "./workflow.ts";

const FOLDER = path.resolve("integrations/github");
const ACTION = path.join(FOLDER, "index.js");
/** What action.yml says. */
export const [action] = parse(readFileSync(path.join(FOLDER, "action.yml"), "utf8")) as Parsed[];
const DEFAULTS = defaultsOf(action);

/** How a step has ended, with all of its log. */
export interface Ended {
  readonly code: number | null;
  readonly log: string;
}

/** A job on a runner, with the folders and files that steps share. */
export class Job implements Disposable {
  readonly folder = mkdtempSync(path.join(os.tmpdir(), "call-me-runner-"));
  readonly #server: Address;
  readonly files = { OUTPUT: "", STATE: "", ENV: "", PATH: "" };

  readonly #env: Readonly<Record<string, string>>;

  /** `env`: what the runner tells each step besides. */
  constructor(server: Address, env: Readonly<Record<string, string>> = {}) {
    this.#server = server;
    this.#env = env;
  }

  /** Starts the action's step. `worker`: what starts it; the tests' own process unless given. */
  step(inputs: Readonly<Record<string, string>>, worker: readonly string[] = []): ChildProcess {
    for (const name of Object.keys(this.files) as (keyof typeof this.files)[]) {
      this.files[name] = path.join(this.folder, `${name}-${Math.random()}`);
      writeFileSync(this.files[name], "");
    }
    const all = { ...DEFAULTS, url: this.#server.url, "api-key": this.#server.key, ...inputs };
    return this.#start(Object.fromEntries(Object.entries(all).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])), worker);
  }

  /** Runs the post step to its end. */
  async post(): Promise<Ended> {
    const saved = Object.entries(this.read("STATE")).map(([name, value]) => [`STATE_${name}`, value]);
    return await finish(this.#start(Object.fromEntries(saved), []));
  }

  /** What the steps have written to a file of the runner's. */
  read(file: keyof typeof this.files): Record<string, string> {
    const lines = readFileSync(this.files[file], "utf8").split("\n").filter(Boolean);
    return Object.fromEntries(lines.map((line) => line.split(/=(.*)/s)));
  }

  get leaseId(): string {
    return this.read("OUTPUT")["lease-id"] ?? "";
  }

  #start(more: Readonly<Record<string, string>>, worker: readonly string[]): ChildProcess {
    const files = Object.entries(this.files).map(([name, file]) => [`GITHUB_${name}`, file]);
    const [file = "", ...args] = [...worker, process.execPath, ACTION];
    return spawn(file, args, {
      cwd: this.folder,
      env: {
        PATH: process.env["PATH"],
        HOME: this.folder,
        CI: "true",
        GITHUB_ACTIONS: "true",
        GITHUB_SERVER_URL: "https://github.com",
        GITHUB_REPOSITORY: "shop/web",
        GITHUB_RUN_ID: "99",
        GITHUB_RUN_NUMBER: "4",
        GITHUB_JOB: "e2e",
        RUNNER_TEMP: this.folder,
        RUNNER_TRACKING_ID: "github_1",
        ...Object.fromEntries(files),
        ...this.#env,
        ...more,
      },
    });
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Waits for a step to end. */
export async function finish(child: ChildProcess): Promise<Ended> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error("started without pipes");
  const [out, words, [code]] = await Promise.all([text(stdout), text(stderr), once(child, "close")]);
  return { code, log: out + words };
}

/** Waits until the step has written it to its log. */
export async function says(child: ChildProcess, needle: string): Promise<void> {
  let seen = "";
  let closed = false;
  child.once("close", () => {
    closed = true;
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk) => {
      seen += chunk;
    });
  }
  await until(() => {
    if (seen.includes(needle)) return true;
    if (closed) throw new Never(`the step has ended without ${JSON.stringify(needle)}: ${seen}`);
    return false;
  });
}
