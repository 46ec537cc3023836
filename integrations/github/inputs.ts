/** What a step of a workflow says to the action. */
export interface Inputs {
  /** As `acquire` and `exec` take them. */
  readonly environments: readonly string[];
  /** Whether anything is to be held, by name or by selector; if not, only the command line is wanted. */
  readonly holds: boolean;
  /** For `acquire` and `exec`. */
  readonly options: readonly string[];
  /** What to run while they are held; undefined: they are held until the job ends. */
  readonly script: string | undefined;
}

/** Inputs that are options of the command line, under the same name. */
const OPTIONS = [
  ...["selector", "count", "slots", "ttl", "max-hold", "queue-timeout", "wait", "pool", "priority", "supersede-key", "supersede", "reason"],
  "keep-on-failure",
];

type Env = Record<string, string | undefined>;

/**
 * Reads the inputs and takes them out of `env`, so that no child sees the key; address and key go to where the command line looks for
 * them. A text instead says what is wrong with which input.
 */
export function readInputs(env: Env): Inputs | string {
  const input = (name: string) => env[`INPUT_${name.toUpperCase()}`]?.trim() || undefined;
  const environments = input("environment")?.split(/\s+/) ?? [];
  const holds = environments.length > 0 || input("selector") !== undefined;
  const script = input("run");
  const url = input("url") ?? env["CALL_ME_URL"];
  const fail = input("fail-if-busy") ?? "false";
  if (!holds && script !== undefined) return "input environment is missing: say what to hold while `run` runs, or give a selector";
  const option = environments.find((name) => name.startsWith("-"));
  // It may come from a form that anybody fills in: an option such as --url would give the key away.
  if (option !== undefined) return `input environment has ${JSON.stringify(option)} in it: names of environments only, none begins with -`;
  if (holds && !url) return "input url is missing, and CALL_ME_URL is not set: say where the server is";
  if (!/^(true|false)$/.test(fail)) return `input fail-if-busy is ${JSON.stringify(fail)}; write true or false`;
  if (input("keep-on-failure") && script === undefined)
    return "input keep-on-failure needs `run`: without it the action cannot know of a failure";
  const options = OPTIONS.flatMap((name) => (input(name) === undefined ? [] : [`--${name}=${input(name)}`]));
  if (fail === "true") options.push("--fail");
  const key = input("api-key");
  const audience = input("audience");
  for (const name of Object.keys(env)) if (name.startsWith("INPUT_")) delete env[name];
  if (url) env["CALL_ME_URL"] = url;
  if (key !== undefined) env["CALL_ME_API_KEY"] = key;
  if (audience !== undefined) env["CALL_ME_AUDIENCE"] = audience;
  return { environments, holds, options, script };
}
