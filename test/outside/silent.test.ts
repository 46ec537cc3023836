// Waiters whose packets are dropped shortly before their turn, with no word to the server: the next in line has the environment soon.
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Lease, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { Network } from "../cli/network.ts";
import { type Clients, clientsOf, leaseIn, seconds, type TransportName } from "./clients.ts";
import { eventually } from "./eventually.ts";
import { Server } from "./server.ts";

let server: Server;
let clients: Clients;
beforeAll(async () => {
  server = await Server.start();
  clients = clientsOf(server);
});
afterAll(() => server[Symbol.asyncDispose]());

const TRANSPORTS: TransportName[] = ["gRPC", "gRPC-Web, HTTP/1.1", "Connect, JSON, HTTP/2", "Connect, JSON, HTTP/1.1"];
/** A call that waits its turn on an environment, with a key or lease_token, through a network that is going to fall silent. */
type Wait = (network: Network, environment: string) => Promise<unknown>;

function through(network: Network, over: TransportName, key = server.key): Clients["locks"] {
  return clientsOf({ url: network.url, key }, over).locks;
}

/** The waiter falls silent 2.5 s after it last said something, then the holder releases; what the next one in line gets. */
async function fallSilent(environment: string, wait: Wait): Promise<Lease> {
  await using network = await Network.start(server.port);
  const holder = leaseIn(await clients.locks.acquire({ environment }));
  const queued = (length: number) =>
    eventually(async () => (await clients.locks.check({ environment })).environments[0]?.queueLength === length);
  const silent = wait(network, environment).catch(() => undefined);
  await queued(1);
  await network.begun();
  await network.quiet(2_500);
  const next = clients.locks.acquire({ environment, requestId: `${environment}-next`, wait: seconds(60) });
  await queued(2);
  network.silence();
  await clients.locks.release({ leaseId: holder.id });
  const lease = leaseIn(await next);
  network.refuse();
  await silent;
  return lease;
}

/** Stands in line without a connection that stays open; what speaks for the lease from then on. */
async function stand(environment: string): Promise<{ leaseId: string; token: string }> {
  const { lease, leaseToken } = await clients.locks.acquire({ environment, requestId: environment, ttl: seconds(3600) });
  return { leaseId: lease?.id ?? "", token: leaseToken };
}

const wait = seconds(60);
const ttl = seconds(3600);
/** All ways to wait over one transport; WatchLease over HTTP/1.1 is none that the server can follow. */
function waysOver(over: TransportName): Record<string, Wait> {
  return {
    [`Acquire with a request_id over ${over}`]: (network, environment) =>
      through(network, over).acquire({ environment, wait, ttl, requestId: environment }),
    [`Acquire without one over ${over}`]: (network, environment) => through(network, over).acquire({ environment, wait, ttl }),
    [`GetLease over ${over}`]: async (network, environment) => {
      const { leaseId, token } = await stand(environment);
      return through(network, over, token).getLease({ leaseId, wait });
    },
  };
}

const WAYS: Record<string, Wait> = {
  ...Object.assign({}, ...TRANSPORTS.map(waysOver)),
  "WatchLease over gRPC": async (network, environment) => {
    const { leaseId, token } = await stand(environment);
    for await (const _ of through(network, "gRPC", token).watchLease({ leaseId }));
  },
};

// All at once: each takes most of a minute.
test("after a waiter that is not heard of any more, however it waited, the next one in line has the environment within a minute", async () => {
  const outcomes = Object.entries(WAYS).map(async ([name, way]) => {
    const { state, requestId } = await fallSilent(name.replaceAll(/[^A-Za-z0-9]+/g, "-"), way);
    return [name, state, requestId.endsWith("-next")];
  });
  expect(await Promise.all(outcomes)).toEqual(Object.keys(WAYS).map((name) => [name, LeaseState.HELD, true]));
}, 90_000);
