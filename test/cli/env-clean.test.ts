// The command line `call-me env clean` as a process, against the real server.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EnvironmentState, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { type Clients, clientsOf, leaseIn } from "../outside/clients.ts";
import { Server } from "../outside/server.ts";
import { BIN } from "../packed.ts";
import { type } from "./terminal.ts";
import { until } from "./wrapped.ts";

const { AVAILABLE, DIRTY, CLEANING, QUARANTINED } = EnvironmentState;
const NOW = { seconds: 0n, nanos: 0 };

let server: Server;
let clients: Clients;
beforeAll(async () => {
  server = await Server.start();
  clients = clientsOf(server);
});
afterAll(() => server[Symbol.asyncDispose]());

/** A cleaner that runs a shell script. */
class Cleaner implements AsyncDisposable {
  readonly #child: ChildProcess;
  stdout = "";
  stderr = "";

  constructor(args: readonly string[], script: string) {
    this.#child = spawn(process.execPath, [BIN, "env", "clean", ...args, "--", "sh", "-c", script], {
      env: { PATH: process.env["PATH"] ?? "", CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child.stdout?.setEncoding("utf8").on("data", (data: string) => {
      this.stdout += data;
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (data: string) => {
      this.stderr += data;
    });
  }

  /** Its exit code, when it has ended. */
  async end(): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, "close");
    return this.#child.exitCode;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  says(words: string): Promise<void> {
    return until(() => {
      if (!this.stderr.includes(words)) throw new Error(`it has not said ${JSON.stringify(words)}, but: ${this.stderr}`);
      return true;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.signal("SIGKILL");
    await this.end();
  }
}

async function fleet(pool: string, names: readonly string[], config: object = {}): Promise<void> {
  const cleaned = { pool, cleaning: { required: true }, lockDelay: NOW, ...config };
  await clients.environments.applyEnvironments({ environments: names.map((name) => ({ name, ...cleaned })) });
}

async function soil(environment: string): Promise<void> {
  await clients.environments.setEnvironmentState({ environment, state: DIRTY });
}

async function comesTo(environment: string, state: EnvironmentState): Promise<void> {
  await until(async () => {
    const { environments } = await clients.locks.check({ environment });
    if (environments[0]?.state !== state) throw new Error(`${environment} is ${environments[0]?.state}: ${environments[0]?.stateReason}`);
    return true;
  });
}

/** A file that a script waits for. */
function flag(): string {
  return path.join(mkdtempSync(path.join(os.tmpdir(), "call-me-clean-")), "go");
}

describe.concurrent("env clean", () => {
  test("cleans one after the other as they become dirty, and SIGTERM ends it while it waits", async () => {
    await fleet("loop", ["loop-1", "loop-2"]);
    await using cleaner = new Cleaner(["loop"], 'echo "$CALL_ME_ENVIRONMENT $CALL_ME_LEASE_ID $CALL_ME_FENCING_TOKEN"');
    await cleaner.says("nothing of loop is dirty; waiting");
    for (const environment of ["loop-2", "loop-1"]) {
      const { id } = leaseIn(await clients.locks.acquire({ environment, requestId: `use of ${environment}` }));
      await clients.locks.release({ leaseId: id });
      await cleaner.says(`${environment} is clean`);
      await comesTo(environment, AVAILABLE);
    }
    cleaner.signal("SIGTERM");
    expect(await cleaner.end()).toBe(143);
    expect(cleaner.stdout).toMatch(/^loop-2 [0-9a-f-]{36} \d+\nloop-1 [0-9a-f-]{36} \d+\n$/);
  });

  test.each([
    ["exit 0", 0, AVAILABLE, "is clean"],
    ["exit 1", 1, DIRTY, "is dirty again: exit code 1"],
    ["exit 3", 3, QUARANTINED, "is quarantined: exit code 3"],
  ] as const)("%s, once: the exit code says how it is", async (script, code, state, words) => {
    const environment = `once-${code}`;
    await fleet(environment, [environment]);
    await soil(environment);
    await using cleaner = new Cleaner([environment, "--once", "--broken", "3"], script);
    expect(await cleaner.end()).toBe(code);
    expect(cleaner.stderr).toContain(`${environment} ${words}`);
    await comesTo(environment, state);
  });

  test("with nothing dirty, once and without waiting, it ends as not acquired", async () => {
    await fleet("idle", ["idle"]);
    await using cleaner = new Cleaner(["idle", "--once", "--wait", "0s"], "exit 0");
    expect(await cleaner.end()).toBe(4);
    expect(cleaner.stderr).toBe("call-me: nothing of idle is dirty\n");
  });

  test("one environment by its name; a name that is neither a pool nor an environment is refused", async () => {
    await fleet("rack", ["board-1", "board-2"], { labels: { tier: "uat" } });
    await soil("board-1");
    await soil("board-2");
    await using one = new Cleaner(["board-2", "--once"], "echo $CALL_ME_ENVIRONMENT");
    expect([await one.end(), one.stdout]).toEqual([0, "board-2\n"]);
    await using labelled = new Cleaner(["rack", "-l", "tier=uat", "--once"], "echo $CALL_ME_ENVIRONMENT");
    expect([await labelled.end(), labelled.stdout]).toEqual([0, "board-1\n"]);
    await using none = new Cleaner(["bord-1"], "exit 0");
    expect(await none.end()).toBe(1);
    expect(none.stderr).toContain('there is neither a pool nor an environment "bord-1"; did you mean "board-1"');
  });

  test("killed, it takes its command along, and leaves the environment dirty", async () => {
    await fleet("killed", ["killed"]);
    await soil("killed");
    await using cleaner = new Cleaner(["killed", "--ttl", "2s"], "echo on it; sleep 600");
    await until(() => {
      if (cleaner.stdout === "") throw new Error(`its command has not begun: ${cleaner.stderr}`);
      return true;
    });
    cleaner.signal("SIGKILL");
    await cleaner.end();
    await comesTo("killed", DIRTY);
  });

  test("whoever looks sees who cleans, and why it had to be", async () => {
    await fleet("seen", ["seen"]);
    const { id: leaseId } = leaseIn(await clients.locks.acquire({ environment: "seen", holder: { name: "job 7" } }));
    await clients.locks.release({ leaseId });
    await using cleaner = new Cleaner(["seen", "--name", "janitor"], "sleep 600");
    await cleaner.says("seen is ours to clean");
    const look = async (...args: string[]) => (await type(args, { CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key })).stdout;
    expect(await look("status", "seen")).toMatch(/cleaning +seen +1\/1 .*cleaned by janitor/);
    expect(await look("status", "seen")).toContain("used by job 7");
    expect(await look("env", "list", "--pool", "seen")).toMatch(/^cleaning +seen/m);
    expect(await look("check", "seen")).toMatch(/cleaning.*cleaned by janitor/s);
    // Whoever gives the environment back by its name does not mean the cleaner, of whatever name that is.
    const given = await type(["release", "seen", "--name", "janitor"], { CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key });
    expect([given.code, given.stderr]).toEqual([5, expect.stringContaining("not yours: on seen is lease")]);
    await comesTo("seen", CLEANING);
  });

  test("SIGTERM while it cleans ends the command, and leaves the environment dirty at once", async () => {
    await fleet("stopped", ["stopped"]);
    await soil("stopped");
    await using cleaner = new Cleaner(["stopped"], "sleep 600");
    await cleaner.says("stopped is ours to clean");
    await comesTo("stopped", CLEANING);
    cleaner.signal("SIGTERM");
    expect(await cleaner.end()).toBe(143);
    expect(cleaner.stderr).toContain("stopped is dirty again: exit code 143");
    await comesTo("stopped", DIRTY);
  });

  test("an environment that cannot be cleaned does not keep it from the others, and is tried again after a pause", async () => {
    await fleet("spoilt", ["spoilt-1", "spoilt-2"]);
    const go = flag();
    await soil("spoilt-1");
    await using cleaner = new Cleaner(["spoilt"], `test $CALL_ME_ENVIRONMENT = spoilt-2 || test -e ${go}`);
    await cleaner.says("spoilt-1 is dirty again");
    await soil("spoilt-2");
    await cleaner.says("spoilt-2 is clean");
    expect(cleaner.stderr.split("spoilt-1 is ours to clean").length).toBeLessThan(8);
    writeFileSync(go, "");
    await cleaner.says("spoilt-1 is clean");
  });

  test("wrong usage is told", async () => {
    for (const [args, words] of [
      [["uat", "--wait", "5s"], "--wait goes with --once"],
      [["uat", "--broken", "0"], "--broken 0: write an exit code, 1 to 255"],
    ] as const) {
      await using cleaner = new Cleaner(args, "exit 0");
      expect(await cleaner.end()).toBe(2);
      expect(cleaner.stderr).toContain(words);
    }
  });
});

test("it goes on through a restart of the server, while it waits and while it cleans", async () => {
  await fleet("restarted", ["restarted-1", "restarted-2"]);
  const go = flag();
  await using cleaner = new Cleaner(["restarted"], `until test -e ${go}; do sleep 0.1; done`);
  await cleaner.says("nothing of restarted is dirty; waiting");
  await server.kill9();
  await server.restart();
  clients = clientsOf(server);
  await soil("restarted-1");
  await cleaner.says("restarted-1 is ours to clean");
  await server.kill9();
  await server.restart();
  clients = clientsOf(server);
  writeFileSync(go, "");
  await cleaner.says("restarted-1 is clean");
  await soil("restarted-2");
  await cleaner.says("restarted-2 is clean");
  expect(leaseIn(await clients.locks.acquire({ environment: "restarted-1" })).state).toBe(LeaseState.HELD);
});
