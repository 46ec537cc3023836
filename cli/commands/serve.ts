import { Command, Option } from "../clipanion.ts";
import type { Context } from "../context.ts";
import { serve } from "../process/serve.ts";

/** `call-me serve`: the server itself. All of its settings are environment variables. */
export class ServeCommand extends Command<Context> {
  static override paths = [["serve"]];
  static override usage = Command.Usage({
    description: "Run the server in the foreground",
    details: `
      Settings are environment variables: \`PORT\` (8000), \`API_KEY\`, \`CALL_ME_STORE\` (sqlite:call-me.db), \`CALL_ME_BIND\`;
      \`CALL_ME_CONFIG\` is a file of environments and pools, \`CALL_ME_ACCESS\` one of access rules, \`CALL_ME_NOTICES\` one that says who is told of
      what; all are read at the start and at SIGHUP.
      SIGTERM drains: no lease ends and no place in line is lost. Exit codes: 74 the disk failed, 78 a setting or the store is bad.
    `,
    examples: [["On port 8000, with the key of a file", "env PORT=8000 API_KEY_FILE=admin.key $0 serve"]],
  });

  json = Option.Boolean("--json", false, { description: "Changes nothing: the log is JSON always" });

  async execute(): Promise<number> {
    return await serve(this.context.env);
  }
}
