import { type SpawnSyncOptions, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import process from "node:process";

/** The root of the checkout. */
export const root: string = path.dirname(import.meta.dirname);

/** How a tool ended, and what it printed. */
export interface Outcome {
  ok: boolean;
  output: string;
}

/** Runs a tool of node_modules/.bin in the checkout, on this very Node (the host's own may be too old). Never throws. */
export function tool(name: string, args: string[], cwd: string = root): Outcome {
  const bin = path.join(root, "node_modules", ".bin");
  if (!existsSync(path.join(bin, name))) return { ok: false, output: `${name} is not installed; run: npm ci` };
  const search = [bin, path.dirname(process.execPath), process.env["PATH"]].join(path.delimiter);
  const windows = process.platform === "win32";
  return run(windows ? name : path.join(bin, name), args, { cwd, env: { ...process.env, PATH: search }, shell: windows });
}

/** Runs one of our own scripts on this very Node. Never throws. */
export function script(file: string, args: string[]): Outcome {
  return run(process.execPath, [path.join(root, file), ...args], { cwd: root });
}

function run(file: string, args: string[], options: SpawnSyncOptions): Outcome {
  const done = spawnSync(file, args, { ...options, encoding: "utf8", maxBuffer: 64 * 1024 * 1024, stdio: ["ignore", "pipe", "pipe"] });
  return { ok: done.status === 0, output: [done.stdout, done.stderr, done.error?.message].filter(Boolean).join("\n").trim() };
}
