import { Command, Option } from "../../clipanion.ts";
import type { Context } from "../../context.ts";
import { EXIT } from "../../exit.ts";

/** `call-me notices schema`: what an editor checks a file of notices by. It asks no server. */
export class NoticesSchemaCommand extends Command<Context> {
  static override paths = [["notices", "schema"]];
  static override usage = Command.Usage({
    description: "Print the JSON schema of the server's file of notices",
    details: `
      The server's setting \`CALL_ME_NOTICES\` names that file. Editors complete and check a YAML file by the schema if it begins with
      \`# yaml-language-server: $schema=notices.schema.json\`. What else can be wrong, the server tells at its start and at SIGHUP.
    `,
    examples: [["Beside the file", "$0 notices schema > notices.schema.json"]],
  });

  json = Option.Boolean("--json", false, { description: "Changes nothing: a schema is JSON" });

  async execute(): Promise<number> {
    const { default: schema } = await import("../../../gen/schema/notices.schema.json", { with: { type: "json" } });
    this.context.stdout.write(`${JSON.stringify(schema, null, 2)}\n`);
    return EXIT.done;
  }
}
