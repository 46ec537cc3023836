// node scripts/launch.js bench/watchers.ts [NAME…]: what watches cost, and how long another call waits beside them; each case on a server of its own.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { create } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { EnvironmentSchema, EnvironmentService } from "../gen/ts/callme/v1/environment_service_pb.ts";
import { LockService } from "../gen/ts/callme/v1/lock_service_pb.ts";
import { Server } from "../test/outside/server.ts";
import type { Order, Report, WatchOrder } from "./readers.ts";

/** 100 ticks a second, as everywhere on Linux. */
const TICK_MS = 10;

const settings = {
  ...(process.env["PROFILE"] && {
    NODE_OPTIONS: process.env["PROFILE"].startsWith("--") ? process.env["PROFILE"] : `--cpu-prof --cpu-prof-dir=${process.env["PROFILE"]}`,
  }),
};

/** A process of readers; told what to do, it reports when it is done. */
class Crowd implements Disposable {
  readonly #child: ChildProcess = fork(new URL("./readers.ts", import.meta.url));

  async order(order: Order): Promise<Report> {
    this.#child.send(order);
    const [report] = (await once(this.#child, "message")) as [Report];
    return report;
  }

  open(server: Server, watch: Partial<WatchOrder>): Promise<Report> {
    const all = { streams: 1, connections: 1, deaf: false, ...watch };
    return this.order({ do: "open", port: server.port, key: server.key, watch: all });
  }

  [Symbol.dispose](): void {
    this.#child.kill("SIGKILL");
  }
}

/** Asks one thing after another, and remembers the longest wait. */
class Bystander {
  longest = 0;
  #stopped = false;
  readonly #done: Promise<void>;

  constructor(server: Server) {
    const { locks } = clients(server);
    this.#done = this.#ask([
      () => fetch(`${server.url}/healthz`).then((answer) => answer.text()),
      () => locks.check({ environment: "another" }),
    ]);
  }

  async #ask(calls: readonly (() => Promise<unknown>)[]): Promise<void> {
    while (!this.#stopped) {
      for (const call of calls) {
        const start = performance.now();
        await call();
        this.longest = Math.max(this.longest, performance.now() - start);
      }
      await pause(20);
    }
  }

  async stop(): Promise<number> {
    this.#stopped = true;
    await this.#done;
    return this.longest;
  }
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

/** Takes the environment and gives it back, at so many changes a second; the revision of the last one, and the longest wait of a caller. */
async function change({ locks }: Clients, environment: string, rate: number, changes: number) {
  let revision = 0;
  let longest = 0;
  const begin = performance.now();
  let held = "";
  for (let number = 0; number < changes; number++) {
    const due = begin + (number * 1_000) / rate;
    if (performance.now() < due) await pause(due - performance.now());
    const start = performance.now();
    const { lease } = held === "" ? await locks.acquire({ environment }) : await locks.release({ leaseId: held });
    longest = Math.max(longest, performance.now() - start);
    held = held === "" ? (lease?.id ?? "") : "";
    revision = Number(lease?.revision ?? 0);
  }
  return { revision, longest };
}

interface Result {
  readonly readers: number;
  readonly changes: number;
  readonly cpu: number;
  readonly seconds: number;
  readonly told: number;
  readonly ended: number;
  readonly call: number;
  readonly caller: number;
  readonly megabytes: number;
}

interface Follow {
  readonly watches: number;
  readonly deaf?: number;
  readonly rate: number;
  readonly changes: number;
}

/** So many watches of one environment, which changes at a rate. */
async function follow({ watches, deaf = 0, rate, changes }: Follow): Promise<Result> {
  await using server = await Server.start(settings);
  const callers = clients(server);
  await change(callers, "uat", 1_000, 2);
  using crowd = new Crowd();
  using asleep = new Crowd();
  await crowd.open(server, { environment: "uat", streams: watches, connections: Math.ceil(watches / 100) });
  if (deaf > 0) await asleep.open(server, { environment: "uat", streams: deaf, connections: Math.ceil(deaf / 100), deaf: true });
  await pause(1_000);
  const before = cpuOf(server);
  const bystander = new Bystander(server);
  const start = performance.now();
  const { revision, longest } = await change(callers, "uat", rate, changes);
  const { messages, ended } = await crowd.order({ do: "reach", revision });
  const seconds = (performance.now() - start) / 1_000;
  const cpu = cpuOf(server) - before;
  const call = await bystander.stop();
  const megabytes = peakOf(server);
  await server.stop();
  return { readers: watches, changes, cpu, seconds, told: messages, ended, call, caller: longest, megabytes };
}

/** So many watches come back over a log of so many events, right after a start. */
async function resume(readers: number, events: number): Promise<Result> {
  await using server = await Server.start(settings);
  let callers = clients(server);
  const first = await change(callers, "uat", 1_000, 2);
  await Promise.all(
    Array.from({ length: 20 }, async (_, number) => {
      for (let turn = 0; turn < events / 40; turn++) {
        const { lease } = await callers.locks.acquire({ environment: `e${number}` });
        await callers.locks.release({ leaseId: lease?.id ?? "" });
      }
    }),
  );
  const { revision } = await change(callers, "uat", 1_000, 2);
  await server.kill9();
  await server.restart();
  callers = clients(server);
  await callers.locks.check({ environment: "uat" });
  using crowd = new Crowd();
  const before = cpuOf(server);
  const bystander = new Bystander(server);
  const start = performance.now();
  await crowd.open(server, { pool: "default", since: first.revision, streams: readers, connections: Math.ceil(readers / 100) });
  const { messages, ended } = await crowd.order({ do: "reach", revision });
  const seconds = (performance.now() - start) / 1_000;
  const result = { readers, changes: events, cpu: cpuOf(server) - before, seconds, told: messages, ended };
  return { ...result, call: await bystander.stop(), caller: 0, megabytes: peakOf(server) };
}

/** One configuration that changes every environment of a pool, with so many readers of the pool. */
async function batch(readers: number, size: number): Promise<Result> {
  await using server = await Server.start(settings);
  const { environments } = clients(server);
  const apply = async (description: string) => {
    const all = Array.from({ length: size }, (_, number) => create(EnvironmentSchema, { name: `e${number}`, pool: "fleet", description }));
    await environments.applyEnvironments({ environments: all });
  };
  await apply("before");
  using crowd = new Crowd();
  await crowd.open(server, { pool: "fleet", streams: readers, connections: Math.ceil(readers / 100) });
  await pause(1_000);
  const before = cpuOf(server);
  const bystander = new Bystander(server);
  const start = performance.now();
  await apply("after");
  const caller = performance.now() - start;
  const { locks } = clients(server);
  const { lease } = await locks.acquire({ environment: "e0" });
  const { messages, ended } = await crowd.order({ do: "reach", revision: Number(lease?.revision) });
  const seconds = (performance.now() - start) / 1_000;
  const result = { readers, changes: size, cpu: cpuOf(server) - before, seconds, told: messages, ended };
  return { ...result, call: await bystander.stop(), caller, megabytes: peakOf(server) };
}

const CASES: Readonly<Record<string, () => Promise<Result>>> = {
  "1,000 watches, 10 changes/s": () => follow({ watches: 1_000, rate: 10, changes: 50 }),
  "10,000 watches, 1 change/s": () => follow({ watches: 10_000, rate: 1, changes: 5 }),
  "10,000 watches, 10 changes/s": () => follow({ watches: 10_000, rate: 10, changes: 44 }),
  "10,000 watches and 1,000 that never read": () => follow({ watches: 10_000, deaf: 1_000, rate: 10, changes: 44 }),
  "20 resume over 9,900 events": () => resume(20, 9_900),
  "100 resume over 9,900 events": () => resume(100, 9_900),
  "200 on a pool of 1,000, all changed at once": () => batch(200, 1_000),
};

const wanted = process.argv.slice(2);
process.stdout.write(
  "| case | µs of CPU a change and reader | CPU, s | until all were told, s | messages | ended | longest wait of another call, ms | of who changes, ms | peak, MiB |\n",
);
process.stdout.write(`|${"---|".repeat(9)}\n`);
for (const [name, run] of Object.entries(CASES)) {
  if (wanted.length > 0 && !wanted.some((part) => name.includes(part))) continue;
  const { readers, changes, cpu, seconds, told, ended, call, caller, megabytes } = await run();
  const each = ((cpu * 1_000) / changes / readers).toFixed(0);
  const cells = [
    name,
    each,
    (cpu / 1_000).toFixed(1),
    seconds.toFixed(1),
    told,
    ended,
    call.toFixed(0),
    caller.toFixed(0),
    megabytes.toFixed(0),
  ];
  process.stdout.write(`| ${cells.join(" | ")} |\n`);
}
process.exit(0);
