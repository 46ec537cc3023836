import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { fromJson, type JsonValue } from "@bufbuild/protobuf";
import {
  ApplyEnvironmentsResponseSchema,
  ChangeKind,
  ChangeKindSchema,
  type Environment,
  type EnvironmentChange,
  EnvironmentSchema,
} from "../../../gen/ts/callme/v1/environment_service_pb.ts";
import { ClientCommand } from "../../base.ts";
import { CALL_TIMEOUT } from "../../client.ts";
import { Command, Option } from "../../clipanion.ts";
import { EXIT, Failure } from "../../exit.ts";
import { spoken } from "../../words/phrases.ts";

/** `call-me env apply`: makes the server's environments what a file says. */
export class EnvApplyCommand extends ClientCommand {
  static override paths = [["env", "apply"]];
  static override usage = Command.Usage({
    description: "Create or change environments as a JSON file says",
    details: `
      The file holds \`{"environments": [{"name": "uat", "capacity": 2, "defaultTtl": "1800s"}]}\` or only the array; - reads stdin.
      All of it is applied, or with an error nothing. State and leases are never touched.
    `,
    examples: [
      ["See what would change", "$0 env apply environments.json --dry-run"],
      ["Also delete what the file does not name", "$0 env apply environments.json --prune"],
    ],
  });

  file = Option.String({ name: "FILE" });
  prune = Option.Boolean("--prune", false, { description: "Also delete every environment that the file does not name" });
  dryRun = Option.Boolean("--dry-run", false, { description: "Print what would change, and change nothing" });

  protected async perform(): Promise<number> {
    if (this.file === "-" && this.keyFile === "-") throw Failure.usage("stdin can be FILE or --key-file, not both");
    const request = { environments: readEnvironments(this.file, await this.readFile()), prune: this.prune, dryRun: this.dryRun };
    const { environments } = await this.connect();
    const answer = await this.persist(() =>
      environments.applyEnvironments(request, { timeoutMs: CALL_TIMEOUT, signal: this.interruption }),
    );
    if (this.json) this.output.json(ApplyEnvironmentsResponseSchema, answer);
    else for (const change of answer.changes) this.output.data(this.line(change));
    return EXIT.done;
  }

  private async readFile(): Promise<string> {
    if (this.file === "-") return await text(this.context.stdin);
    return await readFile(this.file, "utf8").catch((error: Error) => {
      throw Failure.usage(`cannot read ${this.file}: ${error.message}`);
    });
  }

  private line({ kind, name, pool, fields }: EnvironmentChange): string {
    const would = this.dryRun && kind !== ChangeKind.UNCHANGED ? "would be " : "";
    return `${would}${spoken(ChangeKindSchema, kind)} ${name} (pool ${pool})${fields.length === 0 ? "" : `: ${fields.join(", ")}`}`;
  }
}

/** Strict: a field that does not exist is a typo, and must not quietly become a default. */
function readEnvironments(file: string, content: string): Environment[] {
  return listIn(file, parse(file, content)).map((entry, at) => {
    try {
      return fromJson(EnvironmentSchema, entry);
    } catch (error) {
      throw Failure.usage(`${file}: environments[${at}]: ${(error as Error).message}`);
    }
  });
}

function parse(file: string, content: string): JsonValue {
  try {
    return JSON.parse(content);
  } catch (error) {
    throw Failure.usage(`${file} is not JSON: ${(error as Error).message}`);
  }
}

function listIn(file: string, document: JsonValue): JsonValue[] {
  if (Array.isArray(document)) return document;
  if (typeof document === "object" && document !== null) {
    const unknown = Object.keys(document).find((key) => key !== "environments");
    if (unknown !== undefined) throw Failure.usage(`${file}: unknown field ${JSON.stringify(unknown)} beside "environments"`);
    const list = document["environments"];
    if (Array.isArray(list)) return list;
  }
  throw Failure.usage(`${file} must hold {"environments": […]} or an array of environments`);
}
