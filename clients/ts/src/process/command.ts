import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { isPopulated, signalGroup } from "./group.ts";
import { Guard } from "./guard.ts";
import { openGate, statusOf } from "./started.ts";

/** Waits to be told that the guard knows its group, and becomes the command. If we die before that, nothing is run at all. */
const GATE = 'read -r go <&3 && exec 3<&- && exec "$@"';
const WINDOWS = process.platform === "win32";
const ENDING = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** From SIGTERM to SIGKILL, and how long after that a process may take to be gone, in ms. */
const GRACE = 3_000;
const DEATH = 1_000;

export interface CommandOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string | undefined;
  readonly stdio?: "inherit" | "ignore" | undefined;
}

/**
 * Runs a command in a process group, and session, of its own, and answers with its exit code, as a shell gives it, when all of the group has
 * ended. On abort, on SIGINT, SIGTERM and SIGHUP to us, and for what it leaves behind: SIGTERM, after 3 s SIGKILL, and at `killAt` (of
 * performance.now) if that comes first. It is killed with us. Rejects with the reason of the signal, or if it could not be started.
 */
export async function runCommand(
  command: readonly string[],
  { env, cwd, stdio = "inherit" }: CommandOptions,
  { signal, killAt }: { signal: AbortSignal; killAt: () => number },
): Promise<number> {
  signal.throwIfAborted();
  const guard = new Guard((line) => process.emitWarning(line, "call-me"));
  let group = 0;
  let deadline = Number.POSITIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  const stop = () => {
    if (deadline < Number.POSITIVE_INFINITY) return;
    deadline = Math.min(performance.now() + GRACE, killAt());
    signalGroup(group, "SIGTERM");
    timer = setTimeout(() => signalGroup(group, "SIGKILL"), deadline - performance.now());
  };
  try {
    const child = start(command, { env, cwd, stdio });
    const exited = statusOf(child);
    if (child.pid !== undefined) {
      group = child.pid;
      guard.watch(group, () => openGate(child, 3, "go\n"));
      signal.addEventListener("abort", stop);
      for (const name of ENDING) process.on(name, stop);
    }
    const status = await exited;
    // What it has left behind.
    if (isPopulated(group)) stop();
    while (isPopulated(group) && performance.now() < deadline + DEATH) await sleep(10);
    signal.throwIfAborted();
    return status;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    for (const name of ENDING) process.off(name, stop);
    guard.dismiss();
  }
}

function start([file = "", ...args]: readonly string[], { env, cwd, stdio = "inherit" }: CommandOptions): ChildProcess {
  // A shell hands on only variables that it could name itself: then the command starts at once.
  const gated = !WINDOWS && existsSync("/bin/sh") && Object.keys(env).every((name) => /^[A-Za-z_]\w*$/.test(name));
  const streams: StdioOptions = gated ? [stdio, stdio, stdio, "pipe"] : stdio;
  const [program, line] = gated ? ["/bin/sh", ["-c", GATE, "call-me", file, ...args]] : [file, args];
  return spawn(program, line, { env, cwd, stdio: streams, detached: !WINDOWS });
}
