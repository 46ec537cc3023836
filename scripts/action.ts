// The GitHub Action's one file, made from integrations/github and cli/. `npm run generate` writes it, `npm run check` compares.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { type Outcome, program, root } from "./tools.ts";

const FILE = path.join("integrations", "github", "index.js");

/** Writes it, below `folder`. */
export function bundleAction(folder: string): Outcome {
  return program(process.execPath, [path.join(root, "scripts", "bundle.ts"), "--action", path.join(folder, FILE)]);
}

/** Whether the committed one is what would be written now. */
export function actionFreshness(): Outcome {
  const folder = mkdtempSync(path.join(os.tmpdir(), "call-me-action-"));
  try {
    const bundled = bundleAction(folder);
    if (!bundled.ok) return bundled;
    const [fresh, committed] = [folder, root].map((at) => readFileSync(path.join(at, FILE), "utf8"));
    return fresh === committed ? bundled : { ok: false, output: `stale: ${FILE}` };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
