import { readFileSync } from "node:fs";
import { Builtins } from "./clipanion.ts";
import type { Context } from "./context.ts";
import { EXIT } from "./exit.ts";
import { named, ReadableCli } from "./help/readable.ts";
import { didYouMean } from "./help/suggestion.ts";
import { wantsColour } from "./settings.ts";
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
    const meant = didYouMean(args, Object.keys(VERBS)) ?? cli.dashed(partCommand(args).own) ?? cli.misspelt(args);
    context.stderr.write(told(meant ?? named((error as Error).message)));
    return EXIT.usage;
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
