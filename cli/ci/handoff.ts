import { appendFile } from "node:fs/promises";
import { variablesOf } from "../../clients/ts/src/process/variables.ts";
import { type AcquireResponse, AcquireResponseSchema } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { Failure } from "../exit.ts";
import type { Variables } from "../settings.ts";
import type { Output } from "../words/output.ts";

/** How a lease is handed on to what comes next. */
export interface Handoff {
  readonly output: Output;
  readonly env: Variables;
  readonly mask: boolean;
}

type Writer = (answer: AcquireResponse, handoff: Handoff) => Promise<void> | void;

const WRITERS: Readonly<Record<string, Writer>> = { json, env: exports, dotenv, gitlab: dotenv, github };

/**
 * The writer of `--output FORMAT`; undefined if stdout is for people. A usage Failure before anything is taken, if the format does not
 * exist, a variable it needs is missing, or a name of `environments` can't be written in it.
 */
export function writerOf(format: string | undefined, env: Variables, environments: readonly string[]): Writer | undefined {
  if (format === undefined) return undefined;
  const writer = Object.hasOwn(WRITERS, format) ? WRITERS[format] : undefined;
  if (writer === undefined) throw Failure.usage(`--output ${JSON.stringify(format)} is none of ${Object.keys(WRITERS).join(", ")}`);
  if (format === "github" && !env["GITHUB_OUTPUT"])
    throw Failure.usage(
      "--output github writes to the file named by GITHUB_OUTPUT, and that is not set; outside GitHub Actions use --output env",
    );
  const unfit = environments.find((name) => !/^[\w./:@-]+$/.test(name));
  if (unfit !== undefined && !["json", "env"].includes(format))
    throw Failure.usage(`--output ${format} has no way to quote ${JSON.stringify(unfit)}; use --output env or json`);
  return writer;
}

function json(answer: AcquireResponse, { output }: Handoff): void {
  output.json(AcquireResponseSchema, answer);
}

/** For `eval` in a shell: nothing within single quotes has a meaning there, but the quote itself. */
function exports({ lease, leaseToken }: AcquireResponse, { output }: Handoff): void {
  for (const [name, value] of Object.entries(variablesOf(lease, leaseToken)))
    output.raw(`export ${name}='${value.replaceAll("'", "'\\''")}'`);
}

/** Unquoted, as GitLab and docker read such a file: writerOf let only names pass that need no quotes. */
function dotenv({ lease, leaseToken }: AcquireResponse, { output }: Handoff): void {
  for (const [name, value] of Object.entries(variablesOf(lease, leaseToken))) output.raw(`${name}=${value}`);
}

/** To the step's outputs. The mask comes first: from then on the log hides the token. */
async function github({ lease, leaseToken }: AcquireResponse, { output, env, mask }: Handoff): Promise<void> {
  if (mask) output.mask(leaseToken);
  const lines = Object.entries(variablesOf(lease, leaseToken)).map(([name, value]) => `${outputName(name)}=${value}\n`);
  await appendFile(env["GITHUB_OUTPUT"] ?? "", lines.join(""));
}

/** CALL_ME_LEASE_ID as GitHub's outputs are written: lease-id. */
function outputName(variable: string): string {
  return variable.replace("CALL_ME_", "").toLowerCase().replaceAll("_", "-");
}

/** The same the other way round. */
export function variableName(output: string): string {
  return `CALL_ME_${output.toUpperCase().replaceAll("-", "_")}`;
}
