// Issue 2's "It is done when", first point: the whole way of two pipelines through the service, and through a crash.
import { expect, test } from "vitest";
import type { WatchEnvironmentResponse } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { LeaseState, WatchKind } from "../../gen/ts/callme/v1/types_pb.ts";
import { type Clients, clientsOf, fenceOf, leaseIn, ownerOf, refusal, seconds, TRANSPORTS, type TransportName } from "./clients.ts";
import { CurlLines, post } from "./curl.ts";
import { eventually } from "./eventually.ts";
import { type Message, Stock } from "./grpc.ts";
import { Server } from "./server.ts";

function leaseOf(answer: Message): Message & { id: string } {
  return answer["lease"] as Message & { id: string };
}

test("curl takes, grpc-js waits, curl gives back; then a crash: the second still holds, and a watch misses nothing", async () => {
  await using server = await Server.start();
  const environment = "uat";
  const url = `${server.url}/watch?environment=${environment}`;
  await using watch = new CurlLines(["-H", `x-api-key: ${server.key}`, url]);
  const seen = [await watch.next()];
  const first = leaseOf((await post(server, "LockService/Acquire", { environment, holder: { name: "checkout" } })).json());
  using stock = new Stock(server, "callme.v1.LockService");
  const request = { environment, request_id: "search-1", holder: { name: "search" } };
  const asked = await stock.call("Acquire", request);
  const second = leaseOf(asked);
  expect(second).toMatchObject({
    state: "LEASE_STATE_QUEUED",
    position: 1,
    holders: [{ lease_id: first.id, holder: { name: "checkout" } }],
  });
  const waiting = stock.call("Acquire", { ...request, wait: { seconds: 30 } });
  using own = new Stock(server, "callme.v1.LockService", { "x-api-key": String(asked["lease_token"]) });
  const life = own.stream("WatchLease", { lease_id: second.id });
  expect((await life.next()).value).toMatchObject({ lease: { state: "LEASE_STATE_QUEUED" } });
  await post(server, "LockService/Release", { lease_id: first.id });
  expect(leaseOf(await waiting)).toMatchObject({ id: second.id, state: "LEASE_STATE_HELD" });
  expect((await life.next()).value).toMatchObject({ kind: "WATCH_KIND_CHANGE", lease: { state: "LEASE_STATE_HELD" } });
  for (let count = 0; count < 5; count++) seen.push(await watch.next());
  const story = (message: Record<string, unknown>) => {
    const { leaseId, state } = (message["cause"] ?? {}) as { leaseId?: string; state?: string };
    return [leaseId, state?.replace("LEASE_STATE_", "")];
  };
  expect(seen.slice(1).map(story)).toEqual([
    [first.id, "HELD"],
    [second.id, "QUEUED"],
    [first.id, "ENDED"],
    [second.id, "OFFERED"],
    [second.id, "HELD"],
  ]);
  await server.kill9();
  await server.restart();
  await using resumed = new CurlLines(["-H", `x-api-key: ${server.key}`, `${url}&since_revision=${seen[2]?.["revision"]}`]);
  for (const message of seen.slice(3)) expect(await resumed.next()).toEqual(message);
  using again = new Stock(server, "callme.v1.LockService");
  const renewed = leaseOf(await again.call("Renew", { lease_id: second.id }));
  expect(renewed).toMatchObject({ state: "LEASE_STATE_HELD", environments: leaseOf(await again.call("Acquire", request))["environments"] });
  await again.call("Release", { environment, request_id: request.request_id });
  expect(story(await resumed.next())).toEqual([second.id, "ENDED"]);
});

test("a Release by curl wakes an open wait and an open stream, over every transport", async () => {
  await using server = await Server.start();
  const wakes = async (over: TransportName, index: number) => wake(server, over, `uat-${index}`);
  await Promise.all((Object.keys(TRANSPORTS) as TransportName[]).map(wakes));
});

async function wake(server: Server, over: TransportName, environment: string): Promise<void> {
  const { locks } = clientsOf(server, over);
  await post(server, "LockService/Acquire", { environment });
  const byWait = locks.acquire({ environment, requestId: `${over} wait`, wait: seconds(30) });
  await eventually(async () => (await locks.check({ environment })).environments[0]?.queueLength === 1);
  const follower = leaseIn(await locks.acquire({ environment, requestId: `${over} stream` }));
  const byStream = ownerOf(server, follower, over).watchLease({ leaseId: follower.id })[Symbol.asyncIterator]();
  await byStream.next();
  await post(server, "LockService/Release", { environment });
  const { id: waiter } = leaseIn(await byWait);
  await post(server, "LockService/Release", { leaseId: waiter });
  // Its new place in line may be told before its turn comes.
  const granted = async () => {
    const message = (await byStream.next()).value;
    return message?.lease?.state === LeaseState.HELD && message.kind === WatchKind.CHANGE;
  };
  await eventually(granted);
}

test("a stop ends no lease and loses no place in line, and tells those who wait to come back", async () => {
  await using server = await Server.start();
  const { locks } = clientsOf(server);
  const environment = "uat";
  const held = leaseIn(await locks.acquire({ environment }));
  const request = { environment, requestId: "waiter" };
  const waiter = leaseIn(await locks.acquire(request));
  const waiting = locks.acquire({ ...request, wait: seconds(30) });
  const stream = ownerOf(server, waiter).watchLease({ leaseId: waiter.id })[Symbol.asyncIterator]();
  await stream.next();
  const watch = locks.watchEnvironment({ environment })[Symbol.asyncIterator]();
  await watch.next();
  const ends = [refusal(stream.next()), refusal(watch.next())];
  expect(await server.stop()).toBe(0);
  expect(leaseIn(await waiting)).toMatchObject({ id: waiter.id, state: LeaseState.QUEUED });
  expect(await Promise.all(ends)).toEqual(["unavailable DRAINING", "unavailable DRAINING"]);
  await server.restart();
  expect(leaseIn(await locks.acquire(request))).toMatchObject({ id: waiter.id, position: 1, holders: [{ leaseId: held.id }] });
});

test("a watch resumed in the middle of a busy time, over crashes, tells every change once and in order", async () => {
  await using server = await Server.start();
  const environment = "uat";
  const told: WatchEnvironmentResponse[] = [];
  /** Follows from where the last one ended until `revision` was told. */
  const follow = async ({ locks }: Clients, revision: bigint) => {
    const enough = new AbortController();
    const sinceRevision = told.at(-1)?.revision ?? 0n;
    for await (const message of locks.watchEnvironment({ environment, sinceRevision }, { signal: enough.signal })) {
      if (message.kind === WatchKind.CHANGE || sinceRevision === 0n) told.push(message);
      if (message.revision >= revision) break;
    }
    enough.abort();
  };
  // Before anything has happened there is no revision to resume from.
  await clientsOf(server).environments.applyEnvironments({ environments: [{ name: environment }] });
  await follow(clientsOf(server), 0n);
  const expected: string[] = [];
  for (let round = 0; round < 4; round++) {
    const { locks } = clientsOf(server);
    for (let count = 0; count < 20; count++) {
      const { lease } = await locks.acquire({ environment });
      const end = await locks.release({ environment });
      expected.push(`${lease?.id} HELD`, `${end.lease?.id} ENDED`);
      if (count === 10) await follow(clientsOf(server), leaseIn(end).revision);
    }
    await server.kill9();
    await server.restart();
  }
  const { locks } = clientsOf(server);
  const last = leaseIn(await locks.acquire({ environment }));
  await follow(clientsOf(server), last.revision);
  const causes = told.slice(1).map(({ cause }) => `${cause?.leaseId} ${cause?.state === LeaseState.HELD ? "HELD" : "ENDED"}`);
  expect(causes).toEqual([...expected, `${last.id} HELD`]);
  expect(told.some(({ reset, skipped }) => reset || skipped)).toBe(false);
  expect(fenceOf(last)).toBe(last.revision);
});
