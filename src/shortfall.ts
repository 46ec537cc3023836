/** Environments whose holders could not be given all that is configured: nobody new gets them before the server has it. */
import type { SetState } from "./core/command.ts";
import type { Environment } from "./core/model/environment.ts";
import { clipped } from "./core/model/text.ts";
import type { Engine } from "./engine/engine.ts";
import { lacking } from "./rpc/methods/variables.ts";

interface Log {
  warn(facts: object, text: string): void;
  error(facts: object, text: string): void;
}

/** What the reason of such an environment's state begins with; by it a later start knows its own. */
const REASON = "the server's environment lacks ";
/** How many names a line of the log has. */
const NAMED = 20;
/** How many are set in one transaction. */
const BATCH = 1_000;
const BY = { principal: "server" };

/**
 * At a start, and when a configuration file was applied: takes out of service what is AVAILABLE and lacks a variable, and puts back what was
 * taken out like that and lacks nothing any more. Who holds one keeps it. Never rejects: where it cannot be stored, holders are still told
 * what they lack.
 */
export async function withholdIncomplete(engine: Engine, secrets: ReadonlyMap<string, string>, log: Log): Promise<void> {
  const short = new Map<string, readonly string[]>();
  try {
    for (const { name: pool, sites } of engine.views.pools()) {
      const commands = [...sites.values()].flatMap(({ environment }): SetState[] => {
        const names = lacking(environment.config, secrets);
        if (names.length > 0) short.set(environment.config.name, names);
        return changeOf(environment, names) ?? [];
      });
      for (let from = 0; from < commands.length; from += BATCH)
        await engine.submitAll({ parts: commands.slice(from, from + BATCH).map((command) => ({ pool, command })) });
    }
  } catch (err) {
    log.error({ err }, "could not take out of service what lacks variables; its holders are told");
  }
  if (short.size === 0) return;
  const variables = [...new Set([...short.values()].flat())].sort();
  const shown = { environments: [...short.keys()].slice(0, NAMED), variables: variables.slice(0, NAMED) };
  log.warn(
    shown,
    `${short.size} environments have variables that are not set here: nobody new gets them before the server is started with these`,
  );
}

function changeOf({ config, state, stateReason, uncleaned }: Environment, names: readonly string[]): SetState[] | undefined {
  const set = (to: SetState["state"], reason: string): SetState[] => [
    { type: "setState", by: BY, environment: config.name, state: to, reason: clipped(reason) },
  ];
  if (names.length > 0) return state === "AVAILABLE" ? set("MAINTENANCE", `${REASON}${names.join(", ")}`) : undefined;
  if (state !== "MAINTENANCE" || !stateReason.startsWith(REASON)) return undefined;
  // What its last use left is still to be cleaned.
  return set(uncleaned === true ? "DIRTY" : "AVAILABLE", "");
}
