// node scripts/launch.js bench/sizes.ts: what happens at the sizes that src/core/limits.ts admits, seen from outside: how long each thing
// takes at one size and at another, and how long somebody else's /healthz takes meanwhile. Read how the figures grow, not the figures.
import http2 from "node:http2";
import os from "node:os";
import { Worker } from "node:worker_threads";
import { create, type DescMethod, fromBinary, type MessageInitShape, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { EnvironmentService } from "../gen/ts/callme/v1/environment_service_pb.ts";
import { LockService } from "../gen/ts/callme/v1/lock_service_pb.ts";
import { EnvironmentState } from "../gen/ts/callme/v1/types_pb.ts";
import { Server } from "../test/outside/server.ts";

/** Calls under way at once. */
const AT_ONCE = 200;

const { acquire, release, check } = LockService.method;
const { applyEnvironments, deleteEnvironment, setEnvironmentState } = EnvironmentService.method;

/** Unary Connect calls with binary messages over one HTTP/2 connection: as little work for us as can be. */
class Caller implements Disposable {
  readonly #session: http2.ClientHttp2Session;
  readonly #key: string;

  constructor(server: Server) {
    this.#session = http2.connect(server.url);
    // A server that is killed on purpose takes its connections along.
    this.#session.on("error", () => {});
    this.#key = server.key;
  }

  call<M extends DescMethod>(method: M, message: MessageInitShape<M["input"]>): Promise<MessageShape<M["output"]>> {
    return new Promise((resolve, reject) => {
      const path = `/${method.parent.typeName}/${method.name}`;
      const stream = this.#session.request({
        ":method": "POST",
        ":path": path,
        "content-type": "application/proto",
        "x-api-key": this.#key,
      });
      const chunks: Buffer[] = [];
      let status = 0;
      stream.on("response", (headers) => {
        status = Number(headers[":status"]);
      });
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("error", reject);
      stream.on("end", () => {
        const body = Buffer.concat(chunks);
        if (status === 200) resolve(fromBinary(method.output, body) as MessageShape<M["output"]>);
        else reject(new Error(`${path}: ${status} ${body.toString()}`));
      });
      stream.end(toBinary(method.input, create(method.input, message)));
    });
  }

  /** `count` calls, AT_ONCE of them at a time. */
  async many(count: number, one: (index: number) => Promise<unknown>): Promise<void> {
    let next = 0;
    const worker = async () => {
      while (next < count) await one(next++);
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, worker));
  }

  [Symbol.dispose](): void {
    this.#session.destroy();
  }
}

/** What a row is measured with. */
interface Bench {
  readonly server: Server;
  readonly caller: Caller;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Offers, or holds, on an environment: all that were there to be served have been. */
async function served(caller: Caller, environment: string, count: number): Promise<void> {
  for (;;) {
    const status = (await caller.call(check, { environment })).environments[0];
    if ((status?.used ?? 0) >= count) return;
  }
}

async function chain({ caller }: Bench, size: number): Promise<number> {
  const pool = `chain-${size}`;
  const environments = Array.from({ length: size + 1 }, (_, index) => ({ name: `${pool}/${index}`, pool }));
  await caller.call(applyEnvironments, { environments });
  await caller.many(size, (index) =>
    caller.call(acquire, {
      needs: [{ environment: `${pool}/${index}` }, { environment: `${pool}/${index + 1}` }],
      requestId: `${pool}-${index}`,
    }),
  );
  return await timed(() => caller.call(check, { pool }));
}

async function maintenance({ caller }: Bench, size: number): Promise<number> {
  const environment = `maintenance-${size}`;
  await caller.call(applyEnvironments, { environments: [{ name: environment, capacity: size, pool: environment }] });
  await caller.call(setEnvironmentState, { environment, state: EnvironmentState.MAINTENANCE });
  await caller.many(size, (index) => caller.call(acquire, { environment, requestId: `${environment}-${index}` }));
  return await timed(async () => {
    await caller.call(setEnvironmentState, { environment, state: EnvironmentState.AVAILABLE });
    await served(caller, environment, size);
  });
}

/** After a start all leases have the same least ttl, so they end at the same moment. */
async function expiry({ server }: Bench, size: number): Promise<number> {
  const environment = `expiry-${size}`;
  const lockDelay = { seconds: 0n };
  {
    using caller = new Caller(server);
    await caller.call(applyEnvironments, { environments: [{ name: environment, capacity: size, pool: environment, lockDelay }] });
    const ttl = { seconds: 5n };
    await caller.many(size, (index) => caller.call(acquire, { environment, requestId: `h-${size}-${index}`, ttl }));
    await caller.many(size, (index) => caller.call(acquire, { environment, requestId: `w-${size}-${index}` }));
  }
  await server.kill9();
  await server.restart();
  using caller = new Caller(server);
  const waiting = async () => (await caller.call(check, { environment })).environments[0]?.queueLength ?? 0;
  while ((await waiting()) > 0);
  // The end came at some moment of the last call but one; what it cost is what the last one waited.
  return await timed(() => caller.call(check, { environment }));
}

async function grants({ caller }: Bench, size: number): Promise<number> {
  const environment = `grants-${size}`;
  await caller.call(applyEnvironments, { environments: [{ name: environment, capacity: size, pool: environment }] });
  return await timed(() => caller.many(size, (index) => caller.call(acquire, { environment, requestId: `${environment}-${index}` })));
}

/** Pairs of Acquire and Release after so many pools have come and gone. */
async function deletedPools({ caller }: Bench, size: number): Promise<number> {
  const names = Array.from({ length: size }, (_, index) => `gone-${size}-${index}`);
  for (let from = 0; from < size; from += 500) {
    const part = names.slice(from, from + 500);
    await caller.call(applyEnvironments, { environments: part.map((name) => ({ name, pool: name })) });
    await caller.many(part.length, (index) => caller.call(deleteEnvironment, { environment: part[index] ?? "" }));
  }
  return await timed(() =>
    caller.many(1_000, async (index) => {
      const { lease } = await caller.call(acquire, { environment: `pair-${index % AT_ONCE}`, wait: { seconds: 60n } });
      await caller.call(release, { leaseId: lease?.id ?? "" });
    }),
  );
}

/** From the start of the process to ready, after kill -9, with so many leases held and as many waiting. */
async function restart({ server, caller }: Bench, size: number): Promise<number> {
  if (size > 0) {
    const environment = `restart-${size}`;
    await caller.call(applyEnvironments, { environments: [{ name: environment, capacity: size, pool: environment }] });
    await caller.many(2 * size, (index) => caller.call(acquire, { environment, requestId: `${environment}-${index}` }));
  }
  await server.kill9();
  return await timed(() => server.restart());
}

const rows: readonly [what: string, sizes: readonly number[], measure: (bench: Bench, size: number) => Promise<number>][] = [
  ["Check of a pool in which n wait for environments i and i + 1", [300, 600, 2_400], chain],
  ["a maintenance ends before n waiters: until all have an offer", [1_000, 4_000, 10_000], maintenance],
  ["n leases expire together before n waiters: a Check just then", [1_000, 4_000, 10_000], expiry],
  ["n grants of slots of one environment, 200 calls at once", [1_000, 10_000], grants],
  ["1,000 Acquire and Release after n pools were deleted", [0, 5_000], deletedPools],
  ["start after kill -9, n held and n waiting", [0, 1_000, 10_000], restart],
];

/** Runs one row at one size on a server of its own. */
async function measure(size: number, work: (bench: Bench, size: number) => Promise<number>): Promise<string> {
  await using server = await Server.start();
  using caller = new Caller(server);
  const pulse = new Worker(new URL("./pulse.ts", import.meta.url), { workerData: server.url });
  const longest = () =>
    new Promise<number>((resolve) => {
      pulse.once("message", resolve);
      pulse.postMessage("longest");
    });
  const took = await work({ server, caller }, size);
  const waited = await longest();
  await pulse.terminate();
  return `| ${size.toLocaleString("en")} | ${took.toFixed(0)} | ${waited.toFixed(0)} |`;
}

process.stdout.write(`${os.cpus().length} × ${os.cpus()[0]?.model ?? "?"}, Node ${process.versions.node}\n\n`);
process.stdout.write("| what happens | n | ms | longest /healthz meanwhile, its preparation included, ms |\n|---|---|---|---|\n");
const only = process.argv[2];
for (const [what, sizes, work] of rows) {
  if (only !== undefined && !what.includes(only)) continue;
  for (const size of sizes) process.stdout.write(`| ${what} ${await measure(size, work)}\n`);
}
