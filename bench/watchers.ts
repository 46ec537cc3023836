// node scripts/launch.js bench/watchers.ts [PART-OF-A-NAME…]: what watches cost, and how long somebody else's /healthz waits beside them;
// each case on a server of its own.
import { readFileSync } from "node:fs";
import { create } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { EnvironmentSchema, EnvironmentService } from "../gen/ts/callme/v1/environment_service_pb.ts";
import { LockService } from "../gen/ts/callme/v1/lock_service_pb.ts";
import { Server } from "../test/outside/server.ts";
import { Crowd, Pulse } from "./crowd.ts";

/** 100 ticks a second, as everywhere on Linux. */
const TICK_MS = 10;

/** How long the watches of a case may stand still before it begins, in ms. */
const REST_MS = 1_000;

/** What the server does while something happens. */
class Measure {
  readonly #server: Server;
  readonly #pulse: Pulse;
  readonly #cpu: number;
  readonly #start = performance.now();

  constructor(server: Server) {
    this.#server = server;
    this.#pulse = new Pulse(server);
    this.#cpu = cpuOf(server);
    server.signal("SIGUSR2");
  }

  /** Ends the server. */
  async end(): Promise<{ cpu: number; seconds: number; pulse: number; turn: number; megabytes: number }> {
    const seconds = (performance.now() - this.#start) / 1_000;
    const cpu = cpuOf(this.#server) - this.#cpu;
    const pulse = await this.#pulse.longest();
    await this.#pulse[Symbol.asyncDispose]();
    const megabytes = peakOf(this.#server);
    await this.#server.stop();
    const turn = Number(this.#server.log.findLast(({ msg }) => msg === "longest turn")?.["ms"]);
    return { cpu, seconds, pulse, turn, megabytes };
  }
}

function start(): Promise<Server> {
  // The first as in `npm start`.
  return Server.start({ NODE_OPTIONS: `--max-semi-space-size=64 --import=${new URL("./turn.ts", import.meta.url)}` });
}

function clients(server: Server) {
  const key = server.key;
  const transport = createGrpcTransport({
    baseUrl: server.url,
    interceptors: [
      (next) => (request) => {
        request.header.set("x-api-key", key);
        return next(request);
      },
    ],
  });
  return { locks: createClient(LockService, transport), environments: createClient(EnvironmentService, transport) };
}

type Clients = ReturnType<typeof clients>;

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** CPU time of the server so far, in ms. */
function cpuOf(server: Server): number {
  const [user = 0, system = 0] = readFileSync(`/proc/${server.pid}/stat`, "utf8").replace(/.*\) /, "").split(" ").slice(11, 13).map(Number);
  return (user + system) * TICK_MS;
}

function peakOf(server: Server): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, "utf8"))?.[1]) / 1024;
}

/** Takes the environment and gives it back, at so many changes a second; the revision of the last one. */
async function change({ locks }: Pick<Clients, "locks">, environment: string, rate: number, changes: number): Promise<number> {
  const begin = performance.now();
  let revision = 0;
  let held = "";
  for (let number = 0; number < changes; number++) {
    const due = begin + (number * 1_000) / rate;
    if (performance.now() < due) await pause(due - performance.now());
    const { lease } = held === "" ? await locks.acquire({ environment }) : await locks.release({ leaseId: held });
    held = held === "" ? (lease?.id ?? "") : "";
    revision = Number(lease?.revision ?? 0);
  }
  return revision;
}

interface Result extends Awaited<ReturnType<Measure["end"]>> {
  readonly readers: number;
  readonly changes: number;
  /** Messages that all readers got, and how many readers were cut off. */
  readonly told: number;
  readonly ended: number;
}

/** So many watches of one environment, which changes at a rate; some more of them are never read. */
async function follow(watches: number, rate: number, changes: number, deaf = 0, connections = Math.ceil(watches / 100)): Promise<Result> {
  await using server = await start();
  const callers = clients(server);
  await change(callers, "uat", 1_000, 2);
  using crowd = new Crowd();
  using asleep = new Crowd();
  await crowd.open(server, { environment: "uat", streams: watches, connections });
  if (deaf > 0) await asleep.open(server, { environment: "uat", streams: deaf, connections: Math.ceil(deaf / 100), deaf: true });
  await pause(REST_MS);
  const measure = new Measure(server);
  const revision = await change(callers, "uat", rate, changes);
  const { messages, ended } = await crowd.order({ do: "reach", revision });
  return { readers: watches, changes, told: messages, ended, ...(await measure.end()) };
}

/** So many watches come back over a log of so many events, right after a start. */
async function resume(readers: number, events: number): Promise<Result> {
  await using server = await start();
  const { locks } = clients(server);
  const since = await change({ locks }, "uat", 1_000, 2);
  const turns = async (environment: string) => {
    for (let turn = 0; turn < events / 40; turn++) await change({ locks }, environment, Number.POSITIVE_INFINITY, 2);
  };
  await Promise.all(Array.from({ length: 20 }, (_, number) => turns(`e${number}`)));
  const revision = await change({ locks }, "uat", 1_000, 2);
  await server.kill9();
  await server.restart();
  using crowd = new Crowd();
  const measure = new Measure(server);
  const opened = await crowd.open(server, { pool: "default", since, streams: readers, connections: Math.ceil(readers / 10) });
  const { messages, ended } = await crowd.order({ do: "reach", revision });
  return { readers, changes: events, told: opened.messages + messages, ended, ...(await measure.end()) };
}

/** Makes every environment of a pool of so many anew, each time with another description. */
async function apply({ environments }: Pick<Clients, "environments">, size: number, description: string): Promise<void> {
  const all = Array.from({ length: size }, (_, number) => create(EnvironmentSchema, { name: `e${number}`, pool: "fleet", description }));
  await environments.applyEnvironments({ environments: all });
}

/** One configuration that changes every environment of a pool, with so many readers of the pool. */
async function batch(readers: number, size: number): Promise<Result> {
  await using server = await start();
  const callers = clients(server);
  await apply(callers, size, "before");
  using crowd = new Crowd();
  await crowd.open(server, { pool: "fleet", streams: readers, connections: Math.ceil(readers / 100) });
  await pause(REST_MS);
  const measure = new Measure(server);
  await apply(callers, size, "after");
  const { lease } = await callers.locks.acquire({ environment: "e0" });
  const { messages, ended } = await crowd.order({ do: "reach", revision: Number(lease?.revision) });
  return { readers, changes: size, told: messages, ended, ...(await measure.end()) };
}

/** So many readers come to a pool, or with none to everything, and are told of each of its environments. */
async function come(readers: number, size: number, pool = "fleet"): Promise<Result> {
  await using server = await start();
  const callers = clients(server);
  await apply(callers, size, "here");
  using crowd = new Crowd();
  const measure = new Measure(server);
  const opened = await crowd.open(server, { pool, streams: readers, connections: Math.ceil(readers / 100) });
  const { lease } = await callers.locks.acquire({ environment: "e0" });
  const { messages, ended } = await crowd.order({ do: "reach", revision: Number(lease?.revision) });
  return { readers, changes: 1, told: opened.messages + messages, ended, ...(await measure.end()) };
}

/** So many readers of everything, as pages are, each on a connection of its own, while one of so many environments changes at a rate. */
async function look(readers: number, size: number, rate: number, changes: number): Promise<Result> {
  await using server = await start();
  const callers = clients(server);
  await apply(callers, size, "here");
  using crowd = new Crowd();
  await crowd.open(server, { streams: readers, connections: readers });
  await pause(REST_MS);
  const measure = new Measure(server);
  const revision = await change(callers, "e7", rate, changes);
  const { messages, ended } = await crowd.order({ do: "reach", revision });
  return { readers, changes, told: messages, ended, ...(await measure.end()) };
}

const CASES: Readonly<Record<string, () => Promise<Result>>> = {
  "1,000 watches, 10 changes/s": () => follow(1_000, 10, 50),
  "10,000 watches, 1 change/s": () => follow(10_000, 1, 5),
  "10,000 watches, 10 changes/s": () => follow(10_000, 10, 44),
  "the same, and 1,000 that never read": () => follow(10_000, 10, 44, 1_000),
  "450 on one connection, 100 changes/s": () => follow(450, 100, 371, 0, 1),
  "1,800 for a minute, 20 changes/s": () => follow(1_800, 20, 1_200),
  "20 come back over 9,900 events": () => resume(20, 9_900),
  "100 come back over 9,900 events": () => resume(100, 9_900),
  "200 on a pool of 1,000, all changed at once": () => batch(200, 1_000),
  "2,000 come to a pool of 1,000": () => come(2_000, 1_000),
  "500 pages come to 2,000 environments": () => come(500, 2_000, ""),
  "500 pages of 2,000 environments, 20 changes/s": () => look(500, 2_000, 20, 200),
};

const HEAD = [
  "case",
  "µs of CPU per change and reader",
  "CPU, s",
  "until all knew, s",
  "messages",
  "cut off",
  "longest turn, ms of CPU",
  "longest /healthz, ms",
  "peak, MiB",
];

const wanted = process.argv.slice(2);
process.stdout.write(`| ${HEAD.join(" | ")} |\n|${"---|".repeat(HEAD.length)}\n`);
for (const [name, run] of Object.entries(CASES)) {
  if (wanted.length > 0 && !wanted.some((part) => name.includes(part))) continue;
  const { readers, changes, cpu, seconds, told, ended, turn, pulse, megabytes } = await run();
  const each = ((cpu * 1_000) / changes / readers).toFixed(0);
  const figures = [(cpu / 1_000).toFixed(1), seconds.toFixed(1), told, ended, turn.toFixed(0), pulse.toFixed(0), megabytes.toFixed(0)];
  process.stdout.write(`| ${[name, each, ...figures].join(" | ")} |\n`);
}
// A client's connection would keep the process.
process.exit(0);
