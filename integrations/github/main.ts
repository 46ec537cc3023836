/**
 * The GitHub Action: the command line, called as a step's inputs say. `npm run generate` bundles it into index.js, which is started three
 * times: by the runner as the step, by us as the process that renews the lease, and by the runner again as the step's post step.
 */
import { start } from "../../cli/main.ts";
import { type Inputs, readInputs } from "./inputs.ts";
import { holdForJob } from "./job.ts";
import { giveBack } from "./post.ts";
import { AS_COMMAND, commandFile, error, putOnPath, stateOf, writeScript } from "./runner.ts";

async function main(): Promise<number> {
  const [marker, ...args] = process.argv.slice(2);
  if (marker === AS_COMMAND) return await start(args);
  if (stateOf("step") !== undefined) return await giveBack();
  commandFile("STATE", { step: "begun" });
  const inputs = readInputs(process.env);
  if (typeof inputs === "string") {
    error(inputs);
    return 2;
  }
  putOnPath();
  return await act(inputs);
}

async function act({ environments, holds, options, script }: Inputs): Promise<number> {
  if (!holds) return 0;
  if (script === undefined) return await holdForJob(environments, options);
  return await start(["exec", ...options, ...environments, "--", "bash", "--noprofile", "--norc", "-eo", "pipefail", writeScript(script)]);
}

// As cli/bin.js: nothing that still waits to be written keeps us.
process.exit(await main());
