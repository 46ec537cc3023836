import { wayTo } from "./opening.ts";
import { Stdio } from "./stdio.ts";
import type { Way } from "./way.ts";

/** How soon room is looked for again, in ms. */
const PAUSE = { first: 5, last: 50 };

/** What other programs read: waits for who is slow, and fails where it cannot be written. Its end is reached when all of it is out. */
export class Data extends Stdio {
  #way: Way | undefined;
  #again: NodeJS.Timeout | undefined;

  /** Whether anything was written. */
  get begun(): boolean {
    return this.#way !== undefined;
  }

  override _write(chunk: Buffer, _: string, done: (error?: Error) => void): void {
    this.#put(chunk, PAUSE.first, done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error) => void): void {
    this.#put(Buffer.concat(chunks.map(({ chunk }) => chunk)), PAUSE.first, done);
  }

  override _final(done: (error?: Error) => void): void {
    if (this.#way === undefined) done();
    else this.#way.settled().then(() => done(), done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.#again);
    done(error);
  }

  #put(data: Buffer, pause: number, done: (error?: Error) => void): void {
    try {
      this.#way ??= wayTo(this.descriptor, (error) => this.destroy(error));
      const taken = this.#way.write(data);
      const longer = taken > 0 ? PAUSE.first : Math.min(2 * pause, PAUSE.last);
      if (taken < data.length) this.#again = setTimeout(() => this.#put(data.subarray(taken), longer, done), pause);
      else done();
    } catch (error) {
      done(error as Error);
    }
  }
}
