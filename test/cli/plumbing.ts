// What a process may have as stdin, stdout or stderr, and whose other end behaves badly.
import { type ChildProcess, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { until } from "./wrapped.ts";

/** A pipe, to be given to a process; nobody reads it but `read`. `using` closes it. */
export class Pipe implements Disposable {
  /** The end that is given away: one open file for all that have it. */
  readonly end: number;
  #near: number | undefined;
  #read = "";

  /** `into`: the process reads it; otherwise it writes. */
  constructor(into: "reads" | "writes" = "writes") {
    const folder = mkdtempSync(path.join(os.tmpdir(), "call-me-pipe-"));
    const file = path.join(folder, "pipe");
    spawnSync("mkfifo", [file]);
    // Both ends at once: otherwise each would wait for the other.
    const both = openSync(file, constants.O_RDWR);
    const [near, far] = into === "writes" ? [constants.O_RDONLY, constants.O_WRONLY] : [constants.O_WRONLY, constants.O_RDONLY];
    this.#near = openSync(file, near | constants.O_NONBLOCK);
    this.end = openSync(file, far);
    closeSync(both);
    rmSync(folder, { recursive: true });
  }

  /** One that has no room left. */
  static full(): Pipe {
    const pipe = new Pipe();
    const own = openSync(`/proc/self/fd/${pipe.end}`, constants.O_WRONLY | constants.O_NONBLOCK);
    try {
      for (;;) writeSync(own, ".".repeat(4_096));
    } catch {
      closeSync(own);
    }
    return pipe;
  }

  /** Whether a write or read on the given end would not wait, which all who share it would notice. */
  get altered(): boolean {
    const flags = /flags:\s+(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${this.end}`, "utf8"))?.[1] ?? "0";
    return (Number.parseInt(flags, 8) & constants.O_NONBLOCK) !== 0;
  }

  /** All that has come so far, from the beginning. */
  read(): string {
    const data = Buffer.alloc(65_536);
    try {
      for (let length = readSync(this.#open, data); length > 0; length = readSync(this.#open, data))
        this.#read += data.toString("utf8", 0, length);
    } catch {
      // Empty for now.
    }
    return this.#read;
  }

  /** Reads until it has been written; rejects with what was, after 30 s. */
  async shows(words: string | RegExp): Promise<string> {
    await until(() => {
      if (this.read().search(words) >= 0) return true;
      throw new Error(`not there: ${this.#read.slice(-2_000)}`);
    });
    return this.#read;
  }

  /** For a process that reads. */
  write(words: string): void {
    writeSync(this.#open, words);
  }

  /** Closes our own end. */
  close(): void {
    if (this.#near !== undefined) closeSync(this.#near);
    this.#near = undefined;
  }

  get #open(): number {
    if (this.#near === undefined) throw new Error("the pipe is closed");
    return this.#near;
  }

  [Symbol.dispose](): void {
    this.close();
    closeSync(this.end);
  }
}

/** All that a process says by its pipes, and its exit code, when it has ended. */
export async function finish(child: ChildProcess): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error("started without pipes");
  const [out, err, [code]] = await Promise.all([text(stdout), text(stderr), once(child, "close")]);
  return { code, stdout: out, stderr: err };
}
