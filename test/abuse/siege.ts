/** One server, somebody who uses it, and somebody who attacks it meanwhile: what the one notices of the other. */
import { type ChildProcess, fork } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { Role } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { clientsOf } from "../outside/clients.ts";
import { Server } from "../outside/server.ts";
import type { Orders } from "./attacker.ts";
import type { AttackName } from "./attacks.ts";
import type { Times, Use } from "./victim.ts";

/** A server that one team uses, by a key and from an address of its own, while others attack it. */
export class Fortress implements AsyncDisposable {
  readonly server: Server;
  readonly user: string;
  #attacks = 0;
  readonly #attacking = fork(new URL("./attacker.ts", import.meta.url));
  readonly #using = fork(new URL("./victim.ts", import.meta.url));

  private constructor(server: Server, user: string) {
    this.server = server;
    this.user = user;
  }

  static async build(): Promise<Fortress> {
    const server = await Server.start();
    const file = path.join(server.directory, "access.yaml");
    // The limits are the defaults, but this machine's addresses are bound by them, except the user's.
    await writeFile(file, "limits: {exempt: {principals: [admin], addresses: [127.0.0.1]}}\n");
    await server.stop();
    await server.restart({ CALL_ME_ACCESS: file });
    return new Fortress(server, await newKey(server, "user"));
  }

  /** Attacks for some seconds, by a key and from an address that nobody has attacked from; what the attacker counts. */
  async attack(attack: AttackName, seconds: number): Promise<Record<string, number>> {
    const { port } = this.server;
    this.#attacks++;
    const key = await newKey(this.server, attack);
    return await told(this.#attacking, { attack, port, key, from: `127.0.${this.#attacks}.66`, seconds } satisfies Orders);
  }

  /** Uses it for some seconds; how long each call has taken. */
  async use(seconds: number): Promise<Times> {
    const use: Use = { url: this.server.url, key: this.user, seconds };
    return await told(this.#using, use);
  }

  /** The most that the server has had in memory so far, in MiB. */
  get memory(): number {
    const status = readFileSync(`/proc/${this.server.pid}/status`, "utf8");
    return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#attacking.kill("SIGKILL");
    this.#using.kill("SIGKILL");
    await this.server[Symbol.asyncDispose]();
  }
}

async function newKey(server: Server, label: string): Promise<string> {
  const grants = [{ role: Role.USE, patterns: ["*"] }];
  return (await clientsOf(server).access.createKey({ label, grants })).secret;
}

/** Sends a process its orders; what it reports. Rejects if it ends instead. */
function told<T>(child: ChildProcess, orders: object): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null, signal: string | null) =>
      reject(new Error(`it ended with ${code ?? signal} before it had reported`));
    child.once("exit", ended).once("message", (report) => {
      child.off("exit", ended);
      resolve(report as T);
    });
    child.send(orders);
  });
}

/** The 99th of a hundred, in ms. */
export function p99(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? Number.NaN;
}

/** Lets this process and those that it starts go before all else on the machine, where it lets us: other work would be measured, too. */
export function goFirst(): void {
  try {
    writeFileSync("/proc/self/autogroup", "-20");
  } catch {
    // Not on this system, or not allowed.
  }
}
