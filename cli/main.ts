import { readFileSync } from "node:fs";
import os from "node:os";
import { Builtins } from "./clipanion.ts";
import { type Context, PACE } from "./context.ts";
import { EXIT } from "./exit.ts";
import { named, ReadableCli } from "./help/readable.ts";
import { didYouMean } from "./help/suggestion.ts";
import { Origin, type Started } from "./process/origin.ts";
import { ENDING, FOR_COMMANDS } from "./process/signals.ts";
import { environment, wantsColour } from "./settings.ts";
import { speakForNode, stderr, stdin, stdout } from "./streams/own.ts";
import { commandsFor, partCommand, VERBS } from "./verbs.ts";
import { finish } from "./words/output.ts";
import { plain, plainLine } from "./words/plain.ts";

/** How long our last words may take when nothing is held any more, in ms. */
const FAREWELL = 500;

/** Runs one command line (without the program's name) and gives its exit code. Never throws; prints only to the context's streams. */
export async function run(args: string[], context: Context): Promise<number> {
  if (args[0] === "__complete") return await (await import("./help/complete.ts")).complete(args.slice(1), context);
  const cli = new ReadableCli({
    binaryLabel: "call-me: locks and reservations for shared test environments",
    binaryName: "call-me",
    binaryVersion: version(),
    enableColors: wantsColour(context.env, context.stdout),
  });
  const commands = await commandsFor(args);
  for (const command of [...commands, Builtins.HelpCommand, Builtins.VersionCommand]) cli.register(command);
  if (args.length === 0) {
    context.stderr.write(cli.usage());
    return EXIT.usage;
  }
  try {
    // Parsed apart from the run: clipanion itself would print a usage error on stdout and end with 1.
    const { own, command } = partCommand(args);
    const full = { ...context, command };
    return await cli.run(cli.process(own, full), full);
  } catch (error) {
    context.stderr.write(told(didYouMean(args, Object.keys(VERBS)) ?? cli.misspelt(args) ?? named((error as Error).message)));
    return EXIT.usage;
  }
}

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
  let listens = false;
  const code = await run(args, {
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
  const ending = await conclude(code, interruption.signal);
  await stderr.settled(FAREWELL);
  return ending;
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

function version(): string {
  const manifest: { version: string } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return manifest.version;
}

/** Each line begins with our name, as all that we say. */
function told(text: string): string {
  return text
    .split("\n")
    .flatMap((line) => (line.trim() === "" ? [] : `call-me: ${plain(line)}\n`))
    .join("");
}
