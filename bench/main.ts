/**
 * npm run bench -- [--quick] [--rounds N] [--seconds N] [--only TEXT]… [--beside CHECKOUT] [SECTION…]: call-me against etcd, Redis and
 * PostgreSQL on this machine, under the same load. Its use is told in docs/performance.md, where a full run writes what it found.
 */
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
import { write } from "./compare/table.ts";

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
if (unknown !== undefined) throw new Error(`no section "${unknown}"; there are ${Object.keys(SECTIONS).join(", ")}`);

// What was started is killed at the exit.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
buildLoader();
using own = new Package(path.resolve(import.meta.dirname, ".."));
using beside = values.beside === undefined ? undefined : new Package(path.resolve(values.beside));
const cores = pin();
const usual = values.quick ? QUICK : FULL;
const plan = {
  rounds: Number(values.rounds ?? usual.rounds),
  seconds: Number(values.seconds ?? usual.seconds),
  warm: Math.min(usual.warm, Number(values.seconds ?? usual.warm)),
};
if (!(plan.rounds >= 1 && plan.seconds > 0))
  throw new Error(`--rounds ${values.rounds} or --seconds ${values.seconds} is no number above 0`);
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
/** Anything else is not what the page tells of. */
const isFull = Object.keys(values).length === 0;
for (const [key, section] of Object.entries(SECTIONS)) {
  if (positionals.length > 0 && !positionals.includes(key)) continue;
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
  if (isFull) write(key, text);
}
