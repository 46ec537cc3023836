import { type SpawnSyncOptionsWithStringEncoding, type SpawnSyncReturns, spawnSync } from "node:child_process";
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

/** Where a tool runs, and what it finds. */
export interface Surroundings {
  /** The checkout, if left out. */
  cwd?: string;
  /** Folders to look for programs in, before all others. */
  search?: string[];
  /** Added to our own environment. */
  env?: Record<string, string>;
  /** How long it may take, in ms; for ever, if left out. */
  patience?: number;
}

const windows = process.platform === "win32";

/** Runs a tool of node_modules/.bin in the checkout, on this very Node (the host's own may be too old). Never throws. */
export function tool(name: string, args: string[], { cwd = root, search = [], env = {} }: Surroundings = {}): Outcome {
  const bin = path.join(root, "node_modules", ".bin");
  if (!existsSync(path.join(bin, name))) return { ok: false, output: `${name} is not installed; run: npm ci` };
  const all = [...search, bin, path.dirname(process.execPath), process.env["PATH"]].join(path.delimiter);
  return outcome(spawnSync(windows ? name : path.join(bin, name), args, { ...quiet, cwd, env: { ...process.env, ...env, PATH: all } }));
}

/** Runs a program of the machine itself. Never throws. */
export function program(name: string, args: string[], { cwd = root, env = {}, patience }: Surroundings = {}): Outcome {
  return outcome(spawnSync(name, args, { ...quiet, cwd, env: { ...process.env, ...env }, timeout: patience }));
}

/** Whether the machine has a program of this name. */
export function onMachine(name: string): boolean {
  return (process.env["PATH"] ?? "").split(path.delimiter).some((folder) => folder !== "" && existsSync(path.join(folder, name)));
}

const quiet: SpawnSyncOptionsWithStringEncoding = {
  encoding: "utf8",
  maxBuffer: 64 * 1024 * 1024,
  shell: windows,
  stdio: ["ignore", "pipe", "pipe"],
};

function outcome(done: SpawnSyncReturns<string>): Outcome {
  return { ok: done.status === 0, output: [done.stdout, done.stderr, done.error?.message].filter(Boolean).join("\n").trim() };
}
