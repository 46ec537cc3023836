import type { StdioOptions } from "node:child_process";
import { existsSync } from "node:fs";
import type { Origin } from "./origin.ts";

/** How to start a command, and what opens the gate before it. */
export interface Start {
  readonly file: string;
  readonly args: readonly string[];
  readonly stdio: StdioOptions;
  /** The descriptor that the gate reads `words` from; undefined: there is no gate. */
  readonly gate: { readonly descriptor: number; readonly words: Buffer } | undefined;
}

const ENV = "/usr/bin/env";

/**
 * Starts the command behind a gate: a shell that waits to be told that the guard knows its group, restores what Node has changed of what the
 * caller gave us, and becomes the command. If we die before that, nothing is run at all.
 */
export function startOf(command: readonly string[], env: Readonly<Record<string, string | undefined>>, origin: Origin): Start {
  const { descriptors } = origin;
  const descriptor = [3, 4, 5, 6, 7, 8, 9].find((number) => !descriptors.includes(number));
  // A shell hands on only variables that it could name itself, and drops GitHub's INPUT_MY-NAME: env(1) brings these along.
  const odd = Object.entries(env).filter(([name, value]) => value !== undefined && !/^[A-Za-z_]\w*$/.test(name));
  const fits = odd.length === 0 || (existsSync(ENV) && !command[0]?.includes("="));
  if (process.platform === "win32" || !existsSync("/bin/sh") || !fits || descriptor === undefined) {
    const [file = "", ...args] = command;
    return { file, args, stdio: stdioOf(descriptors), gate: undefined };
  }
  const pairs = odd.map(([name, value]) => ({ given: `${name}=${value}`, raw: prefixed(`${name}=`, origin.variable(name, value ?? "")) }));
  const raw = [...pairs.map((pair) => pair.raw), ...origin.lastArguments(command)];
  const words = [
    ...(origin.openFiles === undefined ? [] : [`ulimit -S -n ${origin.openFiles}`]),
    ...origin.ignored.map((signal) => `trap '' ${signal.slice("SIG".length)}`),
    ...exportsOf(env, origin),
    ["exec", ...(odd.length > 0 ? [ENV] : []), ...(raw.some((one) => one !== undefined) ? raw.map(wordOf) : ['"$@"'])].join(" "),
  ].join("; ");
  const script = `IFS= read -r CALL_ME_GATE <&${descriptor} && exec ${descriptor}<&- && eval "unset CALL_ME_GATE; $CALL_ME_GATE"`;
  // Its name for itself is where the words find a line break, since they are one line.
  const name = words.includes(NEWLINE) ? "\n" : "call-me";
  return {
    file: "/bin/sh",
    args: ["-c", script, name, ...pairs.map((pair) => pair.given), ...command],
    stdio: stdioOf(descriptors, descriptor),
    gate: { descriptor, words: Buffer.from(`${words}\n`, "latin1") },
  };
}

/** A line break, within single quotes. */
const NEWLINE = `'"$0"'`;

/** An argument as the shell has it, or if that would not be what was given, its bytes. */
function wordOf(raw: string | undefined, index: number): string {
  return raw === undefined ? `"\${${index + 1}}"` : quoted(raw);
}

function quoted(raw: string): string {
  return `'${raw.replaceAll("'", `'\\''`).replaceAll("\n", NEWLINE)}'`;
}

function prefixed(prefix: string, raw: string | undefined): string | undefined {
  return raw === undefined ? undefined : Buffer.from(prefix).toString("latin1") + raw;
}

function exportsOf(env: Readonly<Record<string, string | undefined>>, origin: Origin): string[] {
  return Object.entries(env).flatMap(([name, value = ""]) => {
    const raw = /^[A-Za-z_]\w*$/.test(name) ? origin.variable(name, value) : undefined;
    return raw === undefined ? [] : [`${name}=${quoted(raw)}`, `export ${name}`];
  });
}

/** Ours, the caller's others, and the gate's. */
function stdioOf(descriptors: readonly number[], gate?: number): StdioOptions {
  const last = Math.max(2, gate ?? 2, ...descriptors);
  return Array.from({ length: last + 1 }, (_, number) =>
    number === gate ? "pipe" : number <= 2 ? "inherit" : descriptors.includes(number) ? number : "ignore",
  );
}
