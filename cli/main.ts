import os from "node:os";
import { PACE } from "./context.ts";
import { EXIT } from "./exit.ts";
import { Origin, type Started } from "./process/origin.ts";
import { serve } from "./process/serve.ts";
import { ENDING, FOR_COMMANDS } from "./process/signals.ts";
import { environment } from "./settings.ts";
import { finish } from "./streams/finish.ts";
import { speakForNode, stderr, stdin, stdout } from "./streams/own.ts";
import { plainLine } from "./words/plain.ts";

/** How long our last words may take when nothing is held any more, in ms. */
const FAREWELL = 500;

/**
 * Runs a command line in this process, with its streams and signals, and gives the exit code, once all that was said is out, or nobody
 * reads it.
 */
export async function start(args: string[], started?: Started): Promise<number> {
  const origin = new Origin(started);
  // As under nohup: without a handler Node would let it end us.
  for (const signal of origin.ignored) process.on(signal, () => {});
  speakForNode();
  const interruption = new AbortController();
  // Whoever reads has seen enough (`call-me watch uat | head -1`), or nothing can be written: end as a shell tool does. Once all is written,
  // `finish` tells of an error.
  stdout.on("error", () => stdout.writableEnded || interruption.abort("SIGPIPE"));
  const code = args.length === 1 && args[0] === "serve" ? await serve(environment()) : await parsed(args, origin, interruption);
  const ending = await conclude(code, interruption.signal);
  await stderr.settled(FAREWELL);
  return ending;
}

/** All but a bare `serve`, which starts sooner without what the other commands are made of. */
async function parsed(args: string[], origin: Origin, interruption: AbortController): Promise<number> {
  const { run } = await import("./run.ts");
  let listens = false;
  return await run(args, {
    env: environment(),
    stdin,
    stdout,
    stderr,
    colorDepth: 1,
    pace: PACE,
    origin,
    interruption: () => {
      if (!listens) listenForSignals(interruption, origin.ignored);
      listens = true;
      return interruption.signal;
    },
  });
}

/**
 * Only for the commands that ask for it; `serve` has its own way. A repeated signal (launcher and terminal both send one) adds nothing. What
 * is for a command that `exec` runs ends us while none does, as it ends any program that does not know it.
 */
function listenForSignals(controller: AbortController, ignored: readonly NodeJS.Signals[]): void {
  for (const signal of ENDING.filter((one) => !ignored.includes(one))) process.on(signal, () => controller.abort(signal));
  for (const signal of FOR_COMMANDS) process.on(signal, () => process.listenerCount(signal) === 1 && controller.abort(signal));
}

/** The exit code when all data is out: what was not written does not count as done. */
async function conclude(code: number, interruption: AbortSignal): Promise<number> {
  if (!stdout.begun) return code;
  const endOf = (signal: NodeJS.Signals) => 128 + os.constants.signals[signal];
  try {
    await finish(stdout, interruption);
    return code;
  } catch (error) {
    if (code !== EXIT.done && code !== endOf("SIGPIPE")) return code;
    if (stdout.errored === null) return endOf(interruption.reason);
    if ((stdout.errored as NodeJS.ErrnoException).code === "EPIPE") return endOf("SIGPIPE");
    stderr.write(`call-me: ${plainLine((error as Error).message)}\n`);
    return EXIT.error;
  }
}
