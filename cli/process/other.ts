import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Failure } from "../exit.ts";

/** How often we look, in ms. Nobody but its parent is told of a process's end. */
const EVERY = 500;

/** Another process, from now until it has ended. */
export class OtherProcess {
  readonly pid: number;
  /** When it was born, where the system tells: a later process of the same number is another one. */
  readonly #birth: string | undefined;

  private constructor(pid: number) {
    this.pid = pid;
    this.#birth = stat(pid)?.birth;
  }

  /** A usage Failure if `text` is not the id of a process that lives. */
  static of(text: string): OtherProcess {
    const pid = Number(text);
    if (!/^[1-9]\d*$/.test(text) || !runs(pid)) throw Failure.usage(`--while ${JSON.stringify(text)} is not the id of a process that runs`);
    return new OtherProcess(pid);
  }

  /** Resolves soon after it has ended, or once `interruption` has aborted. */
  async ended(interruption: AbortSignal): Promise<"ended"> {
    while (!interruption.aborted && this.#lives()) await sleep(EVERY, undefined, { signal: interruption }).catch(() => {});
    return "ended";
  }

  /** What cannot be read tells nothing: only another birth is another process. */
  #lives(): boolean {
    const told = stat(this.pid);
    return runs(this.pid, told) && (told === undefined || this.#birth === undefined || told.birth === this.#birth);
  }
}

/** EPERM: it is somebody else's, and lives. A zombie does not, though its number is still taken. */
function runs(pid: number, told = stat(pid)): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  return told?.state !== "Z";
}

/** What Linux tells of a process: `pid (name) state …`, the time of its birth as the 22nd field; the name may hold anything. */
function stat(pid: number): { state: string; birth: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0] ?? "", birth: fields[19] ?? "" };
  } catch {
    return undefined;
  }
}
