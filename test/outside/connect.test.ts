// The same scenarios over every transport: what a method does may not depend on how it was called.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ChangeKind, type EnvironmentChange } from "../../gen/ts/callme/v1/environment_service_pb.ts";
import { IfBusy } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { EndReason, EnvironmentState, LeaseState, WatchKind } from "../../gen/ts/callme/v1/types_pb.ts";
import { BadRequestSchema } from "../../gen/ts/google/rpc/error_details_pb.ts";
import {
  type Clients,
  clientsOf,
  failureOf,
  fenceOf,
  leaseIn,
  ownerOf,
  refusal,
  seconds,
  TRANSPORTS,
  type TransportName,
} from "./clients.ts";
import { Server } from "./server.ts";

let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server[Symbol.asyncDispose]());

const names = Object.keys(TRANSPORTS) as TransportName[];

/** A name of its own for each transport, so that they can share the server. */
function named(base: string, over: TransportName): string {
  return `${base}/${over.replaceAll(/[^A-Za-z0-9]+/g, "-")}`;
}

describe.each(names)("over %s", (over) => {
  let clients: Clients;
  beforeAll(() => {
    clients = clientsOf(server, over);
  });

  test("a lease is taken, seen, renewed, checked and given back", async () => {
    const { locks } = clients;
    const environment = named("round-trip", over);
    const answer = await locks.acquire({
      environment,
      ttl: seconds(90),
      holder: { name: "checkout #1", runUrl: "https://ci/1" },
      tags: ["t"],
    });
    expect(answer).toMatchObject({
      environmentCreated: true,
      lease: { state: LeaseState.HELD, pool: "default", principal: "admin", tags: ["t"] },
    });
    const lease = leaseIn(answer);
    expect(answer.leaseToken).toMatch(new RegExp(`^cml_${lease.id}_[A-Za-z0-9_-]{43}$`));
    expect(lease.ttl).toMatchObject({ seconds: 90n });
    expect(lease.environments).toMatchObject([{ name: environment, slots: 1, slotIndexes: [0] }]);
    const { available, environments } = await locks.check({ environment });
    expect(available).toBe(false);
    expect(environments).toMatchObject([
      { name: environment, used: 1, capacity: 1, holders: [{ leaseId: lease.id, holder: { name: "checkout #1" } }] },
    ]);
    expect(await locks.getLease({ leaseId: lease.id })).toMatchObject({ lease: { id: lease.id, state: LeaseState.HELD } });
    expect(leaseIn(await locks.renew({ leaseId: lease.id, ttl: seconds(600) })).ttl).toMatchObject({ seconds: 600n });
    expect(await locks.checkFence({ environment, fencingToken: fenceOf(lease) })).toMatchObject({ valid: true, current: fenceOf(lease) });
    const unknown = { environment: `${environment}-never-made`, fencingToken: fenceOf(lease) };
    expect(await locks.checkFence(unknown)).toMatchObject({ valid: false, current: 0n });
    expect(await locks.release({ leaseId: lease.id, note: "done" })).toMatchObject({
      alreadyEnded: false,
      lease: { state: LeaseState.ENDED, endReason: EndReason.RELEASED, endNote: "done" },
    });
    expect(await locks.check({ environment })).toMatchObject({ available: true });
  });

  test("an environment is made, changed, listed, taken out of service and deleted", async () => {
    const { environments } = clients;
    const name = named("operated", over);
    const pool = named("pool", over);
    const apply = async (capacity: number) => (await environments.applyEnvironments({ environments: [{ name, pool, capacity }] })).changes;
    const change = (kind: ChangeKind, ...fields: string[]): Partial<EnvironmentChange>[] => [{ name, pool, kind, fields }];
    expect(await apply(1)).toMatchObject(change(ChangeKind.CREATED));
    expect(await apply(3)).toMatchObject(change(ChangeKind.UPDATED, "capacity"));
    expect(await apply(3)).toMatchObject(change(ChangeKind.UNCHANGED));
    expect((await environments.listEnvironments({ pool })).environments).toMatchObject([{ name, pool, capacity: 3 }]);
    const state = EnvironmentState.MAINTENANCE;
    expect(await environments.setEnvironmentState({ environment: name, state, reason: "disk" })).toMatchObject({
      environment: { state, stateReason: "disk" },
    });
    expect(await environments.getEnvironment({ environment: name })).toMatchObject({
      environment: { state },
      status: { state, available: false },
    });
    expect(await environments.deleteEnvironment({ environment: name })).toMatchObject({ environment: { name } });
    expect(await refusal(environments.getEnvironment({ environment: name }))).toBe("not_found ENVIRONMENT_NOT_FOUND");
  });

  test("WatchEnvironment tells a grant and its end, with their cause", async () => {
    const { locks } = clients;
    const environment = named("watched", over);
    const watch = locks.watchEnvironment({ environment })[Symbol.asyncIterator]();
    expect((await watch.next()).value).toMatchObject({
      kind: WatchKind.SNAPSHOT,
      reset: false,
      environments: [{ name: environment, used: 0 }],
    });
    const { id } = leaseIn(await locks.acquire({ environment, holder: { name: "one" } }));
    const cause = { leaseId: id, state: LeaseState.HELD, holder: { name: "one" } };
    expect((await watch.next()).value).toMatchObject({ kind: WatchKind.CHANGE, environments: [{ name: environment, used: 1 }], cause });
    await locks.release({ leaseId: id });
    const end = { leaseId: id, state: LeaseState.ENDED, endReason: EndReason.RELEASED };
    expect((await watch.next()).value).toMatchObject({
      kind: WatchKind.CHANGE,
      environments: [{ name: environment, used: 0 }],
      cause: end,
    });
    await watch.return?.();
  });

  test("WatchLease follows a waiter to its grant, claims it by itself, and ends with the lease", async () => {
    const { locks } = clients;
    const environment = named("followed", over);
    const first = leaseIn(await locks.acquire({ environment }));
    const second = leaseIn(await locks.acquire({ environment, requestId: over }));
    expect(second).toMatchObject({ state: LeaseState.QUEUED, position: 1, queueLength: 1, holders: [{ leaseId: first.id }] });
    const seen: [WatchKind, LeaseState | undefined][] = [];
    for await (const { lease, kind } of ownerOf(server, second, over).watchLease({ leaseId: second.id })) {
      seen.push([kind, lease?.state]);
      if (lease?.state === LeaseState.QUEUED) await locks.release({ leaseId: first.id });
      if (lease?.state === LeaseState.HELD) await locks.release({ leaseId: second.id });
    }
    expect(seen).toEqual([
      [WatchKind.SNAPSHOT, LeaseState.QUEUED],
      [WatchKind.CHANGE, LeaseState.HELD],
      [WatchKind.CHANGE, LeaseState.ENDED],
    ]);
  });

  test("errors carry their code, a stable reason and the path of the field", async () => {
    const { locks, environments } = clients;
    const environment = named("refused", over);
    const late = failureOf(locks.acquire({ environment, ttl: seconds(0.5) }));
    expect((await late).findDetails(BadRequestSchema)).toMatchObject([{ fieldViolations: [{ field: "ttl" }] }]);
    expect((await late).rawMessage).toBe("ttl: 0.5s is out of range; give 1s to 30d");
    const short = failureOf(locks.acquire({ environment, queueTimeout: { seconds: 0n, nanos: 100 } }));
    expect((await short).rawMessage).toBe("queue_timeout: 0.0000001s is out of range; give 0.001s to 30d");
    expect(await refusal(late.then((error) => Promise.reject(error)))).toBe("invalid_argument BAD_FIELD");
    expect(await refusal(locks.getLease({ leaseId: "nonsense" }))).toBe("not_found LEASE_NOT_FOUND");
    expect(await refusal(environments.deleteEnvironment({ environment }))).toBe("not_found ENVIRONMENT_NOT_FOUND");
    const { id } = leaseIn(await locks.acquire({ environment, requestId: `r ${over}` }));
    expect(await refusal(locks.acquire({ environment, requestId: `r ${over}`, priority: 1 }))).toBe("already_exists IDEMPOTENCY_MISMATCH");
    await locks.release({ leaseId: id });
    expect(await refusal(locks.renew({ leaseId: id }))).toBe("failed_precondition LEASE_ENDED");
    expect(await refusal(clientsOf({ url: server.url, key: "" }, over).locks.check({ environment }))).toBe("unauthenticated NO_KEY");
    expect(await refusal(clientsOf({ url: server.url, key: "x" }, over).locks.check({ environment }))).toBe("unauthenticated WRONG_KEY");
  });

  test("a stream that is refused says why", async () => {
    const watch = clients.locks.watchLease({ leaseId: "nobody" })[Symbol.asyncIterator]();
    expect(await refusal(watch.next())).toBe("not_found LEASE_NOT_FOUND");
    const pool = clients.locks.watchEnvironment({ pool: "nowhere" })[Symbol.asyncIterator]();
    expect(await refusal(pool.next())).toBe("not_found POOL_NOT_FOUND");
  });

  test("wait ends with the grant, and before the call's deadline with QUEUED", async () => {
    const { locks } = clients;
    const environment = named("waited", over);
    const first = leaseIn(await locks.acquire({ environment }));
    const request = { environment, requestId: `w ${over}` };
    expect(leaseIn(await locks.acquire({ ...request, wait: seconds(60) }, { timeoutMs: 300 }))).toMatchObject({ state: LeaseState.QUEUED });
    const waiting = locks.acquire({ ...request, wait: seconds(60) });
    await locks.release({ leaseId: first.id });
    expect(leaseIn(await waiting)).toMatchObject({ state: LeaseState.HELD });
    expect(await refusal(locks.acquire({ environment, ifBusy: IfBusy.FAIL }))).toBe("aborted ENVIRONMENT_BUSY");
    await locks.release({ environment, requestId: request.requestId });
  });
});

describe("a Connect GET", () => {
  const get = (method: string, message: object) => {
    const query = new URLSearchParams({ encoding: "json", connect: "v1", message: JSON.stringify(message) });
    return fetch(`${server.url}/callme.v1.${method}?${query}`, { headers: { "x-api-key": server.key } });
  };

  test.each([
    ["LockService/Check", { environment: "got" }],
    ["EnvironmentService/ListEnvironments", {}],
    ["EnvironmentService/ListLeases", { filter: { environment: "got" } }],
  ])("%s works", async (method, message) => {
    const answer = await get(method, message);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("application/json");
  });

  test("CheckFence and GetEnvironment work", async () => {
    await clientsOf(server).environments.applyEnvironments({ environments: [{ name: "got" }] });
    expect(await (await get("LockService/CheckFence", { environment: "got", fencingToken: "1" })).json()).toEqual({});
    expect(await (await get("EnvironmentService/GetEnvironment", { environment: "got" })).json()).toMatchObject({
      environment: { name: "got" },
    });
  });

  test.each(["GetLease", "Acquire", "Release", "Renew", "WatchEnvironment"])(
    "%s is not to be had so: it changes something",
    async (method) => {
      expect((await get(`LockService/${method}`, { environment: "not-got" })).status).toBe(405);
      expect(await (await get("LockService/Check", { environment: "not-got" })).json()).toMatchObject({ available: true });
    },
  );
});
