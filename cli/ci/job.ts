import { currentRun } from "../../clients/ts/src/ci/run.ts";
import type { Variables } from "../settings.ts";

/** What a lease is for when nobody says: the job, and where it can be looked at if that is another place than its run. */
export function describeJob(env: Variables): string {
  const run = currentRun(env);
  if (run?.jobUrl === undefined || run.jobUrl === run.url) return "";
  return run.job === undefined ? run.jobUrl : [...`${run.job} ${run.jobUrl}`].slice(-512).join("");
}
