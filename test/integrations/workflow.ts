// What the runner of GitHub Actions makes of a workflow.
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { parseEnv } from "node:util";
import { type Env, JOBS } from "../cli/jobs.ts";
import type { Machine } from "./machine.ts";
import { parse } from "./pages.ts";
import { filled, filledEnv, legsOf, PACKAGE, type Parsed, type Play } from "./play.ts";

/** actions/runner: jobs one after the other, each leg of a matrix with variables of its own. */
export const github: Play = async ([workflow], machine) => {
  const { GITHUB_REPOSITORY = "", GITHUB_REF = "" } = JOBS["GitHub Actions"]?.env ?? {};
  const told = { "github.repository": GITHUB_REPOSITORY, "github.ref": GITHUB_REF };
  const known: Env = { "secrets.CALL_ME_API_KEY": machine.server.key, "vars.CALL_ME_PACKAGE": PACKAGE, ...told };
  for (const [id, job] of Object.entries<Parsed>(workflow.jobs)) {
    // Where the job may, the runner tells its steps where to ask for a token.
    const identified = (job.permissions ?? workflow.permissions)?.["id-token"] === "write" ? machine.tokens?.env : undefined;
    for (const [index, leg] of legsOf(job.strategy?.matrix).entries()) {
      const matrix = Object.entries(leg).map(([name, value]) => [`matrix.${name}`, value]);
      const runner = new Runner(machine, { ...known, "strategy.job-index": String(index), ...Object.fromEntries(matrix) });
      await runner.run(job, { ...workflow.env, ...identified });
      for (const [name, value] of Object.entries(job.outputs ?? {})) known[`needs.${id}.outputs.${name}`] = runner.filled(value);
    }
  }
};

/** The inputs that a description of an action gives a value to. */
export function defaultsOf({ inputs }: Parsed): Env {
  const entries = Object.entries<Parsed>(inputs).filter(([, input]) => input.default !== undefined);
  return Object.fromEntries(entries.map(([name, input]) => [name, String(input.default)]));
}

const EXPRESSION = /\$\{\{(.*?)\}\}/g;
const FILES = ["OUTPUT", "STATE", "ENV", "PATH"] as const;
type Files = Readonly<Record<(typeof FILES)[number], string>>;

/** One job: its steps share what they write to the runner's files. */
class Runner {
  readonly #machine: Machine;
  /** What expressions may name. */
  readonly #values: Record<string, string>;
  #env: Env = {};
  #search: string[] = [];

  constructor(machine: Machine, values: Record<string, string>) {
    this.#machine = machine;
    this.#values = values;
  }

  filled(text: unknown): string {
    return filled(text, EXPRESSION, this.#values);
  }

  /** Runs its steps up to the first that fails, then the post steps of all that have begun, last one first. */
  async run(job: Parsed, common: Parsed): Promise<void> {
    const posts: (() => Promise<void>)[] = [];
    try {
      for (const step of job.steps) {
        const files = this.#files();
        const env = { ...filledEnv({ ...common, ...job.env, ...step.env }, EXPRESSION, this.#values) };
        // ScriptHandler: bash -e unless the step says which shell.
        if (step.run !== undefined) await this.#start({ shell: ["bash", "-e", "{}"], text: step.run }, env, files);
        else if (!/\/integrations\/github@/.test(step.uses)) continue;
        else posts.unshift(await this.#act(step, env, files));
        this.#read(step.id, files);
      }
    } finally {
      for (const post of posts) await post();
    }
  }

  /** Runs our action's step, and gives its post step. NodeScriptActionHandler: the same file, with what it saved. */
  async #act(step: Parsed, env: Env, files: Files): Promise<() => Promise<void>> {
    const script = { shell: [process.execPath, path.resolve("integrations/github/index.js")], text: "" };
    const [description] = parse(readFileSync("integrations/github/action.yml", "utf8")) as Parsed[];
    const given = { ...defaultsOf(description), ...filledEnv(step.with, EXPRESSION, this.#values) };
    const inputs = Object.entries(given).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]);
    await this.#start(script, { ...env, ...Object.fromEntries(inputs) }, files);
    const saved = Object.entries(parseEnv(readFileSync(files.STATE, "utf8"))).map(([name, value]) => [`STATE_${name}`, value ?? ""]);
    return () => this.#start(script, Object.fromEntries(saved), this.#files());
  }

  async #start(script: { shell: string[]; text: string }, more: Env, files: Files): Promise<void> {
    const told = Object.entries(files).map(([name, file]) => [`GITHUB_${name}`, file]);
    const PATH = [...this.#search, this.#machine.env({})["PATH"]].join(path.delimiter);
    const runner = { PATH, RUNNER_TEMP: this.#machine.directory(), ...Object.fromEntries(told) };
    await this.#machine.run({ ...script, env: { ...JOBS["GitHub Actions"]?.env, ...runner, ...this.#env, ...more } });
  }

  #files(): Files {
    const folder = this.#machine.directory();
    const files = Object.fromEntries(FILES.map((name) => [name, path.join(folder, name)])) as Files;
    for (const file of Object.values(files)) writeFileSync(file, "");
    return files;
  }

  #read(id: string | undefined, files: Files): void {
    for (const [name, value] of Object.entries(parseEnv(readFileSync(files.OUTPUT, "utf8"))))
      this.#values[`steps.${id}.outputs.${name}`] = value ?? "";
    this.#env = { ...this.#env, ...(parseEnv(readFileSync(files.ENV, "utf8")) as Env) };
    this.#search = [...readFileSync(files.PATH, "utf8").split("\n").filter(Boolean), ...this.#search];
  }
}
