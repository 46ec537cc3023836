/** A server as it is published, on one core, with its load on another. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { Server } from "../../test/outside/server.ts";
import type { Cores } from "../compare/machine.ts";

/** Where the servers run, and what they are started from. */
export interface House {
  readonly program: string;
  readonly cores: Cores | undefined;
}

export class Room implements AsyncDisposable {
  readonly server: Server;
  readonly #house: House;

  private constructor(server: Server, house: House) {
    this.server = server;
    this.#house = house;
  }

  static async open(house: House): Promise<Room> {
    const server = await onServersCore(house, () => Server.start({}, house.program));
    return new Room(server, house);
  }

  /** CPU time of the process and all its threads so far, in µs. */
  get busy(): number {
    return readdirSync(`/proc/${this.server.pid}/task`).reduce((sum, thread) => sum + timeOf(this.server.pid, thread), 0) / 1_000;
  }

  /** Resident, now and at most, in MiB. */
  get memory(): { readonly now: number; readonly most: number } {
    const status = readFileSync(`/proc/${this.server.pid}/status`, "utf8");
    const of = (what: string) => Number(new RegExp(`${what}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
    return { now: of("VmRSS"), most: of("VmHWM") };
  }

  /** Ends it as `how` says, does `meanwhile`, and starts it again; from the start of the process to ready, in ms. */
  async restart(how: "kill9" | "stop", meanwhile: () => Promise<void> = async () => {}): Promise<number> {
    await this.server[how]();
    await meanwhile();
    return await timed(() => onServersCore(this.#house, () => this.server.restart()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
  }
}

/** Does something on the core of the servers, of which what it starts stays there. */
export async function onServersCore<T>({ cores }: House, work: () => Promise<T>): Promise<T> {
  const go = (core: number | undefined) =>
    core === undefined || execFileSync("taskset", ["--cpu-list", "--pid", String(core), String(process.pid)], { stdio: "ignore" });
  go(cores?.server);
  try {
    return await work();
  } finally {
    go(cores?.load);
  }
}

/** How long it takes, in ms. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** CPU time of a thread so far, in ns; 0 if it has just ended. */
function timeOf(pid: number, thread: string): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
  } catch {
    return 0;
  }
}
