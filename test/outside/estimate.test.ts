// estimated_start: told to who waits, from what was held before, also after a restart.
import { timestampDate } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Estimate, LeaseState, WatchKind } from "../../gen/ts/callme/v1/types_pb.ts";
import { type Clients, clientsOf, leaseIn, ownerOf, seconds } from "./clients.ts";
import { eventually } from "./eventually.ts";
import { Server } from "./server.ts";

let server: Server;
let clients: Clients;
beforeAll(async () => {
  server = await Server.start();
  clients = clientsOf(server);
});
afterAll(() => server[Symbol.asyncDispose]());

async function pair(environment: string): Promise<void> {
  const { lease } = await clients.locks.acquire({ environment });
  await clients.locks.release({ leaseId: lease?.id ?? "" });
}

/** From now, in seconds. */
function lengthOf({ p50, p90 }: Estimate): [p50: number, p90: number] {
  const ahead = (time: Estimate["p50"]) => (time === undefined ? Number.NaN : (timestampDate(time).getTime() - Date.now()) / 1_000);
  return [ahead(p50), ahead(p90)];
}

test("nothing is told of less than five holds, then how many it rests on, and after a kill -9 again", async () => {
  const environment = "uat";
  await pair(environment);
  const holder = leaseIn(await clients.locks.acquire({ environment }));
  const early = leaseIn(await clients.locks.acquire({ environment, requestId: "early" }));
  expect(early.estimatedStart).toBeUndefined();
  await clients.locks.release({ leaseId: early.id });
  await clients.locks.release({ leaseId: holder.id });
  for (let n = 0; n < 8; n++) await pair(environment);
  await clients.locks.acquire({ environment });
  const waiter = leaseIn(await clients.locks.acquire({ environment, requestId: "waiter" }));
  expect(waiter.estimatedStart).toMatchObject({ samples: 10, medianHold: {} });
  const told = waiter.estimatedStart;
  if (told === undefined) throw new Error("no estimate");
  for (const length of lengthOf(told)) expect(length).toBeLessThan(60);
  const listed = await clients.environments.listLeases({ filter: { environment } });
  expect(listed.leases.map(({ estimatedStart }) => estimatedStart?.samples)).toEqual([undefined, 10]);
  const watch = ownerOf(server, waiter).watchLease({ leaseId: waiter.id })[Symbol.asyncIterator]();
  expect((await watch.next()).value?.lease?.estimatedStart).toMatchObject({ samples: 10 });
  await watch.return?.();
  // What is not in the history yet is read from the log.
  await server.kill9();
  await server.restart();
  const again = await eventually(async () => {
    const { lease } = await clients.locks.acquire({ environment, requestId: "waiter" });
    return lease?.estimatedStart?.samples === 10 && lease;
  });
  expect(again.id).toBe(waiter.id);
});

test("an environment's status tells how long it is usually held, once five holds are known, also after a kill -9", async () => {
  const environment = "usual";
  const checked = async () => (await clients.locks.check({ environment })).environments[0]?.usualHold;
  const watched = async () => {
    for await (const { environments, kind } of clients.locks.watchEnvironment({})) {
      const found = environments.find(({ name }) => name === environment);
      if (found !== undefined || kind === WatchKind.HEARTBEAT) return found?.usualHold;
    }
    throw new Error("the watch has ended");
  };
  for (let n = 0; n < 4; n++) await pair(environment);
  await clients.locks.acquire({ environment });
  expect([await checked(), await watched()]).toEqual([undefined, undefined]);
  const [held] = (await clients.environments.listLeases({ filter: { environment, states: [LeaseState.HELD] } })).leases;
  await clients.locks.release({ leaseId: held?.id ?? "" });
  await clients.locks.acquire({ environment });
  const told = await checked();
  expect(told).toBeDefined();
  expect(await watched()).toEqual(told);
  await server.kill9();
  await server.restart();
  expect(await eventually(watched)).toEqual(told);
});

test("who stands further behind waits longer, and no longer than the holders may hold", async () => {
  const environment = "lined";
  await clients.environments.applyEnvironments({ environments: [{ name: environment, maxHold: seconds(30) }] });
  for (let n = 0; n < 5; n++) await pair(environment);
  await clients.locks.acquire({ environment });
  const waiters = [];
  for (const requestId of ["a", "b", "c"]) waiters.push(leaseIn(await clients.locks.acquire({ environment, requestId })));
  const starts = waiters.map(({ estimatedStart }) => (estimatedStart === undefined ? Number.NaN : lengthOf(estimatedStart)[0]));
  expect(starts).toEqual([...starts].sort((a, b) => a - b));
  expect(starts[0]).toBeLessThan(30);
});
