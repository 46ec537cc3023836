/** Starts what is measured, each on a fresh directory. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { Server } from "../../test/outside/server.ts";
import { assemble } from "../../test/packed.ts";

/** A server that is ready. */
export interface Running extends AsyncDisposable {
  /** As the loader takes it: host:port, or a URL. */
  readonly address: string;
  readonly key?: string;
  readonly pid: number;
}

/** call-me as it is published, put together from a checkout. */
export class Package implements Disposable {
  readonly #folder: string;
  readonly #remove: () => void;
  /** Whether it knows limits that have to be raised. */
  readonly #isBounded: boolean;
  /** Of which commit it is. */
  readonly commit: string;

  constructor(checkout: string) {
    const { folder, remove } = assemble(checkout);
    this.#folder = folder;
    this.#remove = remove;
    this.#isBounded = existsSync(path.join(checkout, "src/access/limits.ts"));
    // Also when a signal ends the run.
    process.once("exit", remove);
    const git = (...args: string[]) => spawnSync("git", ["-C", checkout, ...args], { encoding: "utf8" }).stdout?.trim() ?? "";
    this.commit = `${git("rev-parse", "--short", "HEAD") || "?"}${git("status", "--porcelain") === "" ? "" : ", changed"}`;
  }

  /** Started as the container and `npm start` do; `direct`: whether the usual calls go past connect-es. */
  async start(direct: boolean): Promise<Running> {
    const rules = path.join(this.#folder, "bench-access.json");
    writeFileSync(rules, JSON.stringify(UNBOUND));
    const usual = { NODE_OPTIONS: "--max-semi-space-size=64", CALL_ME_DIRECT: direct ? "on" : "off" };
    const env = this.#isBounded ? { ...usual, CALL_ME_ACCESS: rules } : usual;
    const server = await Server.start(env, path.join(this.#folder, "cli/bin.js"));
    const { pid } = server;
    const key = await storedKey(server);
    return { address: `127.0.0.1:${server.port}`, key, pid, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
  }

  [Symbol.dispose](): void {
    process.off("exit", this.#remove);
    this.#remove();
  }
}

/** More of one key than a server lets through unless it is told to. */
const UNBOUND = {
  limits: { principal: { requests: { per_second: 1_000_000, at_once: 1_000_000 }, streams: 1_000_000, leases: 1_000_000 } },
};

/** A key as a team's pipelines have one; of a call-me that stores none, its one key. */
async function storedKey({ url, key }: Server): Promise<string> {
  const answer = await fetch(`${url}/callme.v1.AccessService/CreateKey`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": key },
    body: JSON.stringify({ label: "the benchmark", grants: [{ role: "ROLE_USE", patterns: ["*"] }] }),
  });
  if (answer.status === 404) return key;
  const { secret } = (await answer.json()) as { secret?: string };
  if (secret === undefined) throw new Error(`no key could be made: ${answer.status}`);
  return secret;
}

/** What a program says of its version. */
export function versionOf(program: string): string {
  const [, version = "?"] = /(\d+(?:\.\d+)+)/.exec(execFileSync(program, ["--version"], { encoding: "utf8" })) ?? [];
  return version;
}
