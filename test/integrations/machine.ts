// A machine that CI systems run steps on: what it has on its PATH, and what was done there.
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { Env } from "../cli/jobs.ts";
import { until } from "../cli/wrapped.ts";
import type { TokenEndpoint } from "../clients/token-endpoint.ts";
import type { Server } from "../outside/server.ts";
import { BIN } from "../packed.ts";

/** One call of `make`, and who held the environment meanwhile. */
export interface Made {
  readonly args: string;
  /** The key, if it was there to be seen. */
  readonly key: string;
  readonly holders: readonly { readonly leaseId: string; readonly holder: { readonly name: string; readonly runUrl?: string } }[];
}

/** A script, and how it is run: `{}` in the shell's arguments stands for a file with the script. */
export interface Script {
  readonly shell: readonly string[];
  readonly text: string;
  readonly env: Env;
  /** Kept from one script to the next; a fresh one unless given. */
  readonly directory?: string;
}

/** A runner with call-me, and with programs that only note what they are asked for. `await using` kills what runs on it and removes it. */
export class Machine implements AsyncDisposable {
  readonly server: Server;
  readonly environment: string;
  readonly #root = mkdtempSync(path.join(os.tmpdir(), "call-me-machine-"));
  /** What every process on it bears in its environment. */
  readonly mark = `MACHINE_MARK=${randomUUID()}`;
  #child: ChildProcess | undefined;
  stdout = "";
  stderr = "";

  /** Where a job gets its tokens, on a machine where it has no key. */
  readonly tokens: TokenEndpoint | undefined;

  constructor(server: Server, environment: string, tokens?: TokenEndpoint) {
    this.server = server;
    this.tokens = tokens;
    this.environment = environment;
    mkdirSync(path.join(this.#root, "bin"));
    const check = `curl -s -H 'x-api-key: ${server.key}' -H 'content-type: application/json' -d '{"environment":"${environment}"}' ${server.url}/callme.v1.LockService/Check`;
    this.program("call-me", `exec '${process.execPath}' '${BIN}' "$@"`);
    this.program("sudo", 'exec "$@"');
    this.program("npm", `[ "$1 $2 $3" = "install --global package-of-call-me" ]`);
    this.program(
      "make",
      `printf '{"args":"%s","key":"%s","check":%s}\\n' "$*" "$CALL_ME_API_KEY" "$(${check})" >> ${this.#root}/made`,
      `if [ -e ${this.#root}/wait ]; then exec sleep 1000; fi`,
    );
    const { ACTIONS_ID_TOKEN_REQUEST_URL: endpoint } = tokens?.env ?? {};
    const mint = `mint() { curl -s -G --data-urlencode "audience=$1" '${endpoint}' | sed 's/.*"value":"\\([^"]*\\)".*/\\1/'; }`;
    this.program(
      "circleci",
      mint,
      `[ "$1 $2 $3 $4" = "run oidc get --claims" ] || exit 2`,
      `mint "$(printf %s "$5" | sed 's/{"aud":"\\(.*\\)"}/\\1/')"`,
    );
    this.program(
      "buildkite-agent",
      mint,
      `case "$1 $2" in`,
      `"oidc request-token") mint "$4" ;;`,
      `"meta-data set") cat > "${this.#root}/data-$3" ;;`,
      `"meta-data get") cat "${this.#root}/data-$3" ;;`,
      `*) exit 2 ;; esac`,
    );
  }

  /** Puts a shell script on the PATH. */
  program(name: string, ...lines: string[]): void {
    writeFileSync(path.join(this.#root, "bin", name), ["#!/bin/sh", ...lines, ""].join("\n"), { mode: 0o755 });
  }

  /** From now on `make` goes on until it is stopped. */
  stall(): void {
    writeFileSync(path.join(this.#root, "wait"), "");
  }

  /** From now on `make` ends with the environment taken away from whoever holds it. */
  loses(): void {
    const env = `env -u CALL_ME_LEASE_ID -u CALL_ME_LEASE_TOKEN CALL_ME_URL=${this.server.url} CALL_ME_API_KEY=${this.server.key}`;
    this.program("make", `exec ${env} call-me force-release --environment ${this.environment} --reason drill`);
  }

  /** A fresh directory. */
  directory(): string {
    return mkdtempSync(path.join(this.#root, "work-"));
  }

  /** All of a process's environment. */
  env(more: Env): Env {
    const [name = "", value = ""] = this.mark.split("=");
    return { PATH: `${path.join(this.#root, "bin")}:${process.env["PATH"]}`, HOME: this.#root, [name]: value, ...more };
  }

  /** The process that runs now, as a CI system knows it. */
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Starts a process in a group of its own; its exit code, or null after a signal, when it has ended. */
  async spawn(file: string, args: readonly string[], env: Env, cwd = this.directory()): Promise<number | null> {
    const child = spawn(file, args, { cwd, env: this.env(env), detached: true });
    this.#child = child;
    child.stdout.on("data", (chunk) => {
      this.stdout += chunk;
    });
    child.stderr.on("data", (chunk) => {
      this.stderr += chunk;
    });
    const [code] = await once(child, "close");
    return code;
  }

  /** Types a line to the process that runs now. */
  type(line: string): void {
    this.#child?.stdin?.write(`${line}\n`);
  }

  /** Runs a script to its end; what it wrote on stdout. Throws if it fails. */
  async run({ shell, text, env, directory = this.directory() }: Script): Promise<string> {
    const file = path.join(this.#root, `script-${randomUUID()}`);
    writeFileSync(file, text);
    const [program = "", ...args] = shell.map((word) => word.replace("{}", file));
    const before = this.stdout.length;
    const code = await this.spawn(program, args, env, directory);
    if (code !== 0) throw new Error(`exit code ${code}:\n${text}\n${this.stdout}\n${this.stderr}`);
    return this.stdout.slice(before);
  }

  /** Every call of `make` so far. */
  get made(): Made[] {
    const file = path.join(this.#root, "made");
    if (!existsSync(file)) return [];
    const lines = readFileSync(file, "utf8").trim().split("\n");
    return lines.map((line) => {
      const { args, key, check } = JSON.parse(line);
      return { args, key, holders: check.environments[0]?.holders ?? [] };
    });
  }

  /** Waits until `make` has been called; the lease that was held then. */
  async making(): Promise<string> {
    await until(() => this.made.length > 0);
    return this.made[0]?.holders[0]?.leaseId ?? "";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child?.exitCode === null && this.#child.signalCode === null) process.kill(-this.pid, "SIGKILL");
    rmSync(this.#root, { recursive: true, force: true });
  }
}
