/**
 * npm run bench -- [--quick] [--only TEXT]… [--beside CHECKOUT] [SECTION…]: call-me against etcd, Redis and PostgreSQL on this machine, under
 * the same load. Its use is told in docs/performance.md, where a full run writes what it found.
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
    quick: { type: "boolean", default: false },
    only: { type: "string", multiple: true, default: [] },
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
const plan = values.quick ? QUICK : FULL;
const peers = Object.values(PEERS).filter(({ program }) => isInstalled(program));
const facts = [
  new Date().toISOString().slice(0, 10),
  describe(cores),
  [`call-me (the published bundle, at ${own.commit})`, ...peers.map(({ name, program }) => `${name} ${versionOf(program)}`)].join(", "),
  `median of ${plan.rounds} rounds of ${plan.seconds} s each, after ${plan.warm} s to warm`,
].join("; ");
const isPart = values.only.length > 0 || beside !== undefined;
for (const [key, section] of Object.entries(SECTIONS)) {
  if (positionals.length > 0 && !positionals.includes(key)) continue;
  const found = await measure(section, {
    cores,
    plan,
    own,
    beside,
    wanted: ({ name }) => values.only.length === 0 || values.only.some((part) => name.includes(part)),
    say: (progress) => process.stderr.write(`${key}: ${progress}\n`),
  });
  const text = `${section.text}\n\n${facts}.\n\n${found}`;
  process.stdout.write(`\n## ${section.title}\n\n${text}`);
  if (!values.quick && !isPart) write(key, text);
}
