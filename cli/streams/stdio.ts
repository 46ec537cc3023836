import { constants, openSync } from "node:fs";
import { Writable } from "node:stream";
import { isatty, WriteStream } from "node:tty";
import { openedAnew } from "./opening.ts";
import type { Descriptor } from "./way.ts";

/** A stream to stdout or stderr, with what Node's own tell of a terminal. */
export abstract class Stdio extends Writable {
  readonly isTTY: boolean;
  protected readonly descriptor: Descriptor;
  #terminal: WriteStream | undefined;

  constructor(descriptor: Descriptor) {
    super();
    this.descriptor = descriptor;
    this.isTTY = isatty(descriptor);
  }

  /** The width of the terminal, if it is one that tells. */
  get columns(): number | undefined {
    if (!this.isTTY) return undefined;
    try {
      // Node sets flags on a terminal that it is given: not on the one that we share.
      this.#terminal ??= new WriteStream(openedAnew(this.descriptor, constants.O_WRONLY) ?? openSync("/dev/tty", "w"));
      return this.#terminal.getWindowSize()[0] || undefined;
    } catch {
      return undefined;
    }
  }
}
