import { EventEmitter, once } from "node:events";
import { Readable, Writable } from "node:stream";
import type { Pace } from "../../cli/context.ts";
import { run } from "../../cli/run.ts";

/** A client in a hurry. */
const HURRIED: Pace = { first: 1, last: 5, patience: 2_000, notice: 60_000, silence: 60_000, farewell: 1_000 };

/** A stream that remembers what was written, and lets a test wait for a text. */
class Screen extends Writable {
  text = "";
  /** As a terminal has it, if this is to be one. */
  isTTY?: boolean;
  columns?: number;
  readonly #told = new EventEmitter().setMaxListeners(0);
  #over = false;

  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.text += chunk.toString();
    this.#told.emit("news");
    done();
  }

  /** Nothing will be written any more. */
  close(): void {
    this.#over = true;
    this.#told.emit("news");
  }

  /** Waits until it has been written; rejects with what was, if the command ends without. */
  async shows(needle: string | RegExp): Promise<void> {
    while (typeof needle === "string" ? !this.text.includes(needle) : !needle.test(this.text)) {
      if (this.#over) throw new Error(`the command ended without saying ${JSON.stringify(`${needle}`)}: ${this.text}`);
      await once(this.#told, "news");
    }
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
  const exit = run(args, { ...context, interruption: () => interruption.signal }).finally(() => {
    for (const screen of [stdout, stderr]) screen.close();
  });
  return { stdout, stderr, exit, interrupt: (signal) => interruption.abort(signal) };
}

/** Runs a command line to its end. */
export async function type(...given: Parameters<typeof open>): Promise<{ code: number; stdout: string; stderr: string }> {
  const session = open(...given);
  const code = await session.exit;
  return { code, stdout: session.stdout.text, stderr: session.stderr.text };
}
