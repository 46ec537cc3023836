// `call-me exec` as a process in a group of its own, as a CI system's runner starts a step.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import path from "node:path";
import { LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { type Address, clientsOf, leaseIn } from "../outside/clients.ts";
import { eventually } from "../outside/eventually.ts";

/** The command line. */
export const BIN = path.resolve("cli/bin.js");

/** What a command may do after it has said who it is. Each has a child of its own, and reads stdin to its end. */
export const SCRIPTS = {
  /** Ends at the first signal, and leaves its child alone. */
  obedient: "wait",
  /** Takes no notice of signals; neither does its child. */
  stubborn: "wait",
  /** Says which signal came, and goes on. */
  talkative: 'for name in INT TERM HUP; do trap "echo got $name" $name; done; while kill -0 $child; do wait; done',
  /** Ends with 3 when something comes on stdin, or with its end. */
  reading: "read -r line; kill $child; exit 3",
} as const;

/** How a command line is to be started. */
export interface Start {
  readonly options?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly script?: keyof typeof SCRIPTS;
  /** What runs bin.js; the tests' own Node unless given. */
  readonly launcher?: readonly string[];
}

/** A command on a lease: a shell with a child. `await using` kills what is left of it. */
export class Wrapped implements AsyncDisposable {
  readonly #child: ChildProcess;
  /** The exit code, or null and the signal. */
  readonly end: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  stdout = "";
  stderr = "";
  leaseId = "";
  /** The command and its child. */
  processes: readonly number[] = [];

  private constructor(
    at: Address,
    environment: string,
    { options = [], env = {}, script = "obedient", launcher = [process.execPath] }: Start,
  ) {
    const before = script === "stubborn" || script === "talkative" ? "trap '' INT TERM HUP;" : "";
    const command = `${before} sleep 1000 & child=$!; echo "$CALL_ME_LEASE_ID $$ $child"; ${SCRIPTS[script]}`;
    const [file = "", ...args] = [...launcher, BIN, "exec", environment, ...options, "--", "sh", "-c", command];
    this.#child = spawn(file, args, {
      detached: true,
      env: { PATH: process.env["PATH"], HOME: process.env["HOME"], CALL_ME_URL: at.url, CALL_ME_API_KEY: at.key, ...env },
    });
    this.#child.stdout?.on("data", (chunk) => {
      this.stdout += chunk;
    });
    this.#child.stderr?.on("data", (chunk) => {
      this.stderr += chunk;
    });
    this.end = once(this.#child, "exit").then(([code, signal]) => ({ code, signal }));
  }

  /** Starts one and waits until the command runs. */
  static async start(at: Address, environment: string, how: Start = {}): Promise<Wrapped> {
    const wrapped = new Wrapped(at, environment, how);
    const [, leaseId = "", ...pids] = await eventually(() => /^(\S+) (\d+) (\d+)$/m.exec(wrapped.stdout) ?? undefined, 30_000);
    wrapped.leaseId = leaseId;
    wrapped.processes = pids.map(Number);
    return wrapped;
  }

  /** The wrapper's own process id. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Whether the command or its child still runs. */
  get alive(): boolean {
    return this.processes.some(runs);
  }

  /** Waits until the wrapper has said it, on stderr, or the command, on stdout. */
  async says(words: string): Promise<void> {
    await eventually(() => this.stdout.includes(words) || this.stderr.includes(words), 30_000);
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Kills the wrapper's whole group at once, as GitLab's shell executor does. The command is in another. */
  killGroup(): void {
    process.kill(-this.pid, "SIGKILL");
  }

  /** Ends the command's stdin. */
  closeStdin(): void {
    this.#child.stdin?.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill("SIGKILL");
    for (const pid of this.processes.filter(runs)) process.kill(pid, "SIGKILL");
    await this.end;
  }
}

/** Whether a process runs: one that is dead and not yet reaped does not. */
export function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    if (process.platform !== "linux") return true;
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** Follows a lease to its end. */
export async function ended(at: Address, leaseId: string): Promise<{ reason: number; note: string; at: number }> {
  for await (const { lease } of clientsOf(at).locks.watchLease({ leaseId })) {
    if (lease?.state !== LeaseState.ENDED) continue;
    const { seconds, nanos } = lease.endedAt ?? { seconds: 0n, nanos: 0 };
    return { reason: lease.endReason, note: lease.endNote, at: Number(seconds) * 1_000 + nanos / 1e6 };
  }
  throw new Error("the watch ended before the lease did");
}

/** The lease as the server has it now. */
export async function leaseOf(at: Address, leaseId: string) {
  return leaseIn(await clientsOf(at).locks.getLease({ leaseId }));
}
