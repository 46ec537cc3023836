import { readFileSync } from "node:fs";
import os from "node:os";
import process from "node:process";
import { Builtins } from "./clipanion.ts";
import { type Context, PACE } from "./context.ts";
import { EXIT } from "./exit.ts";
import { named, ReadableCli } from "./help/readable.ts";
import { didYouMean, optionMeant } from "./help/suggestion.ts";
import { environment, wantsColour } from "./settings.ts";
import { commandsFor, partCommand, VERBS } from "./verbs.ts";
import { plain } from "./words/plain.ts";

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
    context.stderr.write(`call-me: ${didYouMean(args, Object.keys(VERBS)) ?? misspelt(args, cli) ?? usageError(error)}\n`);
    return EXIT.usage;
  }
}

/** Runs a command line in this process, with its streams and signals, and gives the exit code. */
export async function start(args: string[]): Promise<number> {
  for (const stream of [process.stdout, process.stderr]) {
    // Whoever read our output has seen enough (`call-me watch uat | head -1`): end as a shell tool does.
    stream.on("error", (error: NodeJS.ErrnoException) =>
      process.exit(error.code === "EPIPE" ? 128 + os.constants.signals.SIGPIPE : EXIT.error),
    );
  }
  let interruption: AbortSignal | undefined;
  return await run(args, {
    env: environment(),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    colorDepth: 1,
    pace: PACE,
    interruption: () => (interruption ??= listenForSignals()),
  });
}

/** Installed only by the commands that ask for it; `serve` has its own. A repeated signal (launcher and terminal both send one) adds nothing. */
function listenForSignals(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => controller.abort(signal));
  return controller.signal;
}

function version(): string {
  const manifest: { version: string } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return manifest.version;
}

/** A sentence naming the option that was probably meant, or undefined if no unknown one is what is wrong. */
function misspelt(args: string[], cli: ReadableCli): string | undefined {
  const ours = args.includes("--") ? args.slice(0, args.indexOf("--")) : args;
  const definitions = cli.definitions().flatMap(({ options }) => options.map(({ definition }) => definition));
  const known = ["--help", ...definitions.flatMap((definition) => definition.match(/--?[a-z][a-z-]*/g) ?? [])];
  const typed = ours.filter((arg) => arg.startsWith("--")).map((arg) => arg.split("=", 1).join());
  const unknown = typed.find((name) => !known.includes(name));
  return unknown === undefined ? undefined : optionMeant(unknown, known);
}

function usageError(error: unknown): string {
  return named(error instanceof Error ? error.message : String(error))
    .split("\n")
    .map(plain)
    .join("\n")
    .trim();
}
