// node scripts/launch.js bench/profile.ts [SECONDS]: where the CPU time of a call goes, under the load of `npm run bench`; told in
// docs/performance.md, where it writes what it found unless it was given the seconds. The kernel says how much each thread used, V8's profiler
// how that of the main thread is to be shared out; it costs something itself. The server is the checkout's sources, since the bundle has no
// names of files.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { Server } from "../test/outside/server.ts";
import { buildLoader, Load, type Order } from "./compare/load.ts";
import { describe, pin, threadsOf } from "./compare/machine.ts";
import { figure, Place, table } from "./compare/table.ts";

/** V8's file. Times in µs. */
interface Profile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: { readonly functionName: string; readonly url: string } }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** What the kernel calls the threads that there are beside the main one, and what they do. */
const THREADS: readonly (readonly [name: string, place: string])[] = [
  ["sqlite", "SQLite's thread, fsync included"],
  ["node-V8Worker", "V8's helpers: garbage collection, compiler"],
];
/** By the name of a function that is none, or else by the file: the first that fits. */
const PLACES: readonly (readonly [place: string, found: RegExp])[] = [
  ["garbage collection", /^\(garbage collector\)$/],
  ["native code and the kernel", /^\((program|root)\)$|^$/],
  ["node:http2", /^node:internal\/http2\//],
  ["node:http", /^node:_http|^node:internal\/http|^node:http/],
  ["sockets and streams of Node", /^node:(net|stream|internal\/(stream|streams\/|js_stream))/],
  ["the rest of Node", /^node:/],
  ["connect-es", /@connectrpc\//],
  ["protobuf-es", /@bufbuild\//],
  ["src/core", /\/src\/core\//],
  ["src/store", /\/src\/store\//],
  ["src/engine", /\/src\/engine\//],
  ["src/rpc", /\/src\/rpc\//],
  ["else", /./],
];

/** How the main thread's time is shared out, in a part of a profile: from and to so many µs after its begin. Undefined for another thread's. */
function sharesOf(profile: Profile, from: number, to: number): Map<string, number> | undefined {
  if (profile.nodes.some(({ callFrame }) => callFrame.url.endsWith("/sqlite/worker.ts"))) return undefined;
  const places = new Map(
    profile.nodes.map(({ id, callFrame: { functionName, url } }) => {
      const name = functionName.startsWith("(") ? functionName : url;
      return [id, name === "(idle)" ? undefined : PLACES.find(([, found]) => found.test(name))?.[0]];
    }),
  );
  const times = new Map<string, number>();
  let [at, sum] = [0, 0];
  for (const [index, id] of profile.samples.entries()) {
    const delta = profile.timeDeltas[index] ?? 0;
    at += delta;
    const place = places.get(id);
    if (place === undefined || at < from || at >= to) continue;
    times.set(place, (times.get(place) ?? 0) + delta);
    sum += delta;
  }
  return new Map([...times].map(([place, time]) => [place, time / sum]));
}

/** What each turn of an operation comes to. */
interface Cost {
  /** µs of CPU by place. */
  readonly times: ReadonlyMap<string, number>;
  /** Bytes that outlive the collections of young objects. */
  readonly survivors: number;
}

async function measure(order: Omit<Order, "address" | "key" | "prefix">): Promise<Cost> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "call-me-profile-"));
  const begin = performance.now();
  const survivors = new URL("./survivors.ts", import.meta.url);
  const options = ["--max-semi-space-size=64", "--cpu-prof", `--cpu-prof-dir=${folder}`, `--import=${survivors}`];
  await using server = await Server.start({ NODE_OPTIONS: options.join(" ") }, path.resolve(import.meta.dirname, "../cli/bin.js"));
  await using load = await Load.start({ ...order, address: `127.0.0.1:${server.port}`, key: server.key, prefix: "bench" }, cores);
  await load.run(seconds);
  server.signal("SIGUSR2");
  const [from, before] = [performance.now() - begin, threadsOf(server.pid)];
  const { calls } = await load.run(seconds);
  const [to, after] = [performance.now() - begin, threadsOf(server.pid)];
  const used = (thread: string) => (((after.get(thread) ?? 0) - (before.get(thread) ?? 0)) * 1e6) / calls;
  // Only one that ends by itself writes its profiles.
  await server.stop();
  const found = new Map(THREADS.map(([name, place]) => [place, used(name)]));
  const left = Number(server.log.findLast(({ msg }) => msg === "survivors")?.["bytes"]);
  for (const file of readdirSync(folder)) {
    const shares = sharesOf(JSON.parse(readFileSync(path.join(folder, file), "utf8")) as Profile, from * 1_000, to * 1_000);
    for (const [place, share] of shares ?? []) found.set(place, share * used("main"));
  }
  rmSync(folder, { recursive: true });
  return { times: found, survivors: left / calls };
}

const seconds = Number(process.argv[2] ?? 10);
const place = process.argv[2] === undefined ? new Place("node scripts/launch.js bench/profile.ts") : undefined;
buildLoader();
const cores = pin();
const [grpc, json] = [
  { system: "grpc", connections: 8, streams: 16, locks: 500 },
  { system: "json", connections: 64, streams: 1, locks: 500 },
] as const;
const columns = [
  ["Renew, gRPC", await measure({ ...grpc, operation: "renew" })],
  ["Renew, JSON", await measure({ ...json, operation: "renew" })],
  ["pair, gRPC", await measure({ ...grpc, operation: "pairs" })],
  ["pair, JSON", await measure({ ...json, operation: "pairs" })],
] as const;
const rows = [...PLACES, ...THREADS.map(([, place]) => [place] as const)].map(([place]) => [
  place,
  ...columns.map(([, { times }]) => figure(times.get(place) ?? 0)),
]);
const sum = ({ times }: Cost) => figure([...times.values()].reduce((a, b) => a + b, 0));
rows.push(["together", ...columns.map(([, cost]) => sum(cost))]);
rows.push(["bytes that outlive young collections", ...columns.map(([, { survivors }]) => figure(survivors))]);
const head = ["µs of CPU each", ...columns.map(([name]) => name)];
const found = `${new Date().toISOString().slice(0, 10)}; ${describe(cores)}.\n\n${table(head, rows)}`;
process.stdout.write(found);
place?.write(found);
