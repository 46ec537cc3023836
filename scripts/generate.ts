// npm run generate                  writes gen/ from proto/, and the GitHub Action's bundle from integrations/github and cli/
// npm run generate -- --baseline    declares today's proto/ to be the contract that `buf breaking` compares with
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { type Outcome, root, script, tool } from "./tools.ts";

/** The contract that changes are compared with: a committed image of proto/, without comments. */
export const baseline = path.join("proto", "baseline.binpb");

/** Writes the generated code below `folder`, as gen/… (what was in gen/ts there before is removed). */
export function generate(folder: string = root): Outcome {
  return tool("buf", ["generate", "--output", folder]);
}

/** Where the GitHub Action's one file lies. */
export const action = path.join("integrations", "github", "index.js");

/** Writes the GitHub Action's one file below `folder`. */
export function bundleAction(folder: string = root): Outcome {
  return script("scripts/bundle.ts", ["--action", path.join(folder, action)]);
}

function renewBaseline(): Outcome {
  return tool("buf", ["build", "--exclude-source-info", "--output", baseline]);
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { baseline: { type: "boolean", default: false } } });
  const outcomes = values.baseline ? [renewBaseline()] : [generate(), bundleAction()];
  for (const { output } of outcomes) if (output !== "") process.stderr.write(`${output}\n`);
  process.exitCode = outcomes.every(({ ok }) => ok) ? 0 : 1;
}
