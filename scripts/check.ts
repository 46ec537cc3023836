// npm run check: all that must hold and needs no running server. One line per check; the output of those that fail.
import { existsSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { accessSchemaIsFresh } from "./access-schema.ts";
import { actionFreshness } from "./action.ts";
import { systemsAreFresh } from "./ci-systems.ts";
import { fleetSchemaIsFresh } from "./fleet-schema.ts";
import { baseline, contents, type Generated, generated } from "./generate.ts";
import { noticesSchemaIsFresh } from "./notices-schema.ts";
import { openapiIsFresh } from "./openapi.ts";
import { pageIsFresh } from "./page.ts";
import { languages } from "./toolchains.ts";
import { root, tool } from "./tools.ts";

interface Check {
  name: string;
  run: () => Generated;
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
  ...languages.map((language) => ({
    name: `generated code is fresh (gen/${language})`,
    run: () => freshness(language),
    remedy: "npm run generate",
  })),
  { name: "the OpenAPI document is fresh (gen/openapi)", run: openapiIsFresh, remedy: "npm run generate" },
  { name: "the schema of access rules is fresh (gen/schema)", run: accessSchemaIsFresh, remedy: "npm run generate" },
  { name: "the schema of notices is fresh (gen/schema)", run: noticesSchemaIsFresh, remedy: "npm run generate" },
  { name: "the schema of fleet files is fresh (gen/schema)", run: fleetSchemaIsFresh, remedy: "npm run generate" },
  { name: "the table of CI systems is the same everywhere", run: systemsAreFresh, remedy: "npm run generate" },
  { name: "the GitHub Action's bundle is fresh", run: actionFreshness, remedy: "npm run generate" },
  { name: "the page's bundle is fresh (gen/page)", run: pageIsFresh, remedy: "npm run generate -- --only ts" },
  {
    name: "style and layers (biome)",
    run: () => tool("biome", ["ci", "--error-on-warnings", "--colors=off"]),
    remedy: "what can be fixed by itself: npm run format",
  },
  { name: "the layer rules bite (planted violations)", run: () => tool("vitest", ["run", "test/project", "--reporter=dot"]) },
  { name: "types (tsc)", run: () => tool("tsc", ["--project", "tsconfig.json", "--pretty", "false"]) },
  { name: "types of the page (tsc)", run: () => tool("tsc", ["--project", "web", "--pretty", "false"]) },
  { name: "types of the example's page (tsc)", run: () => tool("tsc", ["--project", "examples/browser", "--pretty", "false"]) },
  { name: "nothing unused, nothing undeclared (knip)", run: () => tool("knip", ["--no-progress"]) },
];

/** Generates again into a temporary folder and names each file that differs from the committed one. */
function freshness(language: string): Generated {
  return generated(language, (folder) => {
    const home = path.join(root, "gen", language);
    const [fresh, committed] = [contents(folder), existsSync(home) ? contents(home) : new Map<string, string>()];
    const stale = [...new Set([...fresh.keys(), ...committed.keys()])].filter((file) => fresh.get(file) !== committed.get(file));
    return { ok: stale.length === 0, output: stale.map((file) => `stale: ${path.join("gen", language, file)}`).join("\n") };
  });
}

let failed = 0;
for (const { name, run, remedy } of checks) {
  const { ok, output, missing } = run();
  if (missing !== undefined) {
    process.stdout.write(`! ${name}: left out, ${missing}\n`);
    continue;
  }
  process.stdout.write(`${ok ? "✓" : "✗"} ${name}\n`);
  if (ok) continue;
  failed += 1;
  const lines = [output, ...(remedy === undefined ? [] : [`→ ${remedy}`])].join("\n").split("\n");
  process.stdout.write(`${lines.map((line) => `    ${line}`.trimEnd()).join("\n")}\n`);
}
if (failed > 0) process.stdout.write(`${failed} of ${checks.length} checks failed\n`);
process.exitCode = failed > 0 ? 1 : 0;
