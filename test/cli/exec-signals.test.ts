// Whoever asks a command to end, and however rudely: nothing of it outlives the lease.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EndReason } from "../../gen/ts/callme/v1/types_pb.ts";
import { Server } from "../outside/server.ts";
import { BIN } from "../packed.ts";
import { ended, runs, until, Wrapped } from "./wrapped.ts";

let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server[Symbol.asyncDispose]());

describe.concurrent("exec", () => {
  test.each([
    ["SIGINT", "got INT", 130],
    ["SIGTERM", "got TERM", 143],
    ["SIGHUP", "got HUP", 129],
  ] as const)("%s reaches the command as it is, and the lease is given back after it", async (signal, words, code) => {
    await using talkative = await Wrapped.start(server, `signal-${signal}`, { script: "talkative" });
    talkative.signal(signal);
    await talkative.says(words);
    await using obedient = await Wrapped.start(server, `end-${signal}`);
    obedient.signal(signal);
    expect(await obedient.end).toEqual({ code, signal: null });
    expect(obedient.alive).toBe(false);
    expect((await ended(server, obedient.leaseId)).reason).toBe(EndReason.RELEASED);
  });

  test.each([
    ["SIGUSR1", "", [process.execPath]],
    ["SIGUSR2", "", [process.execPath]],
    ["SIGUSR2", ", through the launcher", [process.execPath, path.resolve("scripts/launch.js")]],
  ] as const)("%s is told to the command, and ends nothing%s", async (signal, through, launcher) => {
    await using wrapped = await Wrapped.start(server, `told-${signal}${through.length}`, { script: "talkative", launcher });
    wrapped.signal(signal);
    await wrapped.says(`got ${signal.slice("SIG".length)}`);
    expect(wrapped.processes.filter(runs)).toEqual(wrapped.processes);
    expect(wrapped.stderr).not.toContain("Debugger");
    for (const pid of wrapped.processes) process.kill(pid, "SIGKILL");
    expect((await ended(server, wrapped.leaseId)).reason).toBe(EndReason.RELEASED);
  });

  test("each further signal is sharper: SIGTERM, then SIGKILL", async () => {
    await using wrapped = await Wrapped.start(server, "sharper", { script: "talkative" });
    wrapped.signal("SIGINT");
    await wrapped.says("got INT");
    wrapped.signal("SIGHUP");
    await wrapped.says("got TERM");
    wrapped.signal("SIGTERM");
    expect(await wrapped.end).toEqual({ code: 137, signal: null });
    expect(wrapped.alive).toBe(false);
    expect((await ended(server, wrapped.leaseId)).reason).toBe(EndReason.RELEASED);
  });

  test("a command that takes no notice of a signal is killed after its grace, and then the lease is given back", async () => {
    await using wrapped = await Wrapped.start(server, "stubborn", { script: "stubborn" });
    wrapped.signal("SIGTERM");
    expect(await wrapped.end).toEqual({ code: 137, signal: null });
    expect(wrapped.alive).toBe(false);
    expect((await ended(server, wrapped.leaseId)).reason).toBe(EndReason.RELEASED);
  });

  test("nothing that the command leaves behind outlives the lease", async () => {
    await using wrapped = await Wrapped.start(server, "leftover");
    const [command = 0] = wrapped.processes;
    process.kill(command, "SIGKILL");
    const end = await ended(server, wrapped.leaseId);
    expect(wrapped.alive).toBe(false);
    expect(end).toMatchObject({ reason: EndReason.RELEASED, note: "exit code 137" });
    expect(await wrapped.end).toEqual({ code: 137, signal: null });
  });

  test("a wrapper that is killed takes the command and its child with it", async () => {
    await using wrapped = await Wrapped.start(server, "killed", { options: ["--ttl", "3s"] });
    wrapped.signal("SIGKILL");
    expect((await ended(server, wrapped.leaseId)).reason).toBe(EndReason.EXPIRED);
    expect(wrapped.alive).toBe(false);
  });

  test("also when its guard was killed first", async () => {
    await using wrapped = await Wrapped.start(server, "unguarded", { options: ["--ttl", "3s"] });
    const guards = () =>
      readFileSync(`/proc/${wrapped.pid}/task/${wrapped.pid}/children`, "utf8")
        .trim()
        .split(" ")
        .map(Number)
        .filter((pid) => !wrapped.processes.includes(pid) && runs(pid))
        // Until it leads a group of its own, what is sent to ours hits it, too.
        .filter((pid) => readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[2] === String(pid));
    const [first = 0] = guards();
    process.kill(first, "SIGKILL");
    await until(() => guards().some((pid) => pid !== first));
    wrapped.signalGroup("SIGKILL");
    expect((await ended(server, wrapped.leaseId)).reason).toBe(EndReason.EXPIRED);
    expect(wrapped.alive).toBe(false);
  });

  test("through the launcher: signals, exit status, and the launcher's own death", async () => {
    const launcher = [process.execPath, path.resolve("scripts/launch.js")];
    await using wrapped = await Wrapped.start(server, "launched", { launcher });
    wrapped.signal("SIGINT");
    expect(await wrapped.end).toEqual({ code: 130, signal: null });
    await using quit = await Wrapped.start(server, "launched", { launcher });
    quit.signal("SIGQUIT");
    expect(await quit.end).toEqual({ code: 131, signal: null });
    await using killed = await Wrapped.start(server, "launched", { launcher, options: ["--ttl", "3s"] });
    killed.signal("SIGKILL");
    expect((await ended(server, killed.leaseId)).reason).toBe(EndReason.EXPIRED);
    expect(killed.alive).toBe(false);
  });

  test("through the launcher: a script that ends leaves it running in the background, the shell of npm that ends stops it", async () => {
    const script = '"$@" <&0 & read -r line';
    const launcher = ["sh", "-c", script, "sh", process.execPath, path.resolve("scripts/launch.js")];
    const endOfShell = async (wrapped: Wrapped) => {
      wrapped.closeStdin();
      await wrapped.end;
    };
    await using left = await Wrapped.start(server, "left-alone", { launcher });
    await endOfShell(left);
    // Begun only now: when it stops, the first one has looked for its parent, too.
    await using stopped = await Wrapped.start(server, "stopped", { launcher, env: { npm_lifecycle_script: script } });
    await endOfShell(stopped);
    expect((await ended(server, stopped.leaseId)).reason).toBe(EndReason.RELEASED);
    expect(left.alive).toBe(true);
    for (const pid of left.processes) process.kill(pid);
    expect((await ended(server, left.leaseId)).reason).toBe(EndReason.RELEASED);
  });
});

test.skipIf(spawnSync("script", ["--version"]).error !== undefined)("on a terminal Ctrl-C and the keyboard are the command's", async () => {
  const command = `trap 'echo got INT' INT; echo ready; until read -r line; do :; done; echo got $line`;
  const words = [process.execPath, BIN, "exec", "terminal", "--", "sh", "-c", command].map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  const env = { PATH: process.env["PATH"], CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key };
  const terminal = spawn("script", ["-qefc", `exec ${words.join(" ")}`, "/dev/null"], { env, stdio: ["pipe", "pipe", "inherit"] });
  let screen = "";
  terminal.stdout.on("data", (chunk) => {
    screen += chunk;
    if (screen.endsWith("ready\r\n")) terminal.stdin.write("\x03");
    if (screen.endsWith("got INT\r\n")) terminal.stdin.write("typed\n");
  });
  const [code] = await once(terminal, "exit");
  expect(screen).toContain("got typed");
  expect(code).toBe(0);
});
