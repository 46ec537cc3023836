import { spawn } from "node:child_process";
import { constants, fstatSync, readSync } from "node:fs";
import { Readable } from "node:stream";
import { isatty } from "node:tty";
import { openedAnew } from "./opening.ts";

/** How soon is looked again for what has not come yet, in ms. */
const PAUSE = 20;

/** stdin, not touched before somebody reads it: it is the command's, or the shell's whose job we are. */
export class Input extends Readable {
  readonly isTTY = isatty(0);
  #source: number | Readable | undefined;
  #again: NodeJS.Timeout | undefined;

  override _read(size: number): void {
    this.#source ??= this.#open();
    if (typeof this.#source === "number") this.#look(this.#source, Buffer.alloc(size));
    else this.#source.resume();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.#again);
    done(error);
  }

  /** By looking: of a named pipe whose last writer has gone before we opened it nothing else tells. */
  #look(descriptor: number, data: Buffer): void {
    try {
      const length = readSync(descriptor, data);
      this.push(length === 0 ? null : data.subarray(0, length));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EAGAIN") this.#again = setTimeout(() => this.#look(descriptor, data), PAUSE);
      else this.destroy(error as Error);
    }
  }

  /** Files never make anybody wait. */
  #open(): number | Readable {
    const kind = fstatSync(0);
    if (!kind.isFIFO() && !kind.isSocket() && !this.isTTY) return 0;
    return openedAnew(0, constants.O_RDONLY) ?? this.#relayed();
  }

  /** Read by another process, which waits in our stead. It must not outlive us: what it reads is lost to everybody else. */
  #relayed(): Readable {
    const child = spawn("cat", { stdio: [0, "pipe", "ignore"], env: {} });
    child.on("error", (error) => this.destroy(error));
    process.once("exit", () => child.kill("SIGKILL"));
    const { stdout } = child;
    if (stdout === null) throw new Error("spawned without a pipe");
    stdout.on("data", (chunk) => {
      if (!this.push(chunk)) stdout.pause();
    });
    return stdout.on("end", () => this.push(null));
  }
}
