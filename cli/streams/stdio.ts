import { constants, openSync } from "node:fs";
import { isatty, WriteStream } from "node:tty";
import { openedAnew } from "./outlet.ts";
import type { Descriptor } from "./way.ts";

/** What a descriptor shows of itself, if it is a terminal. */
export class Screen {
  readonly isTTY: boolean;
  readonly #descriptor: Descriptor;
  #own: WriteStream | undefined;

  constructor(descriptor: Descriptor) {
    this.#descriptor = descriptor;
    this.isTTY = isatty(descriptor);
  }

  /** The width of the terminal, if it is one that tells. */
  get columns(): number | undefined {
    if (!this.isTTY) return undefined;
    try {
      // Node sets flags on a terminal that it is given: not on the one that we share.
      this.#own ??= new WriteStream(openedAnew(this.#descriptor, constants.O_WRONLY) ?? openSync("/dev/tty", "w"));
      return this.#own.getWindowSize()[0] || undefined;
    } catch {
      return undefined;
    }
  }
}
