// node scripts/launch.js bench/together.ts: the sizes of sizes.ts and watchers.ts at once, on one server, and how long somebody else's /healthz
// waits meanwhile.
import os from "node:os";
import { LockService } from "../gen/ts/callme/v1/lock_service_pb.ts";
import { Server } from "../test/outside/server.ts";
import { Caller } from "./caller.ts";
import { Crowd, Pulse } from "./crowd.ts";
import { type Bench, chain, deletedPools, grants, maintenance } from "./rows.ts";

const { acquire, release } = LockService.method;

/** So many changes of an environment at a rate, each of them told to all who watch it; the revision of the last. */
async function changes(caller: Caller, environment: string, count: number, everyMs: number): Promise<number> {
  let revision = 0n;
  for (let turn = 0; turn < count / 2; turn++) {
    const { lease } = await caller.call(acquire, { environment });
    await new Promise((resolve) => setTimeout(resolve, everyMs));
    const end = await caller.call(release, { leaseId: lease?.id ?? "" });
    await new Promise((resolve) => setTimeout(resolve, everyMs));
    revision = end.lease?.revision ?? revision;
  }
  return Number(revision);
}

await using server = await Server.start();
using caller = new Caller(server);
await using pulse = new Pulse(server);
const bench: Bench = { server, caller };
using watchers = new Crowd();
using crowded = new Crowd();
using deaf = new Crowd();
using returning = new Crowd();
const since = await changes(caller, "log", 2, 0);
await caller.many(4_950, async (index) => {
  const { lease } = await caller.call(acquire, { environment: `log-${index % 200}`, wait: { seconds: 60n } });
  await caller.call(release, { leaseId: lease?.id ?? "" });
});
await changes(caller, "uat", 2, 0);
await watchers.open(server, { environment: "uat", streams: 10_000, connections: 100 });
await crowded.open(server, { environment: "uat", streams: 450, connections: 1 });
await deaf.open(server, { environment: "uat", streams: 1_000, connections: 10, deaf: true });
process.stdout.write(`${os.cpus().length} × ${os.cpus()[0]?.model ?? "?"}, Node ${process.versions.node}\n\n`);
await pulse.longest();

const start = performance.now();
const [revision, check, maintained, granted] = await Promise.all([
  changes(caller, "uat", 100, 100),
  chain(bench, 600),
  maintenance(bench, 4_000),
  grants(bench, 10_000),
  deletedPools(bench, 2_000),
  returning.open(server, { pool: "default", since, streams: 100, connections: 10 }),
]);
const [read, near] = await Promise.all([watchers.order({ do: "reach", revision }), crowded.order({ do: "reach", revision })]);
const seconds = (performance.now() - start) / 1_000;
const rows: [string, string][] = [
  ["all of it, s", seconds.toFixed(1)],
  ["longest /healthz meanwhile, ms", (await pulse.longest()).toFixed(0)],
  ["Check of a pool in which 600 wait for i and i + 1, ms", check.toFixed(0)],
  ["a maintenance ends before 4,000 waiters, ms", maintained.toFixed(0)],
  ["10,000 grants of slots of one environment, ms", granted.toFixed(0)],
  ["messages told to 10,000 watches, and cut off", `${read.messages.toLocaleString("en")}, ${read.ended}`],
  ["messages told to 450 on one connection, and cut off", `${near.messages.toLocaleString("en")}, ${near.ended}`],
];
process.stdout.write("| at once: 10,450 watches and 1,000 that never read, 5 changes/s; 100 resume over 9,900 events | |\n|---|---|\n");
for (const row of rows) process.stdout.write(`| ${row.join(" | ")} |\n`);
process.exit(0);
