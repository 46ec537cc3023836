// What playing a CI system's file takes, whichever the system.
import type { Env } from "../cli/jobs.ts";
import type { Machine } from "./machine.ts";

/** A parsed file; what is in it is for its system to know. */
// biome-ignore lint/suspicious/noExplicitAny: a CI system's file has no type here
export type Parsed = any;

/** Plays a file on a machine, from its first job to its last. Rejects when a script fails. */
export type Play = (documents: Parsed[], machine: Machine) => Promise<void>;

export const PACKAGE = "package-of-call-me";

/** How long the tokens of a job are good, in s. */
export const TOKEN_LIFE = 300;

/** What the people who set the system up put into its store of variables and secrets: no key where jobs have tokens. */
export function store(machine: Machine): Env {
  const key = machine.tokens === undefined ? { CALL_ME_API_KEY: machine.server.key } : {};
  return { CALL_ME_URL: machine.server.url, ...key, CALL_ME_PACKAGE: PACKAGE };
}

/** Without the key for scripts that must do with the lease's token. */
export function rationed(machine: Machine, text: string): Env {
  const { CALL_ME_API_KEY: key = "", ...rest } = store(machine);
  return key !== "" && / (acquire|exec) /.test(text) ? { ...rest, CALL_ME_API_KEY: key } : rest;
}

/** The text with every expression replaced by what a dotted name stands for. */
export function filled(text: unknown, pattern: RegExp, values: Readonly<Record<string, string>>): string {
  return String(text).replace(pattern, (_, name: string) => {
    const value = values[name.trim()];
    if (value === undefined) throw new Error(`nothing is known of ${name}`);
    return value;
  });
}

export function filledEnv(env: Parsed, pattern: RegExp, values: Readonly<Record<string, string>>): Env {
  return Object.fromEntries(Object.entries(env ?? {}).map(([name, value]) => [name, filled(value, pattern, values)]));
}

/** Every combination of a matrix; one empty one where there is none. */
export function legsOf(matrix: Readonly<Record<string, string[]>> | undefined): Env[] {
  return Object.entries(matrix ?? {}).reduce<Env[]>(
    (legs, [name, values]) => legs.flatMap((leg) => values.map((value) => ({ ...leg, [name]: value }))),
    [{}],
  );
}
