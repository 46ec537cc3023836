// node scripts/launch.js bench/pairs.ts: durable Acquire+Release pairs per second, and how long a hand-over takes, against the real server
// and against peers on the same machine. The contestants take turns, and the middle one of several rounds counts, for machines are noisy.
import os from "node:os";
import { Server } from "../test/outside/server.ts";
import { overGrpc, overJson } from "./callme.ts";
import { handOvers, type Locker, pairs, quantile } from "./measure.ts";
import { sqliteCommits, startEtcd } from "./peers.ts";

const ROUNDS = 3;
const SECONDS = 3;
const LINE = 200;
const CROWD = 64;

interface Round {
  readonly one: number;
  readonly crowd: number;
  readonly handOvers: readonly number[];
}

async function round(locker: Locker): Promise<Round> {
  return {
    one: await pairs(locker, 1, SECONDS),
    crowd: await pairs(locker, CROWD, SECONDS),
    handOvers: await handOvers(locker, LINE),
  };
}

const middle = (values: readonly number[]) => quantile(values, 0.5);
const whole = (value: number) => value.toFixed(0);
const tenth = (value: number) => value.toFixed(1);

function row(name: string, rounds: readonly Round[], commits: number): string[] {
  const [one, crowd] = [middle(rounds.map((each) => each.one)), middle(rounds.map((each) => each.crowd))];
  const latencies = rounds.flatMap((each) => each.handOvers);
  const ratio = (value: number) => (value / (commits / 2)).toFixed(2);
  return [name, whole(one), ratio(one), whole(crowd), ratio(crowd), tenth(quantile(latencies, 0.5)), tenth(quantile(latencies, 0.99))];
}

function print(rows: readonly (readonly string[])[]): void {
  for (const [index, cells] of rows.entries()) {
    process.stdout.write(`| ${cells.join(" | ")} |\n`);
    if (index === 0) process.stdout.write(`|${cells.map(() => "---").join("|")}|\n`);
  }
}

await using server = await Server.start();
await using etcd = await startEtcd();
if (etcd === undefined) console.warn("etcd was NOT MEASURED: it is not installed (Debian: apt-get install etcd-server)");
using grpc = overGrpc(server);
using json = overJson(server);
const lockers: readonly Locker[] = etcd === undefined ? [grpc, json] : [grpc, json, etcd];
for (const locker of lockers) await pairs(locker, CROWD, 1);
const commits: number[] = [];
const rounds = new Map<Locker, Round[]>(lockers.map((locker) => [locker, []]));
for (let turn = 0; turn < ROUNDS; turn++) {
  commits.push(sqliteCommits(SECONDS));
  for (const [locker, done] of rounds) done.push(await round(locker));
}
const yardstick = middle(commits);
process.stdout.write(
  `${os.cpus().length} × ${os.cpus()[0]?.model ?? "?"}, Node ${process.versions.node}; median of ${ROUNDS} rounds of ${SECONDS} s\n`,
);
process.stdout.write(
  `SQLite alone (WAL, synchronous=FULL, one row a commit): ${whole(yardstick)} commits/s, which would make ${whole(yardstick / 2)} pairs/s\n\n`,
);
print([
  ["durable pairs/s", "1 client", "to SQLite", `${CROWD} clients`, "to SQLite", "hand-over p50, ms", "p99, ms"],
  ...[...rounds].map(([locker, done]) => row(locker.name, done, yardstick)),
]);
