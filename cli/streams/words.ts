import { setTimeout as sleep } from "node:timers/promises";
import { wayTo } from "./opening.ts";
import { Stdio } from "./stdio.ts";
import type { Way } from "./way.ts";

/** How much is kept for a reader that does not read, in bytes. What comes beyond is dropped, and counted. */
const LIMIT = 256 * 1024;
/** How soon room is looked for again, in ms; where a write has failed it may take longer. */
const PAUSE = { first: 10, stalled: 1_000, failed: 30_000 };
const NEWLINE = 0x0a;

/**
 * What people read, line by line: takes everything at once, and neither waits nor fails, since nobody's words are worth a lease. What could
 * not be written is kept up to a limit and tried again; lines beyond are counted, and their number is told where they are missing.
 */
export class Words extends Stdio {
  /** The line about lines that were dropped, with its end. */
  tellDropped = (lines: number): string =>
    `call-me: ${lines} ${lines === 1 ? "line was" : "lines were"} dropped here: nobody read in time\n`;
  #way: Way | undefined;
  #kept: Buffer[] = [];
  #size = 0;
  #dropped = 0;
  #failing = false;
  #again: NodeJS.Timeout | undefined;

  /** Waits until all that is kept is out, for so many ms at most, and not where nobody reads any more. Never rejects. */
  async settled(within: number): Promise<void> {
    const until = performance.now() + within;
    for (this.#push(); this.#size > 0 && !this.#failing && performance.now() < until; this.#push()) await sleep(PAUSE.first);
    const late = new AbortController();
    const limit = sleep(Math.max(0, until - performance.now()), undefined, { signal: late.signal }).catch(() => {});
    await Promise.race([this.#way?.settled().catch(() => {}), limit]);
    late.abort();
  }

  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.#take(chunk);
    done();
  }

  #take(chunk: Buffer): void {
    if (this.#dropped > 0 || this.#size + chunk.length > LIMIT) {
      for (const byte of chunk) if (byte === NEWLINE) this.#dropped += 1;
      return;
    }
    const idle = this.#size === 0;
    this.#keep(chunk);
    if (idle) this.#push();
  }

  #keep(chunk: Buffer): void {
    this.#kept.push(chunk);
    this.#size += chunk.length;
  }

  /** Writes what there is room for, and comes back for the rest. */
  #push(pause = PAUSE.first): void {
    clearTimeout(this.#again);
    const before = this.#size;
    try {
      while (this.#size > 0 && this.#pass());
      this.#failing = false;
    } catch {
      this.#failing = true;
    }
    if (this.#size === 0) return;
    const longest = this.#failing ? PAUSE.failed : PAUSE.stalled;
    const next = this.#size < before ? PAUSE.first : Math.min(2 * pause, longest);
    this.#again = setTimeout(() => this.#push(next), next).unref();
  }

  /** False: there is no room for more now. */
  #pass(): boolean {
    this.#way ??= wayTo(this.descriptor);
    const all = Buffer.concat(this.#kept);
    const taken = this.#way.write(all);
    const rest = all.subarray(taken);
    this.#kept = rest.length > 0 ? [rest] : [];
    this.#size = rest.length;
    if (rest.length > 0) return taken > 0;
    if (this.#dropped > 0) this.#keep(Buffer.from(this.tellDropped(this.#dropped)));
    this.#dropped = 0;
    return true;
  }
}
