// node scripts/launch.js scripts/captures.ts    writes docs/terminal.md anew: what a person sees, captured from a real terminal (tmux)
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { startTeam } from "./team.ts";
import { root } from "./tools.ts";

const BIN = path.join(root, "cli", "bin.js");
const KEY = "the-key-of-the-captures";
const folder = mkdtempSync(path.join(os.tmpdir(), "call-me-captures-"));
const session = `call-me-${process.pid}`;

/** What tmux prints of a call; throws if it fails. */
function tmux(...args: string[]): string {
  const done = spawnSync("tmux", ["-L", session, ...args], { encoding: "utf8" });
  if (done.status !== 0) throw new Error(`tmux ${args[0]}: ${done.stderr}${done.error?.message ?? ""}`);
  return done.stdout;
}

/** The screen, once it shows something. */
async function screen(shows: RegExp): Promise<string> {
  for (let look = 0; look < 300; look++) {
    const now = tmux("capture-pane", "-p", "-t", session).trimEnd();
    if (shows.test(now)) return now;
    await sleep(100);
  }
  throw new Error(`the screen never showed ${shows}: ${JSON.stringify(tmux("capture-pane", "-p", "-t", session).trimEnd())}`);
}

function type(line: string): void {
  tmux("send-keys", "-t", session, "-l", line);
  tmux("send-keys", "-t", session, "Enter");
}

async function startServer(): Promise<{ url: string; stop: () => Promise<unknown> }> {
  const env = { ...process.env, PORT: "0", API_KEY: KEY, CALL_ME_BIND: "127.0.0.1", CALL_ME_STORE: `sqlite:${path.join(folder, "db")}` };
  const server = spawn(process.execPath, [BIN, "serve"], { env, stdio: ["ignore", "ignore", "pipe"] });
  const lines = createInterface(server.stderr);
  for (;;) {
    const [line] = (await once(lines, "line")) as [string];
    const url = /"url":"([^"]+)"/.exec(line)?.[1];
    if (url === undefined) continue;
    const stop = () => {
      server.kill();
      return once(server, "exit");
    };
    return { url, stop };
  }
}

/** A shell as a person has it: `call-me` on its PATH, and a `make` that takes its time. */
function openShell(url: string): void {
  const bin = path.join(folder, "bin");
  mkdirSync(bin);
  writeFileSync(path.join(bin, "call-me"), `#!/bin/sh\nexec '${process.execPath}' '${BIN}' "$@"\n`);
  writeFileSync(path.join(bin, "make"), '#!/bin/sh\nfor n in 1 2 3 4; do echo "ok $n - checkout of $n items"; sleep 1; done\n');
  for (const name of ["call-me", "make"]) chmodSync(path.join(bin, name), 0o755);
  tmux("-f", "/dev/null", "new-session", "-d", "-s", session, "-x", "110", "-y", "60", ...shell(url));
}

function shell(url: string): string[] {
  const bin = path.join(folder, "bin");
  const run = { CALL_ME_URL: url, CALL_ME_API_KEY: KEY, PATH: `${bin}:${process.env["PATH"]}`, PS1: "$ ", TERM: "xterm", HOME: folder };
  return ["env", "-i", ...Object.entries(run).map(([name, value]) => `${name}=${value}`), "bash", "--norc", "--noprofile"];
}

/** Somebody else's job, which holds uat; the lease's id. */
function otherJob(url: string): string {
  const done = spawnSync(
    process.execPath,
    [
      BIN,
      "acquire",
      "uat",
      "--json",
      "--name",
      "shop/checkout #4711",
      "--run-url",
      "https://ci.example/runs/4711",
      "--reason",
      "acceptance",
    ],
    { encoding: "utf8", env: { ...process.env, CALL_ME_URL: url, CALL_ME_API_KEY: KEY } },
  );
  return JSON.parse(done.stdout).lease.id;
}

async function capture(url: string): Promise<Record<string, string>> {
  const release = (id: string) =>
    spawnSync(process.execPath, [BIN, "release", "--lease", id], { env: { ...process.env, CALL_ME_URL: url, CALL_ME_API_KEY: KEY } });
  const first = otherJob(url);
  type("call-me exec uat -- make test");
  const waiting = await screen(/waiting ([2-9]|\d\d) s for uat/);
  release(first);
  const handover = await screen(/ok 4[^$]*\n\$ ?$/);
  type("clear; call-me exec uat -- make test");
  await screen(/^call-me: uat is ours[^$]*ok 2/);
  tmux("send-keys", "-t", session, "C-c");
  const cancelled = await screen(/given back\n\$ ?$/);
  type("clear; call-me status");
  const status = await screen(/^STATE[^$]*\n\$ ?$/);
  return { waiting, handover, cancelled, status };
}

/** Ten jobs of three CI systems on one environment, for two minutes. */
async function captureTeam(url: string): Promise<Record<string, string>> {
  const team = startTeam({ url, key: KEY, program: [process.execPath, BIN] });
  await team.turn(1);
  type("clear; timeout -s INT 140 call-me watch uat");
  await team.turn(4);
  const look = spawnSync("tmux", ["-L", session, "new-window", "-t", session, ...shell(url)], { encoding: "utf8" });
  if (look.status !== 0) throw new Error(look.stderr);
  await sleep(4_000);
  type("clear; call-me status");
  const teamStatus = await screen(/^STATE[^$]*next is[^$]*\n\$ ?$/);
  type("clear; call-me queue uat");
  const teamQueue = await screen(/^POSITION[^$]*lease[^$]*\n\$ ?$/);
  type("exit");
  await team.done;
  const teamWatch = await screen(/free, 0\/1 used, 0 waiting/);
  tmux("send-keys", "-t", session, "C-c");
  return { teamStatus, teamQueue, teamWatch, teamLog: team.logOf(5) };
}

const page = path.join(root, "docs", "terminal.md");
const server = await startServer();
try {
  openShell(server.url);
  const captures = { ...(await capture(server.url)), ...(await captureTeam(server.url)) };
  const filled = readFileSync(page, "utf8").replaceAll(/(<!-- (\w+) -->\n```text\n).*?(```)/gs, (whole, before, name, after) =>
    captures[name] === undefined ? whole : `${before}${captures[name].replaceAll(/^\s*\n/gm, "")}\n${after}`,
  );
  writeFileSync(page, filled);
} finally {
  spawnSync("tmux", ["-L", session, "kill-server"]);
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
