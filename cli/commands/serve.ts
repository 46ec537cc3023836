import { Command, Option } from "../clipanion.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit.ts";
import { stderr } from "../streams/own.ts";
import { oddities } from "../variables.ts";

/** What `serve` ends with where a setting is bad. */
const BAD_SETTINGS = 78;

/** `call-me serve`: the server itself. All of its settings are environment variables. */
export class ServeCommand extends Command<Context> {
  static override paths = [["serve"]];
  static override usage = Command.Usage({
    description: "Run the server in the foreground",
    details: `
      Settings are environment variables: \`PORT\` (8000), \`API_KEY\`, \`CALL_ME_STORE\` (sqlite:call-me.db), \`CALL_ME_BIND\`.
      SIGTERM drains: no lease ends and no place in line is lost. Exit codes: 74 the disk failed, 78 a setting or the store is bad.
    `,
    examples: [["On port 8000, with a key", "env PORT=8000 API_KEY=crj $0 serve"]],
  });

  json = Option.Boolean("--json", false, { description: "Changes nothing: the log is JSON always" });

  /** The server is loaded only here: nothing else of the command line needs SQLite. */
  async execute(): Promise<number> {
    const odd = oddities(this.context.env);
    if (odd.length > 0) {
      stderr.write(`call-me serve: ${odd.join("; ")}\n`);
      return BAD_SETTINGS;
    }
    try {
      const { main } = await import("../../src/main.ts");
      return await main(stderr);
    } catch (error) {
      stderr.write(`call-me: the server could not be run: ${error instanceof Error ? error.stack : error}\n`);
      return EXIT.error;
    }
  }
}
