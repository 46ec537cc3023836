import { type ChildProcess, spawn } from "node:child_process";
import os from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { isPopulated, signalGroup } from "../../clients/ts/src/process/group.ts";
import { Guard } from "../../clients/ts/src/process/guard.ts";
import { openGate, statusOf } from "../../clients/ts/src/process/started.ts";
import { startOf } from "./gate.ts";
import { unstartable } from "./lookup.ts";
import type { Origin } from "./origin.ts";

/** How long after SIGKILL a process may take to be gone, in ms. One that hangs in the kernel takes longer. */
const DEATH = 1_000;

/**
 * A command with its descendants: a process group (and session) of its own, on our stdin, stdout and stderr. It dies with us.
 * Being in another session it can read a terminal without being stopped for it (no SIGTTIN), and Ctrl-C reaches it through us, once.
 */
export class Child {
  /** The command's exit status, as a shell gives it: 128 + n after signal n. Rejects with a Failure, 126 or 127, if it could not be run. */
  readonly exited: Promise<number>;
  #first: ChildProcess | undefined;
  #group: number | undefined;
  readonly #guard: Guard;
  #killedAt = Number.POSITIVE_INFINITY;
  #giveUp: (status: number) => void = () => {};
  readonly #unkillable = new Promise<number>((resolve) => {
    this.#giveUp = resolve;
  });

  constructor(command: readonly string[], env: Record<string, string | undefined>, origin: Origin, say: (line: string) => void) {
    this.#guard = new Guard(say);
    const { file, args, stdio, gate } = startOf(command, env, origin);
    try {
      const child = spawn(file, args, { env, stdio, detached: process.platform !== "win32" });
      const ended = statusOf(child).catch((error: NodeJS.ErrnoException) => {
        throw unstartable(file, error.code ?? error.message);
      });
      this.exited = Promise.race([ended, this.#unkillable]);
      this.#first = child;
      this.#group = child.pid;
      if (child.pid !== undefined) this.#guard.watch(child.pid, () => gate && openGate(child, gate.descriptor, gate.words));
    } catch (error) {
      this.exited = Promise.reject(unstartable(command[0] ?? "", (error as NodeJS.ErrnoException).code ?? String(error)));
    }
  }

  /** Sends a signal to the command alone: whoever does not know it would end of it. */
  tell(signal: NodeJS.Signals): void {
    this.#first?.kill(signal);
  }

  /** Sends a signal to the whole group. */
  signal(signal: NodeJS.Signals): void {
    if (this.#group === undefined) return;
    signalGroup(this.#group, signal);
    if (signal !== "SIGKILL") return;
    this.#killedAt = Math.min(this.#killedAt, performance.now());
    setTimeout(() => this.#giveUp(128 + os.constants.signals.SIGKILL), DEATH).unref();
  }

  /** Whether a process of the group runs. */
  get runs(): boolean {
    return this.#group !== undefined && isPopulated(this.#group);
  }

  /** Waits until no process of the group runs; false if some have survived SIGKILL. */
  async gone(): Promise<boolean> {
    for (let pause = 5; this.runs && performance.now() <= this.#killedAt + DEATH; pause = Math.min(2 * pause, 100)) await sleep(pause);
    const survived = this.runs;
    // From now on the number may be some other group's.
    this.#group = undefined;
    this.#guard.dismiss();
    return !survived;
  }
}
