/** How long a start takes, beside that of a Node that does nothing. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { EnvironmentService } from "../../gen/ts/callme/v1/environment_service_pb.ts";
import { LockService } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { Caller } from "../caller.ts";
import { median, ratio } from "../compare/rounds.ts";
import { figure, table } from "../compare/table.ts";
import { addEnded } from "./history.ts";
import { type House, Room, timed } from "./room.ts";

const { acquire, release } = LockService.method;
const { applyEnvironments } = EnvironmentService.method;

const ROUNDS = 9;

async function bare(): Promise<void> {
  await once(spawn(process.execPath, ["-e", "0"], { stdio: "ignore" }), "exit");
}

/**
 * From spawn to ready on a store, then killed; on both cores, as nothing else runs then. Its log is a file: of a socket, which Node's pipes
 * are, the first line comes by way of a process of its own.
 */
async function start({ program }: House, store: string): Promise<number> {
  const log = path.join(store, "log");
  const file = openSync(log, "w");
  const env = { PATH: process.env["PATH"], CALL_ME_LAUNCHER: "1", CALL_ME_STORE: `sqlite:${path.join(store, "call-me.db")}`, PORT: "0" };
  const begin = performance.now();
  const child = spawn(process.execPath, [program, "serve"], { stdio: ["ignore", "ignore", file], env });
  while (!readFileSync(log, "utf8").includes("call-me is ready")) {
    if (child.exitCode !== null) throw new Error(`the server has ended: ${readFileSync(log, "utf8")}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const took = performance.now() - begin;
  child.kill("SIGKILL");
  await once(child, "exit");
  closeSync(file);
  return took;
}

async function onEmpty(house: House): Promise<number> {
  const store = mkdtempSync(path.join(os.tmpdir(), "empty-"));
  try {
    return await start(house, store);
  } finally {
    rmSync(store, { recursive: true });
  }
}

/** So many held, and as many in line. */
async function crowd({ server }: Room, size: number): Promise<void> {
  using caller = new Caller(server);
  await caller.call(applyEnvironments, { environments: [{ name: "uat", capacity: size }] });
  await caller.many(2 * size, (index) => caller.call(acquire, { environment: "uat", requestId: `lease-${index}` }));
}

/** One lease that has ended, of a request_id. */
async function keyed({ server }: Room, requestId: string): Promise<void> {
  using caller = new Caller(server);
  const { lease } = await caller.call(acquire, { environment: "past", requestId });
  await caller.call(release, { leaseId: lease?.id ?? "" });
}

/** The table, in Markdown. */
export async function starts(house: House, say: (progress: string) => void): Promise<string> {
  say("starts");
  const here = { ...house, cores: undefined };
  await using crowded = await Room.open(here);
  await crowd(crowded, 10_000);
  await using old = await Room.open(here);
  await keyed(old, "past");
  await old.restart("stop", () => addEnded(path.join(old.server.directory, "call-me.db"), 1_000_000, "admin", "past"));
  for (const { server } of [crowded, old]) await server.kill9();
  const rows: readonly (readonly [what: string, measure: (round: number) => Promise<number>])[] = [
    ["a bare Node: `node -e 0`, to its end", () => timed(bare)],
    ["on an empty store", () => onEmpty(here)],
    ["after kill -9, with 10,000 held and 10,000 in line", () => start(here, crowded.server.directory)],
    ["after kill -9, with 1,000,000 ended leases", () => start(here, old.server.directory)],
    [
      "from there to the answer of the first Acquire with a request_id, which waits until all of these are known",
      (round) => first(old, round),
    ],
  ];
  const times: number[][] = rows.map(() => []);
  // In turns: all of a round meet the machine as it is just then.
  for (let round = 0; round < ROUNDS; round++) for (const [index, [, measure]] of rows.entries()) times[index]?.push(await measure(round));
  const [bares = []] = times;
  return table(
    ["from the start of the process to ready", "ms", "to a bare Node"],
    rows.map(([what], index) => {
      const own = times[index] ?? [];
      return [what, figure(median(own)), `${figure(ratio(own, bares))} ×`];
    }),
  );
}

/** The first Acquire with a request_id after a start. */
async function first(room: Room, round: number): Promise<number> {
  await room.server.restart();
  const took = await timed(() => keyed(room, `first-${round}`));
  await room.server.kill9();
  return took;
}
