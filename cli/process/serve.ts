import { readRulesFile } from "../access/reader.ts";
import { EXIT } from "../exit.ts";
import { readFleetFile } from "../fleet/reader.ts";
import { stderr } from "../streams/own.ts";
import { oddities } from "../variables.ts";

/** What `serve` ends with where a setting is bad. */
const BAD_SETTINGS = 78;

/**
 * Runs the server until it is told to stop, and gives its exit code. It is loaded only here: nothing else of the command line needs SQLite.
 */
export async function serve(env: Readonly<Record<string, string | undefined>>): Promise<number> {
  const odd = oddities(env);
  if (odd.length > 0) {
    stderr.write(`call-me serve: ${odd.join("; ")}\n`);
    return BAD_SETTINGS;
  }
  try {
    const { main } = await import("../../src/main.ts");
    return await main(stderr, { fleet: readFleetFile, rules: readRulesFile });
  } catch (error) {
    stderr.write(`call-me: the server could not be run: ${error instanceof Error ? error.stack : error}\n`);
    return EXIT.error;
  }
}
