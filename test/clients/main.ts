// npm run test:clients [-- LANGUAGE…] [--only WORDS] [--mixed] [--seconds N]: see README.md.
import process from "node:process";
import { parseArgs } from "node:util";
import { EndReason } from "../../gen/ts/callme/v1/types_pb.ts";
import { clientsOf } from "../outside/clients.ts";
import { Server } from "../outside/server.ts";
import { LANGUAGES, type Language, run } from "./languages.ts";
import { mixed } from "./mixed.ts";
import { scenarios } from "./scenarios.ts";
import { Testee } from "./testee.ts";
import { leasesOn, nameOf, SECRETS, World } from "./world.ts";

/** How many scenarios run at a time: most of them wait most of their time. */
const WIDTH = 8;
/** How long a build may take, in ms: the first one of a language fetches its libraries. */
const BUILD = 900_000;
/** How long an example may take, in ms. */
const EXAMPLE = 60_000;

interface Tally {
  passed: number;
  failed: number;
}

/** What is to be done: a name, and a function that throws if it fails. */
type Task = readonly [name: string, run: () => Promise<void>];

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Why a language is left out; undefined if its toolchain is there. */
async function missing({ needs }: Language): Promise<string | undefined> {
  for (const need of needs) {
    const { code, output } = await run(need, { patience: 60_000 });
    const words = need.command.join(" ");
    if (code !== 0) return code === null ? `no ${need.command[0]} on this machine` : `${words} failed: ${output.trim().split("\n").at(-1)}`;
  }
  return undefined;
}

/** Builds it; what went wrong, if something did. */
async function build({ build }: Language): Promise<string | undefined> {
  for (const step of build) {
    const { code, output } = await run(step, { patience: BUILD });
    if (code !== 0) return `${step.command.join(" ")} ended with ${code}\n${output}`;
  }
  return undefined;
}

/** Runs so many at a time, and says what failed, and why, as soon as it has. */
async function all(language: string, tasks: readonly Task[], width: number): Promise<Tally> {
  const tally = { passed: 0, failed: 0 };
  const rest = tasks.values();
  const lane = async () => {
    for (const [name, task] of rest) {
      try {
        await task();
        tally.passed += 1;
      } catch (error) {
        tally.failed += 1;
        const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
        say(`✗ ${language}: ${name}\n${words.replaceAll(/^/gm, "    ")}`);
      }
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
  return tally;
}

/** Adds what its testees said to what went wrong. */
function explain(world: World): (error: unknown) => never {
  return (error) => {
    const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
    throw Object.assign(new Error(), { stack: `${words}${world.heard}` });
  };
}

/** All scenarios of a language against one server. */
async function drive(name: string, { testee: command, width = WIDTH }: Language, only: string): Promise<Tally> {
  if (command === undefined) return { passed: 0, failed: 0 };
  const server = await Server.start(SECRETS);
  const shared = new Testee(command, server);
  try {
    const chosen = Object.entries(scenarios).filter(([scenario]) => scenario.includes(only));
    const tasks = chosen.map(([scenario, play], number): Task => {
      const world = new World(server, shared, command, `${name}-${number + 1}`);
      return [
        scenario,
        () =>
          play(world)
            .catch(explain(world))
            .finally(() => world.close()),
      ];
    });
    return await all(name, tasks, width);
  } finally {
    await shared.kill();
    await server[Symbol.asyncDispose]();
  }
}

/** Each example by itself on a fresh server: it must have held `uat`, and given it back. */
async function examples(name: string, { examples }: Language, only: string): Promise<Tally> {
  const chosen = Object.entries(examples).filter(([example]) => `example: ${example}`.includes(only));
  const tasks = chosen.map(([example, command]): Task => {
    const play = async () => {
      const server = await Server.start();
      try {
        const more = { CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key };
        const { code, output } = await run(command, { more, patience: EXAMPLE });
        if (code !== 0) throw new Error(`it ended with ${code}:\n${output}`);
        const leases = await leasesOn(clientsOf(server), "uat");
        const ends = leases.map(({ grantedAt, endReason }) => (grantedAt === undefined ? "never granted" : nameOf(EndReason, endReason)));
        if (ends.join() !== "RELEASED")
          throw new Error(`uat should have been held and released once, and was: ${ends.join() || "never asked for"}`);
      } finally {
        await server[Symbol.asyncDispose]();
      }
    };
    return [`example: ${example}`, play];
  });
  return await all(name, tasks, 2);
}

/** How much a language that is left out would have run. */
function countOf({ testee, examples }: Language, only: string): number {
  const driven = testee === undefined ? [] : Object.keys(scenarios).filter((scenario) => scenario.includes(only));
  return driven.length + Object.keys(examples).filter((example) => `example: ${example}`.includes(only)).length;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { only: { type: "string", default: "" }, mixed: { type: "boolean", default: false }, seconds: { type: "string" } },
  });
  const unknown = positionals.filter((name) => LANGUAGES[name] === undefined);
  if (unknown.length > 0) throw new Error(`no such language: ${unknown.join(", ")}; there are ${Object.keys(LANGUAGES).join(", ")}`);
  const total = { passed: 0, failed: 0 };
  let skipped = 0;
  const present = new Map<string, Language>();
  const count = (name: string, { passed, failed }: Tally) => {
    say(`${name}: ${passed} passed, ${failed} failed`);
    total.passed += passed;
    total.failed += failed;
  };
  for (const [name, language] of Object.entries(LANGUAGES)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    const why = await missing(language);
    if (why !== undefined) {
      skipped += countOf(language, values.only);
      say(`!!! ${name}: left out: ${why}`);
      continue;
    }
    const trouble = await build(language);
    if (trouble !== undefined) {
      say(`✗ ${name}: does not build\n${trouble.replaceAll(/^/gm, "    ")}`);
      count(name, { passed: 0, failed: 1 });
      continue;
    }
    present.set(name, language);
    if (values.mixed) continue;
    const [driven, shown] = [await drive(name, language, values.only), await examples(name, language, values.only)];
    count(name, { passed: driven.passed + shown.passed, failed: driven.failed + shown.failed });
  }
  if (values.only === "" && present.size > 0) {
    const length = Number(values.seconds ?? (values.mixed ? 60 : 10));
    const task: Task = [[...present.keys()].join(", "), async () => say(`mixed: ${await mixed(present, length)}`)];
    count("mixed", await all("mixed", [task], 1));
  }
  say(`${total.passed} passed, ${total.failed} failed, ${skipped} skipped`);
  return total.failed > 0 || total.passed === 0 ? 1 : 0;
}

// Left to end by itself, Node 26 now and then spins for ever in its own clean-up (uv_run in CleanupHandles).
process.exit(await main());
