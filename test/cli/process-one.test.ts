// `call-me exec` as process 1 of a container, whose orphans nobody reaps.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Server } from "../outside/server.ts";
import { BIN } from "../packed.ts";

const UNSHARE = ["--pid", "--fork", "--kill-child", "--mount-proc"];
const WHY_NOT =
  spawnSync("unshare", [...UNSHARE, "true"]).status === 0 ? "" : " (not run: unshare gives no process-id namespace on this machine)";

let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server[Symbol.asyncDispose]());

/** Runs a script as the command of exec, which is process 1, and tells what it printed, and the exit code. */
function inContainer(environment: string, script: string) {
  const args = [...UNSHARE, process.execPath, BIN, "exec", environment, "--", "sh", "-c", script];
  const env = { PATH: process.env["PATH"], CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key };
  const child = spawn("unshare", args, { env, stdio: ["ignore", "pipe", "ignore"] });
  const end = Promise.all([buffer(child.stdout), once(child, "exit")]);
  return { child, end: end.then(([stdout, [code]]) => ({ stdout: stdout.toString(), code })) };
}

describe.skipIf(WHY_NOT !== "")(`as process 1${WHY_NOT}`, () => {
  test("orphans that are zombies hold up nothing, and the exit code is the command's", async () => {
    const script =
      '(sleep 0 & echo); until grep -q "^State:.Z" /proc/[0-9]*/status; do :; done; (sleep 1000 &); echo "child of $PPID"; exit 5';
    expect(await inContainer("zombies", script).end).toEqual({ code: 5, stdout: "\nchild of 1\n" });
  });

  test("a signal from outside reaches the command, and what it left is stopped", async () => {
    const { child, end } = inContainer("stopped", "trap 'echo told; exit 7' TERM; sleep 1000 & echo ready; wait");
    await once(child.stdout, "data");
    const [own = ""] = spawnSync("pgrep", ["-P", `${child.pid}`], { encoding: "utf8" }).stdout.split("\n");
    process.kill(Number(own), "SIGTERM");
    expect(await end).toEqual({ code: 7, stdout: "ready\ntold\n" });
  });
});
