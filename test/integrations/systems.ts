// What each CI system makes of its file: which scripts it runs, in which shell, with which variables, and what it hands from one to the next.
import { cpSync, readFileSync } from "node:fs";
import path from "node:path";
import { parseEnv } from "node:util";
import { type Env, JOBS } from "../cli/jobs.ts";
import type { Machine } from "./machine.ts";
import { filled, filledEnv, legsOf, PACKAGE, type Parsed, type Play, rationed, store, TOKEN_LIFE } from "./play.ts";
import { github } from "./workflow.ts";

/** gitlab-runner's bash: the lines one after the other, under pipefail and errexit. */
export const gitlab: Play = async ([file], machine) => {
  const { stages = [], variables = {}, default: _, ...jobs } = file;
  const order = [".pre", ...stages, "build", "test", "deploy", ".post"];
  const stage = (job: Parsed) => order.indexOf(job.stage ?? "test");
  let report: Env = {};
  for (const [name, job] of Object.entries<Parsed>(jobs).sort(([, a], [, b]) => stage(a) - stage(b))) {
    for (const leg of legsOf(job.parallel?.matrix?.[0])) {
      const directory = machine.directory();
      const text = ["set -eo pipefail", "set +o noclobber", ...job.script].join("\n");
      const plain = Object.entries<Parsed>({ ...variables, ...job.variables }).map(([key, value]) => [key, value.value ?? value]);
      // The project's variables go before those in the file.
      const { CALL_ME_URL: url = "", ...project } = rationed(machine, text);
      const env = {
        ...JOBS["GitLab"]?.env,
        CI_JOB_NAME: name,
        CALL_ME_URL: url,
        ...Object.fromEntries(plain),
        ...project,
        ...report,
        ...leg,
      };
      const tokens: Env = {};
      for (const [id, { aud }] of Object.entries<Parsed>(job.id_tokens ?? {})) {
        const audience = String(aud).replace(/\$(\w+)/g, (_, variable: string) => (env as Env)[variable] ?? "");
        tokens[id] = (await machine.tokens?.token(audience, TOKEN_LIFE)) ?? "";
      }
      await machine.run({ shell: ["bash", "{}"], text, env: { ...env, ...tokens }, directory });
      const dotenv = job.artifacts?.reports?.dotenv;
      if (dotenv) report = parseEnv(readFileSync(path.join(directory, dotenv), "utf8")) as Env;
    }
  }
};

/** buildkite-agent: all commands of a step in one bash -e -c; `pipeline upload` has made `$` of `$$`. */
const buildkite: Play = async ([file], machine) => {
  for (const step of file.steps) {
    const commands: string[] = step.commands ?? (step.command ? [step.command] : []);
    if (commands.length === 0) continue;
    const secrets = Object.fromEntries((step.secrets ?? []).map((name: string) => [name, store(machine)[name] ?? ""]));
    const text = commands.join("\n").replaceAll("$$", "$");
    const env = { ...JOBS["Buildkite"]?.env, ...file.env, ...secrets, CALL_ME_PACKAGE: PACKAGE };
    await machine.run({ shell: ["bash", "-e", "-c", text], text, env });
  }
};

/** CircleCI: bash -eo pipefail for each step, one directory a job, and the workspace between the jobs. */
const circleci: Play = async ([file], machine) => {
  const workspace = machine.directory();
  for (const entry of file.workflows.main.jobs) {
    const [name, { context }] = Object.entries<Parsed>(entry)[0] ?? ["", {}];
    const { executor, environment = file.executors?.[executor]?.environment, steps } = file.jobs[name];
    const directory = machine.directory();
    for (const step of steps) {
      if (step.persist_to_workspace)
        for (const kept of step.persist_to_workspace.paths)
          cpSync(path.join(directory, kept), path.join(workspace, kept), { recursive: true });
      if (step.attach_workspace) cpSync(workspace, directory, { recursive: true });
      if (!step.run) continue;
      const { CALL_ME_URL: _, ...known } = context ? rationed(machine, step.run) : { CALL_ME_URL: "" };
      const env = { ...JOBS["CircleCI"]?.env, ...environment, ...known };
      await machine.run({ shell: ["bash", "-eo", "pipefail", "{}"], text: step.run, env, directory });
    }
  }
};

/** Azure's Bash task: bash on a file, without -e. Secrets come through `env` alone; logging commands set the outputs. */
const azure: Play = async ([file], machine) => {
  const outputs: Record<string, string> = {};
  for (const job of file.jobs) {
    const variables = filledEnv(job.variables, /\$\[ dependencies\.(.*?) \]/g, outputs);
    const directory = machine.directory();
    for (const step of job.steps) {
      const secrets = filledEnv(step.env, /\$\((\w+)\)/g, store(machine));
      const env = { ...JOBS["Azure Pipelines"]?.env, ...file.variables, CALL_ME_PACKAGE: PACKAGE, ...variables, ...secrets };
      const said = await machine.run({ shell: ["bash", "{}"], text: step.bash, env, directory });
      for (const [, name, value = ""] of said.matchAll(/^##vso\[task\.setvariable variable=(\w+);isOutput=true\](.*)$/gm))
        outputs[`${job.job}.outputs['${step.name}.${name}']`] = value;
    }
  }
};

/** Tekton: a script without a #! gets `#!/bin/sh` and `set -e`, and is started with the step's args. */
const tekton: Play = async (documents, machine) => {
  const task = (name: string): Parsed => documents.find(({ kind, metadata }) => kind === "Task" && metadata.name === name)?.spec;
  const run = documents.find(({ kind }) => kind === "TaskRun");
  if (run) await tektonTask(task(run.spec.taskRef.name), run.spec.params, machine);
  const pipeline = documents.find(({ kind }) => kind === "Pipeline")?.spec;
  if (!pipeline) return;
  const known: Record<string, string> = { "params.package": PACKAGE };
  for (const { name, taskRef, taskSpec, params = [] } of [...pipeline.tasks, ...pipeline.finally]) {
    const given = params.map((one: Parsed) => ({ name: one.name, value: filled(one.value, /\$\((.*?)\)/g, known) }));
    const results = await tektonTask(taskSpec ?? task(taskRef.name), given, machine);
    for (const [result, value] of Object.entries(results)) known[`tasks.${name}.results.${result}`] = value;
  }
};

async function tektonTask(spec: Parsed, given: Parsed[], machine: Machine): Promise<Record<string, string>> {
  const [directory, results] = [machine.directory(), machine.directory()];
  const values: Record<string, string> = { "context.taskRun.namespace": "ci", "context.taskRun.name": "acceptance-x7" };
  for (const { name, default: value } of spec.params ?? []) if (value !== undefined) values[`params.${name}`] = value;
  for (const { name, value } of given) if (typeof value === "string") values[`params.${name}`] = name === "package" ? PACKAGE : value;
  for (const { name } of spec.results ?? []) values[`results.${name}.path`] = path.join(results, name);
  for (const step of spec.steps) {
    const pairs = (step.env ?? []).map(({ name, value, valueFrom }: Parsed) => [
      name,
      valueFrom ? machine.server.key : filled(value, /\$\((.*?)\)/g, values),
    ]);
    const args = (step.args ?? []).flatMap(() => given.find(({ value }) => Array.isArray(value)).value);
    const text = `#!/bin/sh\nset -e\n${filled(step.script, /\$\(((?:params|results|context)\..*?)\)/g, values)}`;
    await machine.run({ shell: ["/bin/sh", "{}", ...args], text, env: Object.fromEntries(pairs), directory });
  }
  return Object.fromEntries((spec.results ?? []).map(({ name }: Parsed) => [name, readFileSync(path.join(results, name), "utf8")]));
}

const bitbucket: Play = async ([file], machine) => {
  for (const { step } of file.pipelines.default) {
    const env = { ...JOBS["Bitbucket Pipelines"]?.env, ...store(machine) };
    await machine.run({ shell: ["bash", "-e", "{}"], text: step.script.join("\n"), env });
  }
};

/** Woodpecker: the script comes to /bin/sh -e on its stdin. */
const woodpecker: Play = async ([file], machine) => {
  for (const { environment, commands } of file.steps) {
    const pairs = Object.entries<Parsed>(environment).map(([name, value]) => [
      name,
      value.from_secret ? (store(machine)[name] ?? "") : value,
    ]);
    const text = commands.join("\n");
    const env = { ...JOBS["Woodpecker"]?.env, ...Object.fromEntries(pairs), CI_SCRIPT: Buffer.from(text).toString("base64") };
    await machine.run({ shell: ["/bin/sh", "-c", "echo $CI_SCRIPT | base64 -d | /bin/sh -e"], text, env });
  }
};

/** TeamCity, of whose Kotlin the parameters and the script are read. */
const teamcity: Play = async ([text], machine) => {
  const script = /scriptContent = """([\s\S]*?)"""/.exec(text)?.[1]?.replaceAll("$" + "{'$'}", "$") ?? "";
  const pairs = [...text.matchAll(/(param|password)\("env\.(\w+)", "(.*?)"\)/g)].map(([, kind, name, value]) => [
    name,
    kind === "password" ? machine.server.key : name === "CALL_ME_PACKAGE" ? PACKAGE : value,
  ]);
  await machine.run({ shell: ["/bin/sh", "{}"], text: script, env: { ...JOBS["TeamCity"]?.env, ...Object.fromEntries(pairs) } });
};

/** By the name of its page. */
export const PLAYS: Readonly<Record<string, Play>> = {
  github,
  gitlab,
  buildkite,
  circleci,
  azure,
  tekton,
  bitbucket,
  woodpecker,
  teamcity,
};
