// npm run check: all that must hold and needs no running server. One line per check; the output of those that fail.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { action, baseline, bundleAction, generate } from "./generate.ts";
import { type Outcome, root, tool } from "./tools.ts";

interface Check {
  name: string;
  run: () => Outcome;
  /** What to do when it fails and the output alone doesn't tell. */
  remedy?: string;
}

const checks: Check[] = [
  { name: "contract is in style (buf lint)", run: () => tool("buf", ["lint"]) },
  {
    name: "contract breaks nobody (buf breaking)",
    run: () => tool("buf", ["breaking", "--against", baseline]),
    remedy: "if the change is meant (allowed before 1.0): npm run generate -- --baseline, and a line in CHANGELOG.md",
  },
  { name: "generated code is fresh (gen/ts)", run: freshness, remedy: "npm run generate" },
  { name: "the GitHub Action's bundle is fresh", run: actionFreshness, remedy: "npm run generate" },
  {
    name: "style and layers (biome)",
    run: () => tool("biome", ["ci", "--error-on-warnings", "--colors=off"]),
    remedy: "what can be fixed by itself: npm run format",
  },
  { name: "the layer rules bite (planted violations)", run: () => tool("vitest", ["run", "test/project", "--reporter=dot"]) },
  { name: "types (tsc)", run: () => tool("tsc", ["--project", "tsconfig.json", "--pretty", "false"]) },
  { name: "nothing unused, nothing undeclared (knip)", run: () => tool("knip", ["--no-progress"]) },
];

/** Generates again into a temporary folder and names each file that differs from the committed one. */
function freshness(): Outcome {
  const folder = mkdtempSync(path.join(os.tmpdir(), "call-me-generated-"));
  try {
    const generated = generate(folder);
    if (!generated.ok) return generated;
    const [fresh, committed] = [contents(path.join(folder, "gen", "ts")), contents(path.join(root, "gen", "ts"))];
    const stale = [...new Set([...fresh.keys(), ...committed.keys()])].filter((file) => fresh.get(file) !== committed.get(file));
    return { ok: stale.length === 0, output: stale.map((file) => `stale: ${path.join("gen", "ts", file)}`).join("\n") };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function actionFreshness(): Outcome {
  const folder = mkdtempSync(path.join(os.tmpdir(), "call-me-action-"));
  try {
    const bundled = bundleAction(folder);
    if (!bundled.ok) return bundled;
    const ok = readFileSync(path.join(folder, action), "utf8") === readFileSync(path.join(root, action), "utf8");
    return { ok, output: ok ? "" : `stale: ${action}` };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function contents(folder: string): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  return new Map(files.map((name) => [name, readFileSync(path.join(folder, name), "utf8")]));
}

let failed = 0;
for (const { name, run, remedy } of checks) {
  const { ok, output } = run();
  process.stdout.write(`${ok ? "✓" : "✗"} ${name}\n`);
  if (ok) continue;
  failed += 1;
  const lines = [output, ...(remedy === undefined ? [] : [`→ ${remedy}`])].join("\n").split("\n");
  process.stdout.write(`${lines.map((line) => `    ${line}`.trimEnd()).join("\n")}\n`);
}
if (failed > 0) process.stdout.write(`${failed} of ${checks.length} checks failed\n`);
process.exitCode = failed > 0 ? 1 : 0;
