/**
 * node scripts/launch.js bench/growth.ts [calls] [line] [pools] [starts]: what things cost at sizes of 10,000 and 1,000,000 beside small ones, in µs
 * of the server's CPU, and how long a start takes. All four, told in docs/performance.md, unless some are named: these are printed only.
 */
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { assemble } from "../test/packed.ts";
import { describe, pin } from "./compare/machine.ts";
import { Place } from "./compare/table.ts";
import { calls } from "./growth/calls.ts";
import { line } from "./growth/line.ts";
import { pools } from "./growth/pools.ts";
import type { House } from "./growth/room.ts";
import { starts } from "./growth/starts.ts";

const PARTS: Readonly<Record<string, (house: House, say: (progress: string) => void) => Promise<string>>> = { starts, line, pools, calls };

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => PARTS[name] === undefined);
if (unknown !== undefined) throw new Error(`there is no part "${unknown}"; there are ${Object.keys(PARTS).join(", ")}`);
const place = wanted.length === 0 ? new Place("node scripts/launch.js bench/growth.ts") : undefined;
const { folder, remove } = assemble(path.resolve(import.meta.dirname, ".."));
process.once("exit", remove);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
const cores = pin();
const house = { program: path.join(folder, "cli/bin.js"), cores };
const say = (progress: string) => void process.stderr.write(`${progress}\n`);
const found: string[] = [];
for (const [name, measure] of Object.entries(PARTS))
  if (wanted.length === 0 || wanted.includes(name)) found.push(await measure(house, say));
// Above 2 others were at work on two cores: trust the CPU times and the ratios, and not what is counted by the clock.
const load = `load of the machine in the last minutes ${os.loadavg()[1]?.toFixed(1)}`;
found.unshift(`${new Date().toISOString().slice(0, 10)}; ${describe(cores)}; the published bundle; ${load}.\n`);
process.stdout.write(`${found.join("\n")}\n`);
place?.write(found.join("\n"));
// A client's connection would keep the process.
process.exit(0);
