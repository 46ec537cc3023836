import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { start } from "../../cli/main.ts";
import { commandFile, outputs, temporary } from "./runner.ts";

/** Takes the environments for the rest of the job: later steps know of them, the post step gives them back. The exit code. */
export async function hold(environments: readonly string[], options: readonly string[]): Promise<number> {
  const code = await start(["acquire", ...options, ...environments, "--output", "github"]);
  if (code !== 0) return code;
  const lease = outputs();
  const url = process.env["CALL_ME_URL"] ?? "";
  const log = path.join(temporary(), `call-me-${lease["lease-id"]}.log`);
  // Before anything else: whatever becomes of this step, its post step can give the lease back.
  commandFile("STATE", { url, log, "lease-id": lease["lease-id"] ?? "", "lease-token": lease["lease-token"] ?? "" });
  const named = Object.entries(lease).map(([name, value]) => [`CALL_ME_${name.toUpperCase().replaceAll("-", "_")}`, value]);
  const variables: Record<string, string> = { CALL_ME_URL: url, ...Object.fromEntries(named) };
  commandFile("ENV", variables);
  await keep(variables, log);
  return 0;
}

/**
 * Starts the process that renews the lease: this same file, as `call-me renew --while` the runner's worker, which is our parent and lives as
 * long as the job. If the post step never comes the lease so ends by itself, a ttl after the worker; the runner's own clean-up knows our
 * process by RUNNER_TRACKING_ID. In a job's container the worker is not to be seen: there process 1 lives as long as the job.
 */
async function keep(variables: Readonly<Record<string, string>>, log: string): Promise<void> {
  const env: NodeJS.ProcessEnv = { ...process.env, ...variables };
  // The token suffices, and the log is a file, which takes no orders.
  for (const name of ["CALL_ME_API_KEY", "API_KEY", "GITHUB_ACTIONS"]) delete env[name];
  const words = openSync(log, "a");
  const args = [process.argv[1] ?? "", "renew", "--while", `${Math.max(process.ppid, 1)}`];
  const keeper = spawn(process.execPath, args, { env, detached: true, stdio: ["ignore", words, words] });
  closeSync(words);
  await once(keeper, "spawn");
  keeper.unref();
}
