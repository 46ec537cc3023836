import { Readable, Writable } from "node:stream";
import type { Pace } from "../../cli/context.ts";
import { run } from "../../cli/main.ts";

/** A client in a hurry. */
const HURRIED: Pace = { first: 1, last: 5, patience: 2_000, notice: 60_000, silence: 60_000, farewell: 1_000 };

/** A stream that remembers what was written, and lets a test wait for a text. */
class Screen extends Writable {
  text = "";
  /** As a terminal has it, if this is to be one. */
  isTTY?: boolean;
  columns?: number;
  #waiting: { needle: string; resolve: () => void }[] = [];

  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.text += chunk.toString();
    this.#waiting = this.#waiting.filter(({ needle, resolve }) => {
      if (this.text.includes(needle)) resolve();
      return !this.text.includes(needle);
    });
    done();
  }

  shows(needle: string): Promise<void> {
    return new Promise((resolve) => {
      if (this.text.includes(needle)) resolve();
      else this.#waiting.push({ needle, resolve });
    });
  }
}

/** A command line that runs in this process. */
export interface Session {
  readonly stdout: Screen;
  readonly stderr: Screen;
  /** The exit code, when it has ended. */
  readonly exit: Promise<number>;
  /** What a signal does. */
  interrupt(signal: NodeJS.Signals): void;
}

/** Starts a command line. `env` is all of its environment; `columns` makes stderr a terminal of that width. */
export function open(
  args: string[],
  env: Record<string, string> = {},
  { stdin = "", pace = {}, columns }: { stdin?: string; pace?: Partial<Pace>; columns?: number } = {},
): Session {
  const [stdout, stderr, interruption] = [new Screen(), new Screen(), new AbortController()];
  if (columns !== undefined) Object.assign(stderr, { isTTY: true, columns });
  const context = { env, stdin: Readable.from([stdin]), stdout, stderr, colorDepth: 1, pace: { ...HURRIED, ...pace } };
  const exit = run(args, { ...context, interruption: () => interruption.signal });
  return { stdout, stderr, exit, interrupt: (signal) => interruption.abort(signal) };
}

/** Runs a command line to its end. */
export async function type(...given: Parameters<typeof open>): Promise<{ code: number; stdout: string; stderr: string }> {
  const session = open(...given);
  const code = await session.exit;
  return { code, stdout: session.stdout.text, stderr: session.stderr.text };
}
