/** What nobody who does the same on Node and SQLite can go below: an empty call, the transaction alone, an fdatasync alone. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { openDatabase } from "../../src/store/sqlite/database.ts";
import { LONG_LOG } from "../../src/store/sqlite/log.ts";
import type { BatchRows } from "../../src/store/sqlite/rows.ts";
import { Tables } from "../../src/store/sqlite/tables.ts";
import { record } from "./recording.ts";
import { type Contestant, quantile } from "./rounds.ts";
import type { Running } from "./servers.ts";

/** A page of SQLite's log, and how many of them it has before it begins anew. */
const PAGE = Buffer.alloc(4_096, 1);
const PAGES = 1_000;

/** A process that gives call-me's answers and does nothing else. */
export async function startEmpty(protocol: "grpc" | "json"): Promise<Running> {
  const { answers } = await record();
  const child = fork(new URL("./empty.ts", import.meta.url), [protocol]);
  const exited = once(child, "exit");
  child.send(Object.fromEntries(Object.entries(answers).map(([at, answer]) => [at, answer[protocol].toString("base64")])));
  const [port] = (await once(child, "message")) as [number];
  const dispose = async () => {
    child.kill();
    await exited;
  };
  return { address: `127.0.0.1:${port}`, pid: child.pid ?? Number.NaN, [Symbol.asyncDispose]: dispose };
}

/**
 * What call-me writes for each of these, written by its own statements, one commit after another, and copied to the database as often. The
 * time is that of the first of a turn.
 */
export async function transactions(kind: "renewals" | "pairs"): Promise<Contestant> {
  const turns = (await record())[kind];
  const directory = mkdtempSync(path.join(os.tmpdir(), "sqlite-"));
  const file = path.join(directory, "bench.db");
  let tables: Tables | undefined;
  const fresh = () => {
    tables?.close();
    rmSync(file, { force: true });
    tables = new Tables(openDatabase(file));
    return [...turns];
  };
  let left: (readonly BatchRows[])[] = [];
  const turn = () => {
    // The same rows can be written once to a database.
    if (left.length === 0) left = fresh().reverse();
    const start = performance.now();
    let took = Number.NaN;
    for (const rows of left.pop() ?? []) {
      tables?.write(rows);
      if (Number.isNaN(took)) took = performance.now() - start;
      if ((tables?.pending() ?? 0) >= LONG_LOG) tables?.checkpoint();
    }
    return took;
  };
  return alone(turn, () => {
    tables?.close();
    rmSync(directory, { recursive: true });
  });
}

/** A page written, and made durable, one after another, in a file of constant length. */
export function fdatasyncs(): Contestant {
  const directory = mkdtempSync(path.join(os.tmpdir(), "sync-"));
  const file = openSync(path.join(directory, "pages"), "w");
  let next = 0;
  const write = () => writeSync(file, PAGE, 0, PAGE.length, (next++ % PAGES) * PAGE.length);
  while (next < PAGES) write();
  const turn = () => {
    const start = performance.now();
    write();
    fdatasyncSync(file);
    return performance.now() - start;
  };
  return alone(turn, () => {
    closeSync(file);
    rmSync(directory, { recursive: true });
  });
}

/** Something that this process does by itself, without a load. `turn` returns how long the part took that is told as latency. */
function alone(turn: () => number, dispose: () => void): Contestant {
  return {
    run: async (seconds) => {
      const [start, before] = [performance.now(), process.cpuUsage()];
      const latencies: number[] = [];
      while (performance.now() - start < seconds * 1_000) latencies.push(turn());
      const elapsed = performance.now() - start;
      const { user, system } = process.cpuUsage(before);
      const calls = latencies.length;
      return {
        rate: (calls * 1_000) / elapsed,
        cpu: (user + system) / calls,
        busy: (user + system) / 1_000 / elapsed,
        load: Number.NaN,
        p50: quantile(latencies, 0.5),
        p99: quantile(latencies, 0.99),
      };
    },
    [Symbol.asyncDispose]: async () => dispose(),
  };
}
