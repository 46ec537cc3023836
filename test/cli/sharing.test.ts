// A pipe or terminal that we share with others stays as we found it.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { clientsOf, leaseIn } from "../outside/clients.ts";
import { Server } from "../outside/server.ts";
import { BIN } from "../packed.ts";
import { Pipe } from "./plumbing.ts";
import { runs, until } from "./wrapped.ts";

let server: Server;
let busy: string;
beforeAll(async () => {
  server = await Server.start();
  busy = leaseIn(await clientsOf(server).locks.acquire({ environment: "busy" })).id;
});
afterAll(() => server[Symbol.asyncDispose]());

const settings = () => ({ PATH: process.env["PATH"], CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key });

function start(args: string[], stdio: (number | "pipe" | "ignore")[], program = [BIN]): ChildProcess {
  const child = spawn(process.execPath, [...program, ...args], { env: settings(), stdio });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  return child;
}

const JOBS: Record<string, { args: () => string[]; words: string }> = {
  "renew --while": { args: () => ["renew", "--lease", busy, "--while", `${process.pid}`], words: "keeping lease" },
  "a waiting exec": { args: () => ["exec", "busy", "--", "true"], words: "position" },
  "a waiting acquire": { args: () => ["acquire", "busy"], words: "position" },
  watch: { args: () => ["watch", "busy"], words: "1/1 used" },
  doctor: { args: () => ["doctor", "--long", "60s"], words: "reach" },
};

describe.each(Object.entries(JOBS))("%s", (_, { args, words }) => {
  test("leaves pipes as they were while it runs, and when it is killed", async () => {
    using stdin = new Pipe("reads");
    using output = new Pipe();
    const child = start(args(), [stdin.end, output.end, output.end]);
    await output.shows(words);
    expect([stdin.altered, output.altered]).toEqual([false, false]);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect([stdin.altered, output.altered]).toEqual([false, false]);
  });

  test.skipIf(process.platform !== "linux")("leaves sockets as they were", async () => {
    const child = start(args(), ["pipe", "pipe", "pipe"]);
    let said = "";
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (chunk) => {
        said += chunk;
      });
    await until(() => said.includes(words));
    const flags = spawnSync("grep", ["-h", "flags", ...[0, 1, 2].map((number) => `/proc/${child.pid}/fdinfo/${number}`)], {
      encoding: "utf8",
    });
    // 04000 would be O_NONBLOCK.
    expect(flags.stdout).toBe("flags:\t02000002\n".repeat(3));
    child.kill("SIGKILL");
  });
});

test.each([
  ["a checkout", ["cli/bin.js"]],
  ["the GitHub Action", ["integrations/github/index.js", "call-me"]],
])("the command line of %s leaves them so, too", async (_, program) => {
  using stdin = new Pipe("reads");
  using output = new Pipe();
  const child = start(["watch", "busy"], [stdin.end, output.end, output.end], program);
  await output.shows("busy");
  child.kill("SIGKILL");
  await once(child, "exit");
  expect([stdin.altered, output.altered]).toEqual([false, false]);
});

test("a waiting exec reads nothing of stdin, and its command gets all of it", async () => {
  const { locks } = clientsOf(server);
  const { id } = leaseIn(await locks.acquire({ environment: "stdin" }));
  using stdin = new Pipe("reads");
  using words = new Pipe();
  stdin.write("one\n");
  const child = start(["exec", "stdin", "--", "head", "-2"], [stdin.end, "pipe", words.end]);
  if (child.stdout === null) throw new Error("started without a pipe");
  const output = text(child.stdout);
  await words.shows("position 1");
  stdin.write("two\n");
  await locks.release({ leaseId: id });
  expect(await output).toBe("one\ntwo\n");
});

test("a key that comes by a pipe is read, and the pipe left as it was", async () => {
  using stdin = new Pipe("reads");
  const child = start(["check", "free", "--key-file", "-"], [stdin.end, "ignore", "ignore"]);
  stdin.write(`${server.key}\n`);
  stdin.close();
  expect(await once(child, "exit")).toEqual([0, null]);
  expect(stdin.altered).toBe(false);
});

test("a key that comes by a socket is read", async () => {
  const child = start(["check", "free", "--key-file", "-"], ["pipe", "ignore", "ignore"]);
  child.stdin?.end(`${server.key}\n`);
  expect(await once(child, "exit")).toEqual([0, null]);
});

const hasScript = spawnSync("script", ["--version"]).error === undefined;

/** A shell on a terminal. */
class Terminal {
  readonly #script: ChildProcess;
  screen = "";

  constructor(shell: string) {
    const env = { ...settings(), CALL_ME: `${process.execPath} ${BIN}` };
    this.#script = spawn("script", ["-qefc", shell, "/dev/null"], { env, stdio: ["pipe", "pipe", "inherit"], detached: true });
    this.#script.stdout?.on("data", (chunk) => {
      this.screen += chunk;
    });
    onTestFinished(() => {
      this.#script.kill("SIGKILL");
    });
  }

  type(keys: string): void {
    this.#script.stdin?.write(keys);
  }

  async shows(words: string): Promise<void> {
    await until(() => {
      if (this.screen.includes(words)) return true;
      throw new Error(`not on the screen: ${this.screen}`);
    });
  }
}

describe.skipIf(!hasScript)("on a terminal", () => {
  test("the end of a job in the background changes nothing of what the terminal was set to meanwhile", async () => {
    const terminal = new Terminal(
      `$CALL_ME watch busy & job=$!; read -r _; stty -icanon; kill $job; wait $job; echo ended $?; stty -a | tr ' ' '\\n' | grep icanon`,
    );
    await terminal.shows("1/1 used");
    terminal.type("\n");
    await terminal.shows("ended 143");
    await terminal.shows("\n-icanon");
  });

  test("whose output is stopped, a lost lease stops the command all the same", async () => {
    const terminal = new Terminal(
      `$CALL_ME exec stopped -- sh -c 'trap "" TERM; echo $$ $CALL_ME_LEASE_ID here; while :; do sleep 1; done'`,
    );
    await terminal.shows("here");
    const [, pid, leaseId = ""] = /(\d+) (\S+) here/.exec(terminal.screen) ?? [];
    terminal.type("\x13");
    await clientsOf(server).environments.forceRelease({ leaseId, reason: "stopped" });
    await until(() => !runs(Number(pid)));
  });
});
