/** The machine that is measured on: which core does what, and how much a process has used of it. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import os from "node:os";
import process from "node:process";

/** 100 ticks a second, as everywhere on Linux. */
const TICK_S = 0.01;

/** The core of whatever is measured, and the one of the load; undefined where they cannot be told apart. */
export interface Cores {
  readonly server: number;
  readonly load: number;
}

/**
 * Keeps this process to one core, and with it every process that it starts from now on: they are what is measured. Undefined where there
 * is one core only, or no taskset.
 */
export function pin(): Cores | undefined {
  const [server, load] = allowed();
  if (server === undefined || load === undefined || !isInstalled("taskset")) return undefined;
  execFileSync("taskset", ["--cpu-list", "--pid", String(server), String(process.pid)], { stdio: "ignore" });
  return { server, load };
}

/** The cores that this process may run on. */
function allowed(): number[] {
  if (!existsSync("/proc/self/status")) return [];
  const [, list = ""] = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  return list.split(",").flatMap((part) => {
    const [from = Number.NaN, to = from] = part.split("-").map(Number);
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  });
}

/** Whether there is such a program on the PATH. */
export function isInstalled(program: string): boolean {
  return spawnSync("which", [program]).status === 0;
}

/** CPU time of a process and of all that it started, in seconds; NaN where there is no /proc. */
export function cpuOf(pid: number): number {
  if (!existsSync(`/proc/${pid}/stat`)) return Number.NaN;
  const [user = 0, system = 0, ofGone = 0, inGone = 0] = statOf(`/proc/${pid}`);
  return childrenOf(pid).reduce((sum, child) => sum + cpuOf(child), (user + system + ofGone + inGone) * TICK_S);
}

/** CPU time of a process's own threads by their names, in seconds; that of the first one by the name "main". */
export function threadsOf(pid: number): Map<string, number> {
  const times = new Map<string, number>();
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const name = thread === String(pid) ? "main" : readFileSync(`/proc/${pid}/task/${thread}/comm`, "utf8").trim();
    const [user = 0, system = 0] = statOf(`/proc/${pid}/task/${thread}`);
    times.set(name, (times.get(name) ?? 0) + (user + system) * TICK_S);
  }
  return times;
}

/** Its own ticks in user mode and in the kernel, and those of its children that have ended. */
function statOf(folder: string): number[] {
  return readFileSync(`${folder}/stat`, "utf8").replace(/.*\) /, "").split(" ").slice(11, 15).map(Number);
}

function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").split(" ").filter(Boolean).map(Number),
  );
}

/** How long a core has been busy since the machine was started, or was not to be had, in seconds. */
export function busyOf(core: number): number {
  const [, line = ""] = new RegExp(`^cpu${core} (.*)$`, "m").exec(readFileSync("/proc/stat", "utf8")) ?? [];
  const [user = 0, nice = 0, system = 0, , , interrupts = 0, soft = 0, stolen = 0] = line.trim().split(" ").map(Number);
  return (user + nice + system + interrupts + soft + stolen) * TICK_S;
}

/** What the figures are worth little without. */
export function describe(cores: Cores | undefined): string {
  const why = os.availableParallelism() === 1 ? "there is one core only" : "there is no taskset";
  const pinned = cores === undefined ? `NOT pinned to cores (${why})` : `servers on core ${cores.server}, load on core ${cores.load}`;
  return `${os.cpus().length} × ${os.cpus()[0]?.model.trim() ?? "?"}, Linux ${os.release()}, Node ${process.versions.node}; ${pinned}; data on ${fileSystem()}`;
}

/** The type of the file system that the stores lie on. */
function fileSystem(): string {
  const type = spawnSync("stat", ["--file-system", "--format=%T", os.tmpdir()], { encoding: "utf8" }).stdout?.trim() || "?";
  return type === "tmpfs" ? "tmpfs, WHERE NOTHING IS DURABLE (set TMPDIR to a directory on a disk)" : type;
}
