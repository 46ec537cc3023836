// node scripts/launch.js bench/sizes.ts [PART-OF-A-NAME]: what happens at the sizes that src/core/limits.ts admits, seen from outside: how long
// each thing takes at one size and at another, and how long somebody else's /healthz takes meanwhile. Read how the figures grow, not the figures.
import os from "node:os";
import { Server } from "../test/outside/server.ts";
import { Caller } from "./caller.ts";
import { Pulse } from "./crowd.ts";
import { type Bench, chain, deletedPools, expiry, grants, maintenance } from "./rows.ts";

const rows: readonly [what: string, sizes: readonly number[], measure: (bench: Bench, size: number) => Promise<number>][] = [
  ["Check of a pool in which n wait for environments i and i + 1", [300, 600, 2_400], chain],
  ["a maintenance ends before n waiters: until all have an offer", [1_000, 4_000, 10_000], maintenance],
  ["n leases expire together before n waiters: a Check just then", [1_000, 4_000, 10_000], expiry],
  ["n grants of slots of one environment, 200 calls at once", [1_000, 10_000], grants],
  ["1,000 Acquire and Release after n pools were deleted", [0, 5_000], deletedPools],
];

/** Runs one row at one size on a server of its own. */
async function measure(size: number, work: (bench: Bench, size: number) => Promise<number>): Promise<string> {
  await using server = await Server.start();
  using caller = new Caller(server);
  await using pulse = new Pulse(server);
  const took = await work({ server, caller }, size);
  return `| ${size.toLocaleString("en")} | ${took.toFixed(0)} | ${(await pulse.longest()).toFixed(0)} |`;
}

process.stdout.write(`${os.cpus().length} × ${os.cpus()[0]?.model ?? "?"}, Node ${process.versions.node}\n\n`);
process.stdout.write("| what happens | n | ms | longest /healthz meanwhile, its preparation included, ms |\n|---|---|---|---|\n");
const only = process.argv[2];
for (const [what, sizes, work] of rows) {
  if (only !== undefined && !what.includes(only)) continue;
  for (const size of sizes) process.stdout.write(`| ${what} ${await measure(size, work)}\n`);
}
