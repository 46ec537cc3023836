/** Those who hold an environment, and those who wait for it, each with a call that is open: 100 on a connection. */
import { EnvironmentService } from "../../gen/ts/callme/v1/environment_service_pb.ts";
import { LockService } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import type { Server } from "../../test/outside/server.ts";
import { Caller } from "../caller.ts";

const { acquire, release, check } = LockService.method;
const { applyEnvironments, listLeases } = EnvironmentService.method;

const WAIT = { seconds: 60n };
const STREAMS = 100;
const PAGE = 1_000;

export class Queue implements Disposable {
  readonly #environment: string;
  readonly #server: Server;
  /** For the calls that don't wait. */
  readonly #caller: Caller;
  readonly #connections: Caller[] = [];
  /** Leases that were given, in the order of their answers, and who asks for the next of these. */
  readonly #answered: string[] = [];
  readonly #waiting: ((lease: string) => void)[] = [];
  #joined = 0;
  #closed = false;

  constructor(server: Server, environment: string) {
    this.#server = server;
    this.#environment = environment;
    this.#caller = new Caller(server);
  }

  /** Makes the environment, and takes all its slots; the leases. */
  async hold(capacity: number): Promise<string[]> {
    await this.#caller.call(applyEnvironments, { environments: [{ name: this.#environment, capacity }] });
    const one = async () => (await this.#caller.call(acquire, { environment: this.#environment })).lease?.id ?? "";
    return await Promise.all(Array.from({ length: capacity }, one));
  }

  /** So many join, all at once; resolves when they stand in line. */
  async fill(count: number): Promise<void> {
    for (let index = 0; index < count; index++) this.join();
    const length = async () => (await this.#caller.call(check, { environment: this.#environment })).environments[0]?.queueLength ?? 0;
    while ((await length()) < count) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  join(): void {
    const number = this.#joined++;
    const at = Math.floor(number / STREAMS) % STREAMS;
    this.#connections[at] ??= new Caller(this.#server);
    this.#wait(this.#connections[at], `waiter-${number}`).then(
      (lease) => {
        const next = this.#waiting.shift();
        next === undefined ? this.#answered.push(lease) : next(lease);
      },
      (error) => {
        if (!this.#closed) throw error;
      },
    );
  }

  /** A holder gives his slot back; resolves with a lease that was given, when its answer is here. */
  async turn(held: string): Promise<string> {
    await this.#caller.call(release, { leaseId: held });
    return this.#answered.shift() ?? (await new Promise<string>((resolve) => this.#waiting.push(resolve)));
  }

  /** The leases that wait, in the order in which they are to be served. */
  async order(): Promise<string[]> {
    const found: { id: string; position: number }[] = [];
    for (let pageToken = ""; ; ) {
      const filter = { environment: this.#environment, states: [LeaseState.QUEUED] };
      const { leases, nextPageToken } = await this.#caller.call(listLeases, { filter, pageSize: PAGE, pageToken });
      found.push(...leases);
      if (nextPageToken === "") return found.sort((a, b) => a.position - b.position).map(({ id }) => id);
      pageToken = nextPageToken;
    }
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    for (const connection of [this.#caller, ...this.#connections]) connection[Symbol.dispose]();
  }

  async #wait(connection: Caller, requestId: string): Promise<string> {
    for (;;) {
      const { lease } = await connection.call(acquire, { environment: this.#environment, requestId, wait: WAIT });
      if (lease?.state === LeaseState.HELD) return lease.id;
    }
  }
}
