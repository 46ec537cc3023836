import { readFileSync } from "node:fs";
import { EXIT } from "../../cli/exit.ts";
import { start } from "../../cli/main.ts";
import { stderr } from "../../cli/streams/own.ts";
import { error, stateOf } from "./runner.ts";

/** Gives back what the step took. Fails if that was lost while the job ran: what the job has seen since then may be another job's doing. */
export async function giveBack(): Promise<number> {
  const [leaseId, token, url] = ["lease-id", "lease-token", "url"].map(stateOf);
  if (leaseId === undefined || token === undefined || url === undefined) return 0;
  // By the token alone: it is all that the post step of a cancelled job can count on.
  for (const name of ["CALL_ME_API_KEY", "API_KEY", "CALL_ME_ID_TOKEN"]) delete process.env[name];
  Object.assign(process.env, { CALL_ME_URL: url, CALL_ME_LEASE_TOKEN: token });
  stderr.write(renewals(stateOf("log")));
  const code = await start(["release", "--lease", leaseId, "--expect-held"]);
  if (code === EXIT.lost) error("the lease was lost while the job ran: others may have used the environment");
  return code;
}

/** What the process that renewed had to say. */
function renewals(log: string | undefined): string {
  try {
    return readFileSync(log ?? "", "utf8");
  } catch {
    return "";
  }
}
