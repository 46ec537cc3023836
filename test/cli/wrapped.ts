// `call-me exec` as a process in a group of its own, as a CI system's runner starts a step.
import { type ChildProcess, spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { readFileSync } from "node:fs";
import { LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { type Address, clientsOf, leaseIn } from "../outside/clients.ts";
import { BIN } from "../packed.ts";

const DEAF = "trap '' INT TERM HUP; sleep 1000 & child=$!;";
const HELLO = 'echo "$CALL_ME_LEASE_ID $$ $child";';

/** What a command may do. Each has a child of its own, and says on stdout who the two are as soon as it is ready. */
export const SCRIPTS = {
  /** Ends at the first signal, and leaves its child alone. */
  obedient: `sleep 1000 & child=$!; ${HELLO} wait`,
  /** Ends its work when it is told to, and well. */
  tidy: `trap 'kill $child; echo tidied up; exit 0' TERM; sleep 1000 & child=$!; ${HELLO} wait`,
  /** Takes no notice of signals; neither does its child. */
  stubborn: `${DEAF} ${HELLO} wait`,
  /** Says which signal came, and goes on. */
  talkative: `${DEAF} for name in INT TERM HUP USR1 USR2; do trap "echo got $name" $name; done; ${HELLO} while kill -0 $child; do wait; done`,
  /** Takes no notice of signals, and writes to stderr as long as anybody has room. */
  noisy: `trap '' INT TERM HUP; yes >&2 & child=$!; ${HELLO} wait`,
  /** Ends with 3 when something comes on stdin, or with its end. */
  reading: `sleep 1000 & child=$!; ${HELLO} read -r line; kill $child; exit 3`,
} as const;

/** How a command line is to be started. */
export interface Start {
  readonly options?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly script?: keyof typeof SCRIPTS;
  /** What stderr is, instead of a pipe that is read. */
  readonly stderr?: number;
  /** What runs bin.js; the tests' own Node unless given. */
  readonly launcher?: readonly string[];
}

/** A command on a lease: a shell with a child. `await using` kills what is left of it. */
export class Wrapped implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #heard = new EventEmitter();
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
    { options = [], env = {}, script = "obedient", stderr, launcher = [process.execPath] }: Start,
  ) {
    const [file = "", ...args] = [...launcher, BIN, "exec", environment, ...options, "--", "sh", "-c", SCRIPTS[script]];
    this.#child = spawn(file, args, {
      detached: true,
      stdio: ["pipe", "pipe", stderr ?? "pipe"],
      env: { PATH: process.env["PATH"], HOME: process.env["HOME"], CALL_ME_URL: at.url, CALL_ME_API_KEY: at.key, ...env },
    });
    this.#child.stdout?.on("data", (chunk) => {
      this.stdout += chunk;
      this.#heard.emit("words");
    });
    this.#child.stderr?.on("data", (chunk) => {
      this.stderr += chunk;
      this.#heard.emit("words");
    });
    this.end = once(this.#child, "exit").then(([code, signal]) => ({ code, signal }));
  }

  /** Starts one and waits until the command runs. */
  static async start(at: Address, environment: string, how: Start = {}): Promise<Wrapped> {
    const wrapped = new Wrapped(at, environment, how);
    const early = wrapped.end.then(({ code }) => {
      throw new Error(`it ended with ${code} before its command ran:\n${wrapped.stderr}`);
    });
    const greeting = wrapped.#hears(() => /^(\S+) (\d+) (\d+)$/m.exec(wrapped.stdout));
    const [, leaseId = "", ...pids] = await Promise.race([greeting, early]);
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
    await this.#hears(() => this.stdout.includes(words) || this.stderr.includes(words) || null);
  }

  /** Waits until neither the command nor its child runs, and tells when that was seen, as Date.now(). */
  async dead(): Promise<number> {
    await until(() => !this.alive);
    return Date.now();
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Signals the wrapper's whole group at once, as GitLab's shell executor does. The command is in another. */
  signalGroup(name: NodeJS.Signals): void {
    process.kill(-this.pid, name);
  }

  /** Ends the command's stdin. */
  closeStdin(): void {
    this.#child.stdin?.end();
  }

  async #hears<T>(look: () => T | null): Promise<T> {
    const timeout = AbortSignal.timeout(60_000);
    for (;;) {
      const found = look();
      if (found !== null) return found;
      await once(this.#heard, "words", { signal: timeout }).catch(() => {
        throw new Error(`not heard within a minute:\n${this.stdout}\n${this.stderr}`);
      });
    }
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

/** It can never be so any more: thrown by a look of `until`, it ends the waiting at once. */
export class Never extends Error {
  override readonly name = "Never";
}

/**
 * Looks every so many ms until it is so. For what tells nobody that it has happened, such as a death in another's family. Rejects with what
 * was looked for, and what went wrong last, once a look has thrown Never, or a minute has passed: half of what a test has.
 */
export function until(look: () => boolean | Promise<boolean>, every = 5): Promise<void> {
  const timeout = AbortSignal.timeout(60_000);
  let trouble = "";
  return new Promise((resolve, reject) => {
    const timer = setInterval(async () => {
      const seen = await (async () => await look())().catch((error: Error) => error);
      trouble = seen instanceof Error ? `; ${seen.message}` : "";
      if (seen !== true && !(seen instanceof Never) && !timeout.aborted) return;
      clearInterval(timer);
      if (seen === true) resolve();
      else reject(seen instanceof Never ? seen : new Error(`it was not so within a minute: ${look}${trouble}`));
    }, every);
  });
}

/** Waits until a lease is held beyond this time, in s; rejects if it is not held any more, since nobody renews it then. */
export async function heldBeyond(at: Address, leaseId: string, time: bigint): Promise<void> {
  await until(async () => {
    const { state, endReason, expiresAt } = await leaseOf(at, leaseId);
    if (state !== LeaseState.HELD) throw new Never(`lease ${leaseId} is not renewed: state ${state}, end reason ${endReason}`);
    return (expiresAt?.seconds ?? 0n) > time;
  }, 100);
}

/** Follows a lease to its end, 45 s at most. `at`: when it ended, by the server's clock; `seen`: when we were told, as Date.now(). */
export async function ended(at: Address, leaseId: string): Promise<{ reason: number; note: string; at: number; seen: number }> {
  for await (const { lease } of clientsOf(at).locks.watchLease({ leaseId }, { timeoutMs: 45_000 })) {
    if (lease?.state !== LeaseState.ENDED) continue;
    return { reason: lease.endReason, note: lease.endNote, at: ms(lease.endedAt), seen: Date.now() };
  }
  throw new Error("the watch ended before the lease did");
}

/**
 * How far, in ms, Date.now() is ahead of the server's clock at least. The two differ: the server takes stalls out of its own, and a busy
 * machine stalls. `leaseId` is HELD.
 */
export async function aheadOf(at: Address, leaseId: string): Promise<number> {
  let ahead = Number.NEGATIVE_INFINITY;
  // The quickest answer tells it best.
  for (let call = 0; call < 5; call++) {
    const before = Date.now();
    const { expiresAt, ttlRemaining } = await leaseOf(at, leaseId);
    ahead = Math.max(ahead, before - (ms(expiresAt) - ms(ttlRemaining)));
  }
  return ahead;
}

/** A time of the server's, in ms since 1970. */
export function ms({ seconds, nanos }: { seconds: bigint; nanos: number } = { seconds: 0n, nanos: 0 }): number {
  return Number(seconds) * 1_000 + nanos / 1e6;
}

/** The ids of the leases on an environment, of those in its line, too. */
export async function leasesOn(at: Address, environment: string): Promise<string[]> {
  return (await clientsOf(at).environments.listLeases({ filter: { environment } })).leases.map(({ id }) => id);
}

/** The lease as the server has it now. */
export async function leaseOf(at: Address, leaseId: string) {
  return leaseIn(await clientsOf(at).locks.getLease({ leaseId }));
}
