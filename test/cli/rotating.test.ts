// A key is rotated by the command line while its team works: nobody notices.
import { expect, test } from "vitest";
import { LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { clientsOf, leaseIn, ownerOf } from "../outside/clients.ts";
import { eventually } from "../outside/eventually.ts";
import { Server } from "../outside/server.ts";
import { type } from "./terminal.ts";

const [WORKERS, ROTATIONS, ROUNDS] = [8, 4, 3];

/** A job of the team, again and again, with the secret that it knows of. */
class Worker {
  rounds = 0;
  readonly failures: unknown[] = [];
  readonly #server: Server;
  readonly #environment: string;
  secret: string;

  constructor(server: Server, nth: number, secret: string) {
    this.#server = server;
    this.#environment = `team-${nth}`;
    this.secret = secret;
  }

  /** Until it is told to stop. */
  async work(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const { locks } = clientsOf({ url: this.#server.url, key: this.secret });
        const lease = leaseIn(await locks.acquire({ environment: this.#environment }));
        await ownerOf(this.#server, lease).renew({ leaseId: lease.id });
        await locks.release({ leaseId: lease.id });
      } catch (error) {
        this.failures.push(error);
      }
      this.rounds++;
    }
  }
}

test("rotating a key under load fails no call, loses no place in line, and nobody has to change over at once", async () => {
  await using server = await Server.start();
  const env = { CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key };
  const say = async (...args: string[]) => (await type(args, env)).stdout.trim();
  let secret = await say("keys", "create", "team", "--role", "use", "--on", "team-*");
  const id = secret.split("_")[1] ?? "";
  const first = clientsOf({ url: server.url, key: secret }).locks;
  const held = leaseIn(await first.acquire({ environment: "team-line" }));
  const waiting = first.acquire({ environment: "team-line", requestId: "waits", wait: { seconds: 60n } });

  const workers = Array.from({ length: WORKERS }, (_, nth) => new Worker(server, nth, secret));
  const stop = new AbortController();
  const working = Promise.all(workers.map((worker) => worker.work(stop.signal)));
  const busy = async () => {
    const before = workers.map(({ rounds }) => rounds);
    await eventually(() => workers.every(({ rounds }, nth) => rounds >= (before[nth] ?? 0) + ROUNDS));
  };
  for (let nth = 0; nth < ROTATIONS; nth++) {
    await busy();
    secret = await say("keys", "rotate", id, "--overlap", "1h");
    // Some know of it at once, some later.
    for (const worker of workers.slice(0, WORKERS / 2)) worker.secret = secret;
    await busy();
    for (const worker of workers) worker.secret = secret;
  }
  await busy();
  stop.abort();
  await working;
  expect(workers.flatMap(({ failures }) => failures)).toEqual([]);

  await clientsOf({ url: server.url, key: secret }).locks.release({ leaseId: held.id });
  const served = leaseIn(await waiting);
  expect(served).toMatchObject({ state: LeaseState.HELD, principal: held.principal });
});
