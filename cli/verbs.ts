import type { CommandClass } from "./clipanion.ts";
import type { Context } from "./context.ts";

/** One verb of the command line; it is loaded only when it is wanted, so that each starts as quickly as its own needs allow. */
export type Verb = () => Promise<CommandClass<Context>>;

/** Every verb, by the words that call it. */
export const VERBS: Readonly<Record<string, Verb>> = {
  acquire: async () => (await import("./commands/acquire.ts")).AcquireCommand,
  check: async () => (await import("./commands/check.ts")).CheckCommand,
  completion: async () => (await import("./commands/completion.ts")).CompletionCommand,
  doctor: async () => (await import("./commands/doctor.ts")).DoctorCommand,
  "env apply": async () => (await import("./commands/env/apply.ts")).EnvApplyCommand,
  "env clean": async () => (await import("./commands/env/clean.ts")).EnvCleanCommand,
  "env delete": async () => (await import("./commands/env/delete.ts")).EnvDeleteCommand,
  "env list": async () => (await import("./commands/env/list.ts")).EnvListCommand,
  "env schema": async () => (await import("./commands/env/schema.ts")).EnvSchemaCommand,
  "env set-state": async () => (await import("./commands/env/set-state.ts")).EnvSetStateCommand,
  exec: async () => (await import("./commands/exec.ts")).ExecCommand,
  extend: async () => (await import("./commands/extend.ts")).ExtendCommand,
  "force-release": async () => (await import("./commands/force-release.ts")).ForceReleaseCommand,
  history: async () => (await import("./commands/history.ts")).HistoryCommand,
  "keys create": async () => (await import("./commands/keys/create.ts")).KeysCreateCommand,
  "keys list": async () => (await import("./commands/keys/list.ts")).KeysListCommand,
  "keys revoke": async () => (await import("./commands/keys/revoke.ts")).KeysRevokeCommand,
  "keys rotate": async () => (await import("./commands/keys/rotate.ts")).KeysRotateCommand,
  "notices list": async () => (await import("./commands/notices/list.ts")).NoticesListCommand,
  "notices retry": async () => (await import("./commands/notices/retry.ts")).NoticesRetryCommand,
  "notices drop": async () => (await import("./commands/notices/drop.ts")).NoticesDropCommand,
  "notices test": async () => (await import("./commands/notices/test.ts")).NoticesTestCommand,
  "notices schema": async () => (await import("./commands/notices/schema.ts")).NoticesSchemaCommand,
  "keys schema": async () => (await import("./commands/keys/schema.ts")).KeysSchemaCommand,
  queue: async () => (await import("./commands/queue.ts")).QueueCommand,
  release: async () => (await import("./commands/release.ts")).ReleaseCommand,
  renew: async () => (await import("./commands/renew.ts")).RenewCommand,
  request: async () => (await import("./commands/acquire.ts")).AcquireCommand,
  reserve: async () => (await import("./commands/reserve.ts")).ReserveCommand,
  serve: async () => (await import("./commands/serve.ts")).ServeCommand,
  stats: async () => (await import("./commands/stats.ts")).StatsCommand,
  status: async () => (await import("./commands/status.ts")).StatusCommand,
  wait: async () => (await import("./commands/wait.ts")).WaitCommand,
  watch: async () => (await import("./commands/watch.ts")).WatchCommand,
  whoami: async () => (await import("./commands/whoami.ts")).WhoAmICommand,
};

/** The commands that may be meant: the one verb that `args` begin with, or all of them, as `--help` wants. */
export async function commandsFor(args: readonly string[]): Promise<CommandClass<Context>[]> {
  const known = new Map(Object.entries(VERBS));
  const verb = known.get(args.slice(0, 2).join(" ")) ?? known.get(args[0] ?? "");
  if (verb !== undefined) return [await verb()];
  return [...new Set(await Promise.all(Object.values(VERBS).map((load) => load())))];
}

/** Those that run a command. */
const RUNNING: readonly string[] = ["exec", "env clean"];

/** Parts a command line of one that runs a command at its `--`: what stands behind it is the command's own, down to the last option. */
export function partCommand(args: readonly string[]): { own: string[]; command: string[] } {
  const runs = RUNNING.some((verb) => verb === args.slice(0, verb.split(" ").length).join(" "));
  const at = runs ? args.indexOf("--") : -1;
  return at === -1 ? { own: [...args], command: [] } : { own: args.slice(0, at), command: args.slice(at + 1) };
}
