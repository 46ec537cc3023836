/**
 * npm run bench -- [--quick] [--rounds N] [--seconds N] [--only TEXT]… [--beside CHECKOUT] [SECTION…]: call-me against etcd, Redis and
 * PostgreSQL on this machine, under the same load. Its use is told in docs/performance.md, where a full run writes what it found.
 */
import { chmodSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { measure } from "./compare/arena.ts";
import { buildLoader } from "./compare/load.ts";
import { describe, isInstalled, pin } from "./compare/machine.ts";
import { PEERS } from "./compare/peers.ts";
import { FULL, QUICK } from "./compare/rounds.ts";
import { SECTIONS } from "./compare/sections.ts";
import { Package, versionOf } from "./compare/servers.ts";
import { Place } from "./compare/table.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean" },
    rounds: { type: "string" },
    seconds: { type: "string" },
    only: { type: "string", multiple: true },
    beside: { type: "string" },
  },
});
const unknown = positionals.find((name) => SECTIONS[name] === undefined);
if (unknown !== undefined) refuse(`there is no section "${unknown}"; there are ${Object.keys(SECTIONS).join(", ")}`);
const sections = Object.entries(SECTIONS).filter(([key]) => positionals.length === 0 || positionals.includes(key));
// With any option it is not what the page tells of.
const isFull = Object.keys(values).length === 0;
const places = new Map((isFull ? sections : []).map(([key]) => [key, new Place(`npm run bench -- ${key}`)]));
const usual = values.quick ? QUICK : FULL;
const rounds = above0("rounds") ?? usual.rounds;
const seconds = above0("seconds") ?? usual.seconds;
const plan = { rounds: Math.ceil(rounds), seconds, warm: values.seconds === undefined ? usual.warm : Math.min(usual.warm, seconds) };

// All data lies in one folder, which is removed at the exit, as what was started is killed then. Terminal and launcher may both send a signal.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(1));
const folder = mkdtempSync(path.join(os.tmpdir(), "call-me-bench-"));
// PostgreSQL runs as another user.
chmodSync(folder, 0o755);
process.env["TMPDIR"] = folder;
process.once("exit", () => {
  // Those that were just killed may still write.
  for (let tries = 0; tries < 20 && existsSync(folder); tries++) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
});
buildLoader();
using own = new Package(path.resolve(import.meta.dirname, ".."));
using beside = values.beside === undefined ? undefined : new Package(path.resolve(values.beside));
const cores = pin();
const wanted = ({ name }: { readonly name: string }) => values.only?.some((part) => name.includes(part)) ?? true;
const peers = Object.values(PEERS).filter((peer) => wanted(peer) && isInstalled(peer.program));
const subjects = [
  `call-me (the published bundle, at ${own.commit})`,
  ...(beside === undefined ? [] : [`the other call-me (likewise, at ${beside.commit})`]),
  ...peers.map(({ name, program }) => `${name} ${versionOf(program)}`),
];
const facts = [
  new Date().toISOString().slice(0, 10),
  describe(cores),
  subjects.join(", "),
  `median of ${plan.rounds} rounds of ${plan.seconds} s each, after ${plan.warm} s to warm`,
].join("; ");
for (const [key, section] of sections) {
  const found = await measure(section, {
    cores,
    plan,
    own,
    beside,
    wanted,
    say: (progress) => process.stderr.write(`${key}: ${progress}\n`),
  });
  const text = `${section.text}\n\n${facts}.\n\n${found}`;
  process.stdout.write(`\n## ${section.title}\n\n${text}`);
  places.get(key)?.write(text);
}

function above0(option: "rounds" | "seconds"): number | undefined {
  const value = values[option];
  if (value !== undefined && !(Number(value) > 0 && Number(value) < 3_600))
    refuse(`--${option} is ${JSON.stringify(value)}; give a number from 0 to 3,600`);
  return value === undefined ? undefined : Number(value);
}

function refuse(why: string): never {
  process.stderr.write(`bench: ${why}\n`);
  process.exit(2);
}
