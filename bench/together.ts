// node scripts/launch.js bench/together.ts: the sizes of sizes.ts and watchers.ts at once, on one server, and how long somebody else's /healthz
// waits meanwhile.
import os from "node:os";
import { Server } from "../test/outside/server.ts";
import { atOnce } from "./at-once.ts";

await using server = await Server.start();
const result = await atOnce(server, {
  watches: 10_000,
  crowded: 450,
  deaf: 1_000,
  returning: 100,
  log: 9_900,
  changes: 100,
  chain: 600,
  maintenance: 4_000,
  grants: 10_000,
  pools: 2_000,
});
const { seconds, pulse, check, maintained, granted, watched, crowded } = result;
const rows: [string, string][] = [
  ["all of it, s", seconds.toFixed(1)],
  ["longest /healthz meanwhile, ms", pulse.toFixed(0)],
  ["Check of a pool in which 600 wait for environments i and i + 1, ms", check.toFixed(0)],
  ["a maintenance ends before 4,000 waiters, ms", maintained.toFixed(0)],
  ["10,000 grants of slots of one environment, ms", granted.toFixed(0)],
  ["messages told to 10,000 watches, and of these cut off", `${watched.messages.toLocaleString("en")}, ${watched.ended}`],
  ["messages told to 450 on one connection, and of these cut off", `${crowded.messages.toLocaleString("en")}, ${crowded.ended}`],
];
process.stdout.write(`${os.cpus().length} × ${os.cpus()[0]?.model ?? "?"}, Node ${process.versions.node}\n\n`);
process.stdout.write(
  "| at once: 10,450 watches and 1,000 that never read, 100 changes; 100 resume over 9,900 events; and | |\n|---|---|\n",
);
for (const row of rows) process.stdout.write(`| ${row.join(" | ")} |\n`);
// A client's connection would keep the process.
process.exit(0);
