import { Command, Option } from "../../clipanion.ts";
import type { Context } from "../../context.ts";
import { EXIT } from "../../exit.ts";

/** `call-me env schema`: what an editor checks a file for `env apply` by. It asks no server. */
export class EnvSchemaCommand extends Command<Context> {
  static override paths = [["env", "schema"]];
  static override usage = Command.Usage({
    description: "Print the JSON schema of files for env apply",
    details: `
      Editors complete and check a YAML file by it that begins with \`# yaml-language-server: $schema=fleet.schema.json\`. What only the server
      knows, such as a name that is given twice, \`env apply --dry-run\` tells.
    `,
    examples: [["Beside the file", "$0 env schema > fleet.schema.json"]],
  });

  json = Option.Boolean("--json", false, { description: "Changes nothing: a schema is JSON" });

  async execute(): Promise<number> {
    const { default: schema } = await import("../../../gen/schema/fleet.schema.json", { with: { type: "json" } });
    this.context.stdout.write(`${JSON.stringify(schema, null, 2)}\n`);
    return EXIT.done;
  }
}
