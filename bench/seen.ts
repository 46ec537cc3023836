// node scripts/launch.js bench/seen.ts [ENVIRONMENTS-OF-A-POOL]: what lists, a Check and a watch take for callers whose grants are the costliest that are admitted, beside
// one who sees everything, among 5 × 10,000 environments; and how long somebody else's /healthz waits meanwhile, at most.
import os from "node:os";
import { Role } from "../gen/ts/callme/v1/access_service_pb.ts";
import { type Clients, clientsOf, keyFor } from "../test/outside/clients.ts";
import { Server } from "../test/outside/server.ts";
import { Pulse } from "./crowd.ts";
import { timed } from "./growth/room.ts";

const POOLS = 5;
const IN_POOL = Number(process.argv[2] ?? 10_000);
const PATTERNS = 32;
/** Names that take the longest to judge: as long as they can be, and all alike but for their end. */
const nameOf = (number: number) => `${"a".repeat(120)}-${String(number).padStart(6, "0")}`;

/** 32 patterns of 64 characters that fit nothing, and that only a name's middle tells so. */
function patterns(begin: string): string[] {
  const filled = begin.repeat(64).slice(0, 60);
  return Array.from({ length: PATTERNS }, (_, number) => `${filled}b${String(number).padStart(2, "0")}*`);
}

const CALLERS: Readonly<Record<string, readonly string[]>> = {
  "who sees everything": ["*"],
  "one pattern that fits one in a thousand": ["*000"],
  "32 patterns of 64 characters, every other one a *": patterns("*a"),
  "32 patterns of 64 characters, two of them *": patterns(`*${"a".repeat(63)}`),
};

const CALLS: Readonly<Record<string, (clients: Clients) => Promise<unknown>>> = {
  "ListEnvironments, a page": ({ environments }) => environments.listEnvironments({ pageSize: 1_000 }),
  "Check of a pool": ({ locks }) => locks.check({ pool: "pool-1" }).catch(() => undefined),
  "SNAPSHOT of a pool": async ({ locks }) => {
    const stream = locks.watchEnvironment({ pool: "pool-2" })[Symbol.asyncIterator]();
    await stream.next().catch(() => undefined);
    await stream.return?.();
  },
  "ListLeases, a page": ({ environments }) => environments.listLeases({ pageSize: 1_000 }),
  GetStats: ({ insight }) => insight.getStats({}),
};

await using server = await Server.start({ NODE_OPTIONS: "--max-semi-space-size=64" });
const admin = clientsOf(server, "gRPC");
for (let pool = 0; pool < POOLS; pool++) {
  const environments = Array.from({ length: IN_POOL }, (_, nth) => ({ name: nameOf(pool * IN_POOL + nth), pool: `pool-${pool}` }));
  await admin.environments.applyEnvironments({ environments });
}
process.stdout.write(
  `${os.cpus().length} × ${os.cpus()[0]?.model ?? "?"}, Node ${process.versions.node}; ${POOLS * IN_POOL} environments\n\n`,
);
process.stdout.write("| caller | call | ms, first | ms, again | others wait, ms |\n|---|---|---|---|---|\n");
for (const [who, texts] of Object.entries(CALLERS)) {
  const caller = await keyFor(server, [{ role: Role.VIEW, patterns: [...texts] }], who, "gRPC");
  for (const [what, call] of Object.entries(CALLS)) {
    await using pulse = new Pulse(server);
    await pulse.longest();
    const [first, again] = [await timed(() => call(caller)), await timed(() => call(caller))];
    process.stdout.write(`| ${who} | ${what} | ${first.toFixed(0)} | ${again.toFixed(0)} | ${(await pulse.longest()).toFixed(0)} |\n`);
  }
}
