import { appendFile } from "node:fs/promises";
import { asVariables, givenVariables, PREFIX } from "../../clients/ts/src/process/given.ts";
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
  /** Nobody waits for it here: what it can be picked up by is handed on, too. */
  readonly detached: boolean;
}

/** What a file can hold. */
interface Keeping {
  readonly fit: RegExp;
  /** How many variables, and bytes; any unless told. */
  readonly most?: { readonly variables: number; readonly bytes: number };
}

/** Unquoted, as GitLab and docker read such a file. */
const PLAIN: Keeping = { fit: /^[\w./:@%+,=?&~-]*$/ };
/** GitLab fails a job whose dotenv artifact is larger, unless its operators say otherwise. */
const GITLAB: Keeping = { ...PLAIN, most: { variables: 20, bytes: 5 * 1024 } };
const LINES: Keeping = { fit: /^[^\r\n]*$/ };

type Writer = (answer: AcquireResponse, handoff: Handoff) => Promise<void> | void;

const WRITERS: Readonly<Record<string, Writer>> = { json, env: exports, dotenv: unquoted(PLAIN), gitlab: unquoted(GITLAB), github };

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
  if (["json", "env"].includes(format)) return writer;
  checkNames(format, environments);
  return async (answer, handoff) => {
    // What a selector chose is known only now.
    checkNames(format, answer.lease?.environments.map(({ name }) => name) ?? []);
    await writer?.(answer, handoff);
  };
}

function checkNames(format: string, names: readonly string[]): void {
  const unfit = names.find((name) => !/^[\w./:@-]+$/.test(name));
  if (unfit !== undefined) throw Failure.usage(`--output ${format} has no way to quote ${JSON.stringify(unfit)}; use --output env or json`);
}

function json(answer: AcquireResponse, { output }: Handoff): void {
  output.json(AcquireResponseSchema, answer);
}

/** For `eval` in a shell: nothing within single quotes has a meaning there, but the quote itself. It is kept nowhere, so it has all. */
function exports(answer: AcquireResponse, { output, detached }: Handoff): void {
  const { lease, leaseToken } = answer;
  const given = asVariables(givenVariables(lease?.environments ?? []));
  for (const [name, value] of Object.entries({ ...given, ...variablesOf(lease, leaseToken), ...requestOf(answer, detached) }))
    output.raw(`export ${name}='${value.replaceAll("'", "'\\''")}'`);
}

/** NAME=value lines: writerOf let only names pass that need no quotes. */
function unquoted(file: Keeping): Writer {
  return (answer, handoff) => {
    for (const [name, value] of Object.entries(lasting(answer, file, handoff))) handoff.output.raw(`${name}=${value}`);
  };
}

/**
 * A lease as variables for a file that a CI system keeps, and shows to whoever may look at the job: without what is secret, and without values
 * that the file could not hold. What is left out is said.
 */
function lasting(answer: AcquireResponse, { fit, most }: Keeping, { output, detached }: Handoff): Record<string, string> {
  const { lease, leaseToken } = answer;
  const request = Object.entries(requestOf(answer, detached)).filter(([, id]) => fit.test(id));
  const own = { ...variablesOf(lease, leaseToken), ...Object.fromEntries(request) };
  const given = givenVariables(lease?.environments ?? []);
  let { variables, bytes } = most ?? { variables: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY };
  const takes = (name: string, value: string): boolean => {
    const size = Buffer.byteLength(`${name}=${value}\n`);
    if (variables < 1 || bytes < size) return false;
    variables -= 1;
    bytes -= size;
    return true;
  };
  for (const [name, value] of Object.entries(own)) takes(name, value);
  const left = given.filter(({ name, value, secret }) => secret || !fit.test(value) || !takes(name, value));
  if (left.length > 0)
    output.word(`not handed on, since a file cannot keep it or must not: ${left.map(({ name }) => name).join(", ")}; see docs/cli.md`);
  return { ...own, ...asVariables(given.filter((variable) => !left.includes(variable))) };
}

/** CI systems keep no secret from job to job, so the token may not arrive: by the request_id it is picked up all the same. */
function requestOf({ lease }: AcquireResponse, detached: boolean): Record<string, string> {
  return detached ? { CALL_ME_REQUEST_ID: lease?.requestId ?? "" } : {};
}

/** To the step's outputs. The mask comes first: from then on the log hides the token. */
async function github(answer: AcquireResponse, handoff: Handoff): Promise<void> {
  const { output, env, mask } = handoff;
  if (mask) output.mask(answer.leaseToken);
  const lines = Object.entries(lasting(answer, LINES, handoff)).map(([name, value]) => `${outputName(name)}=${value}\n`);
  await appendFile(env["GITHUB_OUTPUT"] ?? "", lines.join(""));
}

/** CALL_ME_LEASE_ID as GitHub's outputs are written: lease-id. What an environment gives keeps its name, whose case counts. */
function outputName(variable: string): string {
  if (variable.startsWith(PREFIX)) return variable;
  return variable.replace("CALL_ME_", "").toLowerCase().replaceAll("_", "-");
}

/** The same the other way round. */
export function variableName(output: string): string {
  if (output.startsWith(PREFIX)) return output;
  return `CALL_ME_${output.toUpperCase().replaceAll("-", "_")}`;
}
