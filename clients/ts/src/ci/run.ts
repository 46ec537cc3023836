import { usable } from "../text.ts";
import { read, type System, systemOf, type Variables } from "./systems.ts";

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

/** The run that we are part of; undefined if nothing tells of one. */
export function currentRun(env: Variables): Run | undefined {
  const system = systemOf(env);
  const over = (name: string, fact?: readonly string[]) =>
    [env[`CALL_ME_${name}`], read(fact, env)].map((text) => usable(text ?? "")).find(Boolean);
  const job = over("JOB", system?.job);
  const run: Run = {
    system,
    url: over("RUN_URL", system?.url),
    repository: over("REPOSITORY", system?.repository),
    number: over("RUN_NUMBER", system?.number),
    ref: over("REF", system?.ref),
    sha: over("SHA", system?.sha),
    job,
    jobUrl: over("JOB_URL", system?.jobUrl),
    actor: over("ACTOR", system?.actor),
    jobId: read(system?.jobId, env) ?? job,
    attempt: over("ATTEMPT", system?.attempt),
    leg: over("LEG", system?.leg),
  };
  return system === undefined && run.url === undefined ? undefined : run;
}
