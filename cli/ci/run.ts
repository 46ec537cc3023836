import os from "node:os";
import envCi from "env-ci";
import type { Variables } from "../settings.ts";
import { plain } from "../words/plain.ts";
import { read, type System, systemOf } from "./systems.ts";

/** What the CI system's variables tell about this run, and what CALL_ME_… variables say over them. */
export interface Run {
  /** Undefined: no system that we know. */
  readonly system: System | undefined;
  readonly url: string | undefined;
  readonly repository: string | undefined;
  readonly number: string | undefined;
  readonly ref: string | undefined;
  readonly sha: string | undefined;
  readonly job: string | undefined;
  readonly jobUrl: string | undefined;
  readonly actor: string | undefined;
  /** See System. */
  readonly jobId: string | undefined;
  readonly attempt: string | undefined;
  readonly leg: string | undefined;
}

/** The server's limit for a free text. */
const LONGEST = 512;

/** The run that we are part of; undefined if nothing tells of one. */
export function currentRun(env: Variables): Run | undefined {
  const system = systemOf(env);
  const told = library(env, system);
  const over = (name: string, ...others: (string | undefined)[]) => [env[`CALL_ME_${name}`], ...others].map(usable).find(Boolean);
  const job = over("JOB", read(system?.job, env), told.job);
  const run: Run = {
    system,
    url: over("RUN_URL", read(system?.url, env), told.buildUrl),
    repository: over("REPOSITORY", read(system?.repository, env), told.slug),
    number: over("RUN_NUMBER", read(system?.number, env), told.build),
    ref: over("REF", read(system?.ref, env), told.prBranch, told.tag, told.branch),
    sha: over("SHA", read(system?.sha, env), told.commit),
    job,
    jobUrl: over("JOB_URL", read(system?.jobUrl, env), told.jobUrl),
    actor: over("ACTOR", read(system?.actor, env)),
    jobId: read(system?.jobId, env) ?? job,
    attempt: over("ATTEMPT", read(system?.attempt, env)),
    leg: over("LEG", read(system?.leg, env)),
  };
  return system === undefined && run.url === undefined ? undefined : run;
}

/**
 * What env-ci knows. It would ask git for what the variables don't tell: a child process at every start, about a checkout that
 * may be another repository's. In a directory that is none, it can't.
 */
function library(env: Variables, system: System | undefined): ReturnType<typeof envCi> {
  if (system === undefined && !env["CI"]) return {};
  try {
    return envCi({ env, cwd: os.devNull });
  } catch {
    // It reads files that the system promises, and a broken one must not keep us from working.
    return {};
  }
}

/** env-ci builds texts of variables that may be missing. The server takes no control characters and no more than 512 characters. */
function usable(text: unknown): string | undefined {
  if (typeof text !== "string" && typeof text !== "number") return undefined;
  return /(^|\/)undefined(\/|\.|$)/.test(`${text}`) ? undefined : plain(`${text}`).slice(0, LONGEST);
}
