import { constants, fstatSync, openSync, writeSync } from "node:fs";
import type { Writable } from "node:stream";
import { isatty } from "node:tty";
import { Relay } from "./relay.ts";
import type { Descriptor, Way } from "./way.ts";

/**
 * The way to a descriptor; `failed` is told where it is found between two writes that nothing can be written there. Whether a write waits is
 * a flag of the open file, which we share with the command, the shell and its other jobs: a pipe or terminal is opened anew, so that the
 * flag is ours alone. Where that cannot be (a socket, another user's, no /proc) a process of its own waits in our stead.
 */
export function wayTo(descriptor: Descriptor, failed: (error: Error) => void = () => {}): Way {
  if (process.platform === "win32") return new StreamWay(NODES_OWN[descriptor](), failed);
  const kind = fstatSync(descriptor);
  if (!kind.isFIFO() && !kind.isSocket() && !isatty(descriptor)) return new Direct(descriptor);
  const own = openedAnew(descriptor, constants.O_WRONLY);
  return own === undefined ? new Relay(descriptor, failed) : new Direct(own);
}

/** The same pipe or terminal, opened for us alone, so that nothing on it waits; undefined where it cannot be. */
export function openedAnew(descriptor: number, access: number): number | undefined {
  try {
    return process.platform === "linux"
      ? openSync(`/proc/self/fd/${descriptor}`, access | constants.O_NONBLOCK | constants.O_NOCTTY)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Files never make anybody wait; of pipes and terminals it is given one that does not. */
class Direct implements Way {
  readonly #descriptor: number;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  write(data: Buffer): number {
    try {
      return writeSync(this.#descriptor, data);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EAGAIN") return 0;
      throw error;
    }
  }

  async settled(): Promise<void> {}
}

/** Node's own streams, as they are before ours stand in for them. */
const NODES_OWN: Readonly<Record<Descriptor, () => Writable>> = { 1: nodesOwn("stdout"), 2: nodesOwn("stderr") };

function nodesOwn(name: "stdout" | "stderr"): () => Writable {
  const { get } = Object.getOwnPropertyDescriptor(process, name) ?? {};
  return () => get?.call(process);
}

/** Windows shares no such flag, and Node has its own ways there. */
class StreamWay implements Way {
  readonly #stream: Writable;
  #failure: Error | undefined;

  constructor(stream: Writable, failed: (error: Error) => void) {
    this.#stream = stream.on("error", (error) => {
      this.#failure = error;
      failed(error);
    });
  }

  write(data: Buffer): number {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#stream.writableLength > 0) return 0;
    this.#stream.write(data);
    return data.length;
  }

  settled(): Promise<void> {
    return new Promise((resolve, reject) => this.#stream.write("", (error) => (error ? reject(error) : resolve())));
  }
}
