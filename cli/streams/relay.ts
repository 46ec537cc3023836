import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { Socket } from "node:net";
import type { Descriptor, Way } from "./way.ts";

/** It has our last words still to pass on when a signal reaches the whole group. */
const CARRY = "trap '' INT TERM HUP QUIT TSTP; exec cat";
/** The same for an image without a shell. */
const CARRY_WITH_NODE = `for (const name of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGTSTP"]) process.on(name, () => {});
  const { readSync, writeSync } = require("node:fs");
  const data = Buffer.alloc(65_536);
  for (let length; (length = readSync(0, data)) > 0; ) for (let at = 0; at < length; ) at += writeSync(1, data, at, length - at);`;

/**
 * A small process that writes in our stead, and may wait for as long as the reader likes: a thread that did would keep us from ending. It
 * has an empty environment, so that who ends all processes that bear a job's variables leaves it to its end: that of our pipe to it.
 */
export class Relay implements Way {
  readonly #descriptor: Descriptor;
  readonly #failed: (error: Error) => void;
  #carrier: Carrier | undefined;

  constructor(descriptor: Descriptor, failed: (error: Error) => void) {
    this.#descriptor = descriptor;
    this.#failed = failed;
  }

  write(data: Buffer): number {
    this.#carrier ??= new Carrier(this.#descriptor, this.#failed);
    const { failure } = this.#carrier;
    if (failure === undefined) return this.#carrier.take(data);
    // Another may fare better, later.
    this.#carrier = undefined;
    throw failure;
  }

  async settled(): Promise<void> {
    const carrier = this.#carrier;
    this.#carrier = undefined;
    await carrier?.finish();
  }
}

/** One such process. */
class Carrier {
  failure: Error | undefined;
  readonly #child: ChildProcess;
  readonly #end: Promise<void>;

  constructor(descriptor: Descriptor, failed: (error: Error) => void) {
    const [file, args] = existsSync("/bin/sh") ? ["/bin/sh", ["-c", CARRY]] : [process.execPath, ["-e", CARRY_WITH_NODE]];
    const child = spawn(file, args, { stdio: ["pipe", descriptor, "ignore"], cwd: "/", env: {} });
    this.#child = child;
    this.#end = new Promise((resolve) => {
      child.once("error", resolve);
      child.once("exit", (code, signal) => resolve(code === 0 ? undefined : unwritable(signal ?? `exit code ${code}`)));
    }).then((failure) => {
      this.failure = failure instanceof Error ? failure : unwritable("its relay has ended");
      if (failure !== undefined) throw this.failure;
    });
    this.#end.catch(failed);
    child.stdin?.on("error", () => {});
    // Words keep nobody waiting.
    child.unref();
    if (child.stdin instanceof Socket) child.stdin.unref();
  }

  take(data: Buffer): number {
    const { stdin } = this.#child;
    if (stdin === null || stdin.writableLength > 0) return 0;
    stdin.write(data);
    return data.length;
  }

  async finish(): Promise<void> {
    this.#child.ref();
    this.#child.stdin?.end();
    await this.#end;
  }
}

/** What is known of it: a relay has nobody to tell more. */
function unwritable(why: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`nobody reads it (${why})`), { code: "EPIPE" });
}
