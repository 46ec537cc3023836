import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import path from "node:path";
import { variableName } from "../../cli/ci/handoff.ts";
import { start } from "../../cli/main.ts";
import { OtherProcess } from "../../cli/process/other.ts";
import { AS_COMMAND, commandFile, outputs, temporary } from "./runner.ts";

/**
 * The runner's worker: our parent as we begin. Once it is dead our parent would be another one. In a job's container it is not to be seen
 * (0).
 */
const WORKER = process.ppid;

/** Takes the environments for the rest of the job: later steps know of them, the post step gives them back. The exit code. */
export async function holdForJob(environments: readonly string[], options: readonly string[]): Promise<number> {
  const code = await acquire(["acquire", ...options, ...environments, "--output", "github"]);
  if (code !== 0) return code;
  const lease = outputs();
  const url = process.env["CALL_ME_URL"] ?? "";
  const log = path.join(temporary(), `call-me-${lease["lease-id"]}.log`);
  // Before anything else: whatever becomes of this step, its post step can give the lease back.
  commandFile("STATE", { url, log, "lease-id": lease["lease-id"] ?? "", "lease-token": lease["lease-token"] ?? "" });
  const named = Object.entries(lease).map(([name, value]) => [variableName(name), value]);
  const variables: Record<string, string> = { CALL_ME_URL: url, ...Object.fromEntries(named) };
  commandFile("ENV", variables);
  await keep(variables, log);
  return 0;
}

/** Waits in line only as long as the worker lives: without it nobody would ever give the lease back. */
async function acquire(args: string[]): Promise<number> {
  const acquired = new AbortController();
  if (WORKER > 1) {
    void OtherProcess.of(`${WORKER}`)
      .ended(acquired.signal)
      .then(() => acquired.signal.aborted || process.kill(process.pid, "SIGTERM"));
  }
  const code = await start(args);
  acquired.abort();
  return code;
}

/**
 * Starts the process that renews the lease: this same file, as `call-me renew --while` the runner's worker, which lives as long as the job.
 * If the post step never comes the lease so ends by itself, a ttl after the worker; the runner's own clean-up knows our process by
 * RUNNER_TRACKING_ID. In a job's container it is process 1, which lives as long as the container.
 */
async function keep(variables: Readonly<Record<string, string>>, log: string): Promise<void> {
  const env: NodeJS.ProcessEnv = { ...process.env, ...variables };
  // The token suffices, and the log is a file, which takes no orders.
  for (const name of ["CALL_ME_API_KEY", "API_KEY", "CALL_ME_ID_TOKEN", "GITHUB_ACTIONS"]) delete env[name];
  const words = openSync(log, "a");
  const args = [process.argv[1] ?? "", AS_COMMAND, "renew", "--while", `${Math.max(WORKER, 1)}`];
  const keeper = spawn(process.execPath, args, { env, detached: true, stdio: ["ignore", words, words] });
  closeSync(words);
  await once(keeper, "spawn");
  keeper.unref();
}
