import { readFileSync } from "node:fs";
import process from "node:process";
import { Writable } from "node:stream";
import { start } from "../../cli/main.ts";
import { error, stateOf } from "./runner.ts";

/** Gives back what the step took. Fails if that was lost while the job ran: what the job has seen since then may be another job's doing. */
export async function giveBack(): Promise<number> {
  const leaseId = stateOf("lease-id");
  if (leaseId === undefined) return 0;
  // By the token alone: it is all that the post step of a cancelled job can count on.
  Object.assign(process.env, { CALL_ME_URL: stateOf("url"), CALL_ME_LEASE_TOKEN: stateOf("lease-token") });
  for (const name of ["CALL_ME_API_KEY", "API_KEY"]) delete process.env[name];
  process.stderr.write(renewals(stateOf("log")));
  let answer = "";
  const stdout = new Writable({
    write(chunk, _, done) {
      answer += chunk;
      done();
    },
  });
  const code = await start(["release", "--lease", leaseId, "--json"], stdout);
  if (code !== 0) return code;
  const { lease, alreadyEnded }: { lease: { endReason: string }; alreadyEnded: boolean } = JSON.parse(answer);
  const lost = alreadyEnded && lease.endReason !== "END_REASON_RELEASED";
  if (lost)
    error(`the lease was lost while the job ran (${lease.endReason.replace("END_REASON_", "")}): others may have used the environment`);
  return lost ? 1 : 0;
}

/** What the process that renewed had to say. */
function renewals(log: string | undefined): string {
  try {
    return readFileSync(log ?? "", "utf8");
  } catch {
    return "";
  }
}
