// The package as it is published, put together once for a run: what tests start as processes. It starts in half the time that the
// checkout's TypeScript takes, and is what users run. That the checkout itself starts is for test/cli/process.test.ts.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import path from "node:path";
import process from "node:process";

const root = path.resolve(import.meta.dirname, "..");
/** Set for the processes that run the tests. */
const VARIABLE = "PACKED_CALL_ME";

/** The command `call-me`: the package's, or where nobody has put one together (a benchmark) the checkout's. */
export const BIN = path.join(process.env[VARIABLE] ?? root, "cli/bin.js");

/** Puts together the package of a checkout, where it finds the checkout's dependencies; `remove` removes it. Throws if that fails. */
export function assemble(checkout: string): { readonly folder: string; readonly remove: () => void } {
  const parent = path.join(checkout, "node_modules/.cache/call-me");
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(path.join(parent, "package-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const { status } = spawnSync(process.execPath, ["scripts/bundle.ts", "--into", folder], { cwd: checkout, stdio: "inherit" });
  if (status === 0) return { folder, remove };
  remove();
  throw new Error("the package could not be put together: see above");
}

/** Puts it together for all tests; the function that it returns removes it. */
export default function pack(): () => void {
  const { folder, remove } = assemble(root);
  process.env[VARIABLE] = folder;
  return remove;
}
