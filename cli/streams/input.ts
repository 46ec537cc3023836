import { type ChildProcess, spawn } from "node:child_process";
import { constants, createReadStream, fstatSync } from "node:fs";
import { Socket } from "node:net";
import { Readable } from "node:stream";
import { isatty, ReadStream } from "node:tty";
import { openedAnew } from "./outlet.ts";

/** stdin, not touched before somebody reads it: it is the command's, or the shell's whose job we are. */
export class Input extends Readable {
  readonly isTTY = isatty(0);
  #source: Readable | undefined;

  override _read(): void {
    this.#source ??= this.#open();
    this.#source.resume();
  }

  #open(): Readable {
    const source = sourceOf();
    source.on("data", (chunk) => {
      if (!this.push(chunk)) source.pause();
    });
    source.on("end", () => this.push(null));
    source.on("error", (error) => this.destroy(error));
    return source;
  }
}

function sourceOf(): Readable {
  const kind = fstatSync(0);
  const [pipe, terminal] = [kind.isFIFO(), isatty(0)];
  if (!pipe && !terminal && !kind.isSocket()) return createReadStream("", { fd: 0, autoClose: false });
  const own = openedAnew(0, constants.O_RDONLY);
  if (own === undefined) return relayed();
  return terminal ? new ReadStream(own) : new Socket({ fd: own, readable: true, writable: false });
}

/** Read by another process, which waits in our stead. It must not outlive us: what it reads is lost to everybody else. */
function relayed(): Readable {
  const child: ChildProcess = spawn("cat", { stdio: [0, "pipe", "ignore"], env: {} });
  process.once("exit", () => child.kill("SIGKILL"));
  if (child.stdout === null) throw new Error("spawned without a pipe");
  return child.stdout;
}
