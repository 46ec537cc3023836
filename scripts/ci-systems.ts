// What CI systems tell of a run, in every language's own form, made from clients/ci-systems.json: `npm run generate` writes it, `npm run
// check` compares. Python and Go read the JSON itself, from a copy in their package.
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { javaOf } from "./ci-systems/java.ts";
import type { Row } from "./ci-systems/row.ts";
import { withShell } from "./ci-systems/shell.ts";
import { type Outcome, root } from "./tools.ts";

const SOURCE = "clients/ci-systems.json";

/** The files, by their paths in the checkout, and how each is made of the table's text and rows, and of what is there. */
const MADE: Readonly<Record<string, (text: string, rows: readonly Row[], before: string) => string>> = {
  "gen/ts/ci-systems.ts": (text) => `// Made from ${SOURCE} by npm run generate.\nexport const SYSTEMS = ${text.trimEnd()} as const;\n`,
  "clients/go/ci_systems.json": (text) => text,
  "clients/python/src/callme/ci_systems.json": (text) => text,
  "clients/java/client/src/main/java/dev/callme/client/CiSystems.java": (_, rows) => javaOf(SOURCE, rows),
  "integrations/plain/with-lock.sh": (_, rows, before) => withShell(SOURCE, rows, before),
};

/** Writes them all. */
export function writeSystems(): Outcome {
  for (const [file, text] of made()) writeFileSync(path.join(root, file), text);
  return { ok: true, output: "" };
}

/** Whether what is there is what would be written now. */
export function systemsAreFresh(): Outcome {
  const stale = [...made()].filter(([file, text]) => contentOf(file) !== text);
  return { ok: stale.length === 0, output: stale.map(([file]) => `stale: ${file}`).join("\n") };
}

function* made(): Generator<[string, string]> {
  const text = contentOf(SOURCE);
  const rows = JSON.parse(text) as Row[];
  for (const [file, make] of Object.entries(MADE)) yield [file, make(text, rows, contentOf(file))];
}

/** Empty if there is no such file yet. */
function contentOf(file: string): string {
  try {
    return readFileSync(path.join(root, file), "utf8");
  } catch {
    return "";
  }
}
