// node scripts/launch.js bench/past.ts [EVENTS] [DAYS]: a history of so many events (5,000,000) over so many days (7): what it takes on the disk,
// how long GetStats and ListEvents take over it, for who sees all of it and who does not, and how long others' commits take meanwhile.
import { rmSync, statSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import Database from "better-sqlite3";
import { Role } from "../gen/ts/callme/v1/access_service_pb.ts";
import { EnvironmentService } from "../gen/ts/callme/v1/environment_service_pb.ts";
import { GroupBy, InsightService } from "../gen/ts/callme/v1/insight_service_pb.ts";
import { LockService } from "../gen/ts/callme/v1/lock_service_pb.ts";
import type { Entry } from "../src/store/history/history.ts";
import { LARGEST, store } from "../src/store/history/sheet.ts";
import { known, migrate } from "../src/store/migrations.ts";
import { SqliteShelf } from "../src/store/sqlite/shelf.ts";
import { keyFor } from "../test/outside/clients.ts";
import { Server } from "../test/outside/server.ts";
import { Caller } from "./caller.ts";
import { timed } from "./growth/room.ts";

const [EVENTS = 5_000_000, DAYS = 7] = process.argv.slice(2).map(Number);
const ENVIRONMENTS = 50;
const REPOSITORIES = 200;
const SECOND = 1_000_000;
const { applyEnvironments } = EnvironmentService.method;
const { acquire, release } = LockService.method;
const { getStats, listEvents } = InsightService.method;

/** A lease's life as CI jobs have it: it waits, is offered, held, and released or, one in fifty, expires. */
function* life(number: number, ended: number): Generator<Entry, void, undefined> {
  const environment = `env-${number % ENVIRONMENTS}`;
  const repository = `shop/service-${number % REPOSITORIES}`;
  const runUrl = `https://ci.example.com/${repository}/actions/runs/${19_000_000_000 + number}`;
  const holder = {
    name: `${repository} #${number}`,
    kind: "PIPELINE",
    runUrl,
    repository,
    ref: "main",
    sha: "",
    job: "test",
    actor: "",
  } as const;
  const lease = `01a228cf-${number
    .toString(16)
    .padStart(12, "0")
    .replace(/(....)/, "$1-")}-a503-49f75587aed1`;
  const held = (20 + (number % 997)) * SECOND;
  const granted = ended - held;
  const createdAt = granted - (number % 613) * SECOND;
  const of = { pool: "default", environment, lease, holder, principal: "key:ci", slots: 1, createdAt };
  yield { ...of, revision: createdAt, at: createdAt, kind: "QUEUED", reason: "nightly" };
  yield { ...of, revision: granted, at: granted, kind: "GRANTED", reason: "nightly", grantedAt: granted };
  const kind = number % 50 === 0 ? "EXPIRED" : "RELEASED";
  yield { ...of, revision: ended, at: ended, kind, reason: "", grantedAt: granted };
}

/** Writes the history of a server that does not run; the milliseconds that took. */
async function write(file: string): Promise<number> {
  const db = new Database(file);
  db.pragma("page_size = 16384");
  db.pragma("journal_mode = WAL");
  db.pragma("synchronous = OFF");
  migrate(db, file, known("history/"), 0x63686973);
  const shelf = new SqliteShelf(db, () => {});
  const end = Date.now() * 1_000;
  const step = (DAYS * 86_400 * SECOND) / (EVENTS / 3);
  shelf.begin(end - DAYS * 86_400 * SECOND);
  const took = await timed(async () => {
    let entries: (readonly [number, Entry])[] = [];
    for (let number = 0; number * 3 < EVENTS; number++) {
      for (const entry of life(number, end - DAYS * 86_400 * SECOND + (number + 1) * step))
        entries.push([1 + number * 3 + (entries.length % 3), entry]);
      if (entries.length + 3 <= LARGEST && (number + 1) * 3 < EVENTS) continue;
      shelf.bind([], [store(entries)]);
      entries = [];
    }
  });
  db.close();
  return took;
}

/** Pairs of calls by eight clients while `meanwhile` runs, for two seconds at least: how long each Acquire took, in ms, sorted. */
async function pairs(server: Server, meanwhile: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  let isOver = false;
  const work = async (environment: string) => {
    using caller = new Caller(server);
    while (!isOver) {
      const since = performance.now();
      const { lease } = await caller.call(acquire, { environment });
      times.push(performance.now() - since);
      await caller.call(release, { leaseId: lease?.id ?? "" });
    }
  };
  const working = Array.from({ length: 8 }, (_, n) => work(`load-${n}`));
  await Promise.all([meanwhile(), new Promise((resolve) => setTimeout(resolve, 2_000))]);
  isOver = true;
  await Promise.all(working);
  return times.sort((a, b) => a - b);
}

function told(times: readonly number[]): string {
  const at = (share: number) => (times[Math.ceil(share * times.length) - 1] ?? 0).toFixed(1);
  return `${at(0.5)} | ${at(0.99)} | ${(times.at(-1) ?? 0).toFixed(1)}`;
}

await using server = await Server.start();
await server.stop();
const file = path.join(server.directory, "call-me.db-history");
rmSync(file, { force: true });
const took = await write(file);
const size = statSync(file).size;
process.stdout.write(`${os.cpus().length} × ${os.cpus()[0]?.model ?? "?"}, Node ${process.versions.node}\n\n`);
process.stdout.write(
  `${EVENTS.toLocaleString("en")} events over ${DAYS} days: ${Math.round(size / 2 ** 20)} MiB, ${Math.round(size / EVENTS)} bytes each, `,
);
process.stdout.write(`written in ${(took / 1_000).toFixed(0)} s\n\n| by | asked for | ms, first | ms, again |\n|---|---|---|---|\n`);
await server.restart();
{
  using caller = new Caller(server);
  const environments = Array.from({ length: ENVIRONMENTS }, (_, n) => ({ name: `env-${n}` }));
  await caller.call(applyEnvironments, { environments });
}
const window = { seconds: 604_800n };
const questions: readonly [what: string, ask: (caller: Caller) => Promise<unknown>][] = [
  ["GetStats of 7 days by environment", (caller) => caller.call(getStats, { window })],
  ["GetStats of 7 days by repository", (caller) => caller.call(getStats, { window, groupBy: GroupBy.REPOSITORY })],
  ["GetStats of 7 days of one environment", (caller) => caller.call(getStats, { window, filter: { environment: "env-7" } })],
  ["ListEvents, the newest 100", (caller) => caller.call(listEvents, {})],
  ["ListEvents of one environment, the newest 100", (caller) => caller.call(listEvents, { filter: { environment: "env-7" } })],
  ["ListEvents of one holder, the oldest", (caller) => caller.call(listEvents, { filter: { holder: "shop/service-1 #1" } })],
  ["ListEvents of nothing that there is", (caller) => caller.call(listEvents, { filter: { leaseId: "none" } })],
];
const view = async (...patterns: string[]) => (await keyFor(server, [{ role: Role.VIEW, patterns }])).secret;
const keys = {
  "who may do everything": server.key,
  "who sees everything": await view("*"),
  "who sees one in ten": await view("env-?7", "env-7"),
};
for (const [who, key] of Object.entries(keys)) {
  using caller = new Caller({ url: server.url, key });
  for (const [what, ask] of questions) {
    const [first, again] = [await timed(() => ask(caller)), await timed(() => ask(caller))];
    process.stdout.write(`| ${who} | ${what} | ${first.toFixed(0)} | ${again.toFixed(0)} |\n`);
  }
}
process.stdout.write("\n| an Acquire, 8 clients | p50, ms | p99, ms | max, ms |\n|---|---|---|---|\n");
await pairs(server, async () => {});
process.stdout.write(`| alone | ${told(await pairs(server, async () => {}))} |\n`);
const beside = async () => {
  using caller = new Caller(server);
  for (let n = 0; n < 5; n++) await caller.call(getStats, { window });
};
process.stdout.write(`| beside GetStats, five times on end | ${told(await pairs(server, beside))} |\n`);
