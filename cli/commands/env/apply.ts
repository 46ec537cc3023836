import { ConnectError } from "@connectrpc/connect";
import { reasonOf } from "../../../clients/ts/src/errors.ts";
import {
  type ApplyEnvironmentsResponse,
  ApplyEnvironmentsResponseSchema,
  type ChangeKind,
  ChangeKindSchema,
} from "../../../gen/ts/callme/v1/environment_service_pb.ts";
import { BadRequestSchema, ErrorInfoSchema } from "../../../gen/ts/google/rpc/error_details_pb.ts";
import { ClientCommand } from "../../base.ts";
import { CALL_TIMEOUT } from "../../client.ts";
import { Command, Option } from "../../clipanion.ts";
import { EXIT, Failure } from "../../exit.ts";
import { explain } from "../../explain.ts";
import { type DiffLine, diffOf, summaryOf } from "../../fleet/diff.ts";
import { FleetDocument } from "../../fleet/document.ts";
import { type Fleet, fleetIn } from "../../fleet/environments.ts";
import { type Fault, placed } from "../../fleet/fault.ts";
import { nameOf, readText } from "../../fleet/source.ts";
import { wantsColour } from "../../settings.ts";
import { spoken } from "../../words/phrases.ts";

const COLOURS: Readonly<Record<DiffLine["sign"], number>> = { "+": 32, "~": 33, "-": 31 };

/** `call-me env apply`: makes the server's environments what a file says. */
export class EnvApplyCommand extends ClientCommand {
  static override paths = [["env", "apply"]];
  static override usage = Command.Usage({
    description: "Create or change environments and pools as a JSON or YAML file says",
    details: `
      The file holds \`{"environments": [{"name": "uat", "capacity": 2, "defaultTtl": "30m"}]}\` or only the array, in JSON or YAML, and
      \`pools\` beside it: \`[{"name": "default", "maxQueue": 20, "autoCreate": false}]\`; - reads stdin. env schema prints what it may say. What \`env list --yaml\` and \`env list --json\` print can be applied. All of it is applied, or with an error nothing. State and
      leases are never touched.
    `,
    examples: [
      ["See what would change", "$0 env apply fleet.yaml --dry-run"],
      ["Also delete what the file does not name", "$0 env apply fleet.yaml --prune"],
      ["Write down what there is", "$0 env list --yaml > fleet.yaml"],
    ],
  });

  file = Option.String({ name: "FILE" });
  prune = Option.Boolean("--prune", false, {
    description: "Also delete every environment that the file does not name, and what is set for other pools",
  });
  dryRun = Option.Boolean("--dry-run", false, {
    description: "Print what would come (+), change (~, old → new) and go (-), and change nothing",
  });

  protected async perform(): Promise<number> {
    if (this.file === "-" && this.keyFile === "-") throw Failure.usage("stdin can be FILE or --key-file, not both");
    const document = await FleetDocument.parse(nameOf(this.file), await readText(this.file, this.context.stdin));
    const fleet = fleetIn(document);
    if (fleet.leftOut.length > 0) this.output.word(`left out what only the server sets: ${fleet.leftOut.join(", ")}`);
    const answer = await this.apply(document, fleet);
    if (this.json) this.output.json(ApplyEnvironmentsResponseSchema, answer);
    else if (this.dryRun) this.tell(answer, fleet);
    else {
      for (const { kind, name, fields } of answer.pools) this.output.data(this.line(kind, `pool ${name}`, fields));
      for (const { kind, name, pool, fields } of answer.changes) this.output.data(this.line(kind, `${name} (pool ${pool})`, fields));
    }
    if (fleet.environments.length === 0) this.output.word(`${nameOf(this.file)} names no environment`);
    if (answer.autoCreate)
      this.output.word(
        "any other name still gets an environment of its own when it is asked for; CALL_ME_AUTO_CREATE=off at the server ends that",
      );
    return EXIT.done;
  }

  /** What would change, in green, yellow and red for a person; what would not is counted. */
  private tell(answer: ApplyEnvironmentsResponse, fleet: Fleet): void {
    const colours = wantsColour(this.context.env, this.context.stdout);
    for (const { sign, text } of diffOf(answer, fleet)) {
      if (colours) this.output.coloured(`${sign} ${text}`, COLOURS[sign]);
      else this.output.data(`${sign} ${text}`);
    }
    this.output.word(`would be ${summaryOf(answer)}`);
  }

  /** What the server refuses is told with the line of the file where it is. */
  private async apply(document: FleetDocument, fleet: Fleet): Promise<ApplyEnvironmentsResponse> {
    const { environments, ...settings } = await this.connect();
    // 50,000 environments may take a busy server a minute.
    const timeoutMs = CALL_TIMEOUT + fleet.environments.length;
    const request = {
      environments: fleet.environments,
      pools: fleet.pools,
      prune: this.prune,
      dryRun: this.dryRun,
      withBefore: this.dryRun,
    };
    try {
      return await this.persist(() => environments.applyEnvironments(request, { timeoutMs, signal: this.interruption }));
    } catch (error) {
      const fault = faultOf(error);
      if (fault === undefined || this.interruption.aborted) throw error;
      const { exitCode, message } = explain(error, settings);
      throw new Failure(exitCode, placed(document, fleet, { ...fault, message }));
    }
  }

  private line(kind: ChangeKind, what: string, fields: readonly string[]): string {
    return `${spoken(ChangeKindSchema, kind)} ${what}${fields.length === 0 ? "" : `: ${fields.join(", ")}`}`;
  }
}

/** What the server says against the file; undefined if it says nothing of it. */
function faultOf(error: unknown): Omit<Fault, "message"> | undefined {
  if (!(error instanceof ConnectError)) return undefined;
  const [violation] = error.findDetails(BadRequestSchema).flatMap(({ fieldViolations }) => fieldViolations);
  if (violation === undefined) return reasonOf(error) === "TOO_LARGE" ? { field: "", environment: undefined } : undefined;
  const [info] = error.findDetails(ErrorInfoSchema);
  return { field: violation.field, environment: info?.metadata["environment"] };
}
