import os from "node:os";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { HolderKind, type HolderSchema } from "../../gen/ts/callme/v1/types_pb.ts";
import type { Variables } from "../settings.ts";
import { currentRun } from "./run.ts";

/** Who a lease is for: what was said on the command line, else in CALL_ME_… variables, else what the CI system tells, else user@host. */
export function describeHolder(
  env: Variables,
  said: { name?: string | undefined; runUrl?: string | undefined },
): MessageInitShape<typeof HolderSchema> {
  const run = currentRun(env);
  const inPipeline = run !== undefined || Boolean(env["CI"]);
  const named =
    run?.repository === undefined || run.number === undefined ? `${user()}@${os.hostname()}` : `${run.repository} #${run.number}`;
  return {
    name: said.name ?? (env["CALL_ME_HOLDER"] || named),
    kind: inPipeline ? HolderKind.PIPELINE : HolderKind.HUMAN,
    runUrl: said.runUrl ?? run?.url ?? "",
    repository: run?.repository ?? "",
    ref: run?.ref ?? "",
    sha: run?.sha ?? "",
    job: run?.job ?? "",
    actor: run?.actor ?? "",
  };
}

/** What a lease is for when nobody says: the job, and where it can be looked at if that is another place than its run. */
export function describeJob(env: Variables): string {
  const run = currentRun(env);
  if (run?.jobUrl === undefined || run.jobUrl === run.url) return "";
  return run.job === undefined ? run.jobUrl : `${run.job} ${run.jobUrl}`.slice(-512);
}

function user(): string {
  try {
    return os.userInfo().username;
  } catch {
    // A container may run under a number that no account has.
    return "someone";
  }
}
