import { connect } from "../client.ts";
import type { Context } from "../context.ts";
import { readSettings } from "../settings.ts";
import { VERBS } from "../verbs.ts";
import { ROLES } from "../words/grants.ts";
import { ReadableCli } from "./readable.ts";

/** Nobody waits longer for a key stroke, in ms. */
const PATIENCE = 1_000;

/** What stands behind these is no environment. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  completion: ["bash", "zsh", "fish"],
  "--by": ["environment", "pool", "repository"],
  "--kind": ["granted", "released", "expired", "force_released", "abandoned", "timed_out", "state_changed", "environment_changed"],
  "--outcome": ["ok", "failed", "broken"],
  "--role": ROLES,
  "--output": ["env", "dotenv", "github", "gitlab", "json"],
};
const STATES = ["available", "draining", "maintenance", "dirty", "quarantined"];

/** Verbs whose words are environments, and how many they take. */
const TAKERS: Readonly<Record<string, number>> = {
  acquire: Infinity,
  request: Infinity,
  exec: Infinity,
  wait: Infinity,
  check: 1,
  release: 1,
  watch: 1,
  status: 1,
  queue: 1,
  history: 1,
  stats: 1,
  "env clean": 1,
  "env delete": 1,
  "env set-state": 1,
};
/** Verbs whose word is the id of a key. */
const OF_KEYS = ["keys rotate", "keys revoke"];

/**
 * `call-me __complete -- WORD…`: what the last word may become, a candidate per line, for the scripts of `call-me completion`. No verb of
 * its own: nobody types it, and no help names it. Silent whatever fails, because it speaks into somebody's half-typed line.
 */
export async function complete(args: readonly string[], context: Context): Promise<number> {
  const words = args[0] === "--" ? args.slice(1) : args;
  const typed = words.at(-1) ?? "";
  const candidates = await candidatesFor(words.slice(0, -1), typed, context).catch(() => []);
  // Names are others' words: one that a shell could misread is typed by hand.
  const fit = candidates.filter((word) => word.startsWith(typed) && /^[\w./:@-]+$/.test(word));
  if (fit.length > 0) context.stdout.write(`${[...new Set(fit)].join("\n")}\n`);
  return 0;
}

async function candidatesFor(before: readonly string[], typed: string, context: Context): Promise<readonly string[]> {
  // Behind -- is the user's own command.
  if (before.includes("--")) return [];
  const names = Object.keys(VERBS);
  const verb = names.find((name) => name === before.slice(0, 2).join(" ")) ?? names.find((name) => name === before[0]);
  if (verb === undefined) return verbsFrom(before, names);
  const options = await optionsOf(verb);
  if (typed.startsWith("-")) return options.flatMap((option) => option.match(/--[a-z][a-z-]*/g) ?? []);
  const last = before.at(-1) ?? "";
  if (last === "--environment") return await environmentsOf(context);
  if (options.some((option) => option.includes(`${last} #0`))) return WORDS[last] ?? [];
  const given = before.slice(verb.split(" ").length).filter((word) => !word.startsWith("-")).length;
  if (verb === "env set-state" && given === 1) return STATES;
  if (OF_KEYS.includes(verb)) return given === 0 ? await keysOf(context) : [];
  return given < (TAKERS[verb] ?? 0) ? await environmentsOf(context) : (WORDS[verb] ?? []);
}

/** The next words of the verbs that begin so: of `env`, those are its own verbs. */
function verbsFrom(before: readonly string[], names: readonly string[]): string[] {
  const begun = before.map((word) => `${word} `).join("");
  return names.filter((name) => name.startsWith(begun)).map((name) => name.slice(begun.length).split(" ", 1).join());
}

/** As clipanion defines them: "--ttl #0" takes a value, "--fail" doesn't. */
async function optionsOf(verb: string): Promise<string[]> {
  const cli = new ReadableCli({ binaryName: "call-me" });
  const load = VERBS[verb];
  if (load !== undefined) cli.register(await load());
  return cli.definitions().flatMap((definition) => definition.options.map((option) => option.definition));
}

/** Their names, from the server. */
async function environmentsOf(context: Context): Promise<string[]> {
  const { environments } = await servicesFor(context);
  const page = await environments.listEnvironments({ pageSize: 1000 }, { timeoutMs: PATIENCE });
  return page.environments.map(({ name }) => name);
}

/** Their ids, of those that were not revoked. */
async function keysOf(context: Context): Promise<string[]> {
  const { access } = await servicesFor(context);
  const { keys } = await access.listKeys({ pageSize: 1000 }, { timeoutMs: PATIENCE });
  return keys.filter(({ revokedAt }) => revokedAt === undefined).map(({ id }) => id);
}

/** With the settings of the shell, as no option is read here. */
async function servicesFor({ env, stdin }: Context) {
  return connect(await readSettings(env, { url: undefined, keyFile: undefined, stdin }));
}
