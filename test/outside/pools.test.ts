// What is set for a pool as a whole: how many may wait in it, and whether unknown names are made in it.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ChangeKind } from "../../gen/ts/callme/v1/environment_service_pb.ts";
import { IfBusy } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { BadRequestSchema, RetryInfoSchema } from "../../gen/ts/google/rpc/error_details_pb.ts";
import { type Clients, clientsOf, failureOf, leaseIn, refusal, seconds } from "./clients.ts";
import { Server } from "./server.ts";

let server: Server;
let clients: Clients;
beforeAll(async () => {
  server = await Server.start();
  clients = clientsOf(server);
});
afterAll(() => server[Symbol.asyncDispose]());

function maybe(method: string, name: string, at = server): Promise<number> {
  return fetch(`${at.url}/maybe?environment=${name}`, { method, headers: { "x-api-key": at.key } }).then(({ status }) => status);
}

describe("max_queue", () => {
  test("refuses who would wait beyond it, tells who is in the way and when to come again, and stores nothing", async () => {
    const { locks, environments } = clients;
    await environments.applyEnvironments({ environments: [{ name: "board-1", pool: "boards" }], pools: [{ name: "boards", maxQueue: 1 }] });
    const holder = leaseIn(await locks.acquire({ environment: "board-1", holder: { name: "checkout #1" } }));
    const waiter = leaseIn(await locks.acquire({ environment: "board-1", requestId: "first" }));
    const error = await failureOf(locks.acquire({ environment: "board-1", requestId: "second" }));
    expect(error.rawMessage).toContain("board-1 is held by checkout #1");
    expect(error.rawMessage).toContain('since 1 wait in pool "boards", and its max_queue is 1');
    expect(error.findDetails(RetryInfoSchema)).toMatchObject([{ retryDelay: { seconds: 10n } }]);
    expect(await refusal(locks.acquire({ environment: "board-1", requestId: "second" }))).toBe("resource_exhausted QUEUE_FULL");
    const wait = { ifBusy: IfBusy.FAIL, wait: seconds(5) };
    expect(await refusal(locks.acquire({ environment: "board-1", ...wait }))).toBe("resource_exhausted QUEUE_FULL");
    expect(await refusal(locks.acquire({ environment: "board-1", ifBusy: IfBusy.FAIL }))).toBe("aborted ENVIRONMENT_BUSY");
    expect(leaseIn(await locks.acquire({ environment: "board-1", requestId: "first" })).id).toBe(waiter.id);
    await locks.release({ leaseId: holder.id });
    expect(leaseIn(await locks.acquire({ environment: "board-1", requestId: "first" })).state).toBe(LeaseState.HELD);
    expect(leaseIn(await locks.acquire({ environment: "board-1", requestId: "second" })).state).toBe(LeaseState.QUEUED);
  });
});

describe.each(["on", "off"])("a pool that an environment is not in (the direct way %s)", (direct) => {
  const one = 'pool: environment "in-p" is in pool "p", not in "q"; leave the pool out, or give "p"';
  const two = 'pool: environment "in-q" is in pool "q", not in "p", as "in-p" is; all of a request share one, so ask for them one by one';

  test("is POOL_MISMATCH, which names the environment, both pools and what to do", async () => {
    await using own = await Server.start({ CALL_ME_DIRECT: direct });
    const { locks, environments } = clientsOf(own, "gRPC");
    await environments.applyEnvironments({ environments: ["p", "q"].map((pool) => ({ name: `in-${pool}`, pool })) });
    const needs = ["in-p", "in-q"].map((environment) => ({ environment }));
    for (const [asked, message] of [
      [locks.acquire({ environment: "in-p", pool: "q" }), one],
      [locks.acquire({ needs: [{ environment: "new" }, { environment: "in-p" }], pool: "q" }), one],
      [environments.acquireForCleaning({ environment: "in-p", pool: "q" }), one],
      [locks.acquire({ needs }), two],
    ] as const) {
      const error = await failureOf(asked);
      expect([error.rawMessage, error.findDetails(BadRequestSchema)[0]?.fieldViolations[0]?.field]).toEqual([message, "pool"]);
      expect(await refusal(Promise.reject(error))).toBe("invalid_argument POOL_MISMATCH");
    }
  });
});

describe("auto_create", () => {
  const answers = async (at: Server, environment: string) => {
    const { locks } = clientsOf(at);
    const check = await locks.check({ environment }).catch((error) => error.message);
    const got = [await maybe("GET", environment, at), await maybe("POST", environment, at)];
    const acquired = await refusal(locks.acquire({ environment: `${environment}-too`, ifBusy: IfBusy.FAIL })).catch(() => "HELD");
    return [typeof check === "string" ? "not found" : check.available, ...got, acquired];
  };

  test("off for the pool default: Check, watches, /maybe and Acquire of an unknown name agree, and Apply says so", async () => {
    await using own = await Server.start();
    const { environments, locks } = clientsOf(own);
    expect(await answers(own, "before")).toEqual([true, 200, 201, "HELD"]);
    const off = { pools: [{ name: "default", autoCreate: false }] };
    expect(await environments.applyEnvironments({ ...off, dryRun: true })).toMatchObject({ autoCreate: false });
    expect(await environments.applyEnvironments({})).toMatchObject({ autoCreate: true });
    expect(await environments.applyEnvironments(off)).toMatchObject({ autoCreate: false, pools: [{ kind: ChangeKind.CREATED }] });
    expect(await answers(own, "after")).toEqual(["not found", 403, 403, "not_found ENVIRONMENT_NOT_FOUND"]);
    const watch = locks.watchEnvironment({ environment: "after" })[Symbol.asyncIterator]();
    expect(await refusal(watch.next())).toBe("not_found ENVIRONMENT_NOT_FOUND");
    // Another pool is as the server is set.
    expect(await locks.acquire({ environment: "elsewhere", pool: "other" })).toMatchObject({ environmentCreated: true });
    await own.kill9();
    await own.restart();
    expect(await answers(own, "after")).toEqual(["not found", 403, 403, "not_found ENVIRONMENT_NOT_FOUND"]);
    expect(await clientsOf(own).environments.applyEnvironments({ prune: false })).toMatchObject({ autoCreate: false });
  });

  test("on for one pool of a server that is set to off", async () => {
    await using own = await Server.start({ CALL_ME_AUTO_CREATE: "off" });
    const { environments, locks } = clientsOf(own);
    await environments.applyEnvironments({ pools: [{ name: "scratch", autoCreate: true }] });
    expect(await answers(own, "unknown")).toEqual(["not found", 403, 403, "not_found ENVIRONMENT_NOT_FOUND"]);
    expect(await locks.acquire({ environment: "unknown", pool: "scratch" })).toMatchObject({ environmentCreated: true });
    await environments.applyEnvironments({ pools: [{ name: "default", autoCreate: true }] });
    expect(await answers(own, "other")).toEqual([true, 200, 201, "HELD"]);
  });
});

describe("what is set for pools", () => {
  test("is listed, survives a restart without an environment, and goes with a prune that does not name it", async () => {
    await using own = await Server.start();
    const { environments } = clientsOf(own);
    const pools = [{ name: "b", maxQueue: 0, autoCreate: false }, { name: "a" }];
    await environments.applyEnvironments({ pools, environments: [{ name: "b-1", pool: "b" }] });
    await own.kill9();
    await own.restart();
    const again = clientsOf(own).environments;
    expect(await again.listEnvironments({})).toMatchObject({ pools: [{ name: "a" }, { name: "b", maxQueue: 0, autoCreate: false }] });
    expect((await again.listEnvironments({ pool: "b" })).pools).toMatchObject([{ name: "b" }]);
    expect(await clientsOf(own).locks.check({ pool: "a" })).toMatchObject({ available: false, environments: [] });
    const request = {
      pools: [{ name: "b", maxQueue: 3 }],
      environments: [{ name: "b-1", pool: "b", capacity: 2 }],
      prune: true,
      withBefore: true,
    };
    const expected = {
      pools: [
        { name: "a", kind: ChangeKind.DELETED },
        {
          name: "b",
          kind: ChangeKind.UPDATED,
          fields: ["auto_create", "max_queue"],
          before: { name: "b", maxQueue: 0, autoCreate: false },
        },
      ],
      changes: [{ name: "b-1", kind: ChangeKind.UPDATED, fields: ["capacity"], before: { name: "b-1", capacity: 1, description: "" } }],
    };
    expect(await again.applyEnvironments({ ...request, dryRun: true })).toMatchObject(expected);
    expect((await again.listEnvironments({})).pools).toHaveLength(2);
    expect(await again.applyEnvironments(request)).toMatchObject(expected);
    expect((await again.listEnvironments({})).pools).toMatchObject([{ name: "b", maxQueue: 3 }]);
  });

  test("is all or nothing with the environments of the same request", async () => {
    const { environments } = clients;
    await environments.applyEnvironments({ environments: [{ name: "fixed", pool: "one" }] });
    const both = { pools: [{ name: "aa-first", maxQueue: 1 }], environments: [{ name: "fixed", pool: "two" }] };
    expect(await refusal(environments.applyEnvironments(both))).toBe("failed_precondition POOL_FIXED");
    expect((await environments.listEnvironments({ pool: "aa-first" })).pools).toEqual([]);
  });

  test.each([
    [[{ name: "a" }, { name: "a" }], 'pools[1].name: "a" is given twice: it is the name of pools[0], too'],
    [[{ name: "" }], 'pools[0].name: "" is not a name; use 1 to 128 of A-Z a-z 0-9 . _ / -, beginning with a letter or digit'],
    [[{ name: "a", maxQueue: 20_001 }], "pools[0].max_queue: 20001 is out of range; give 0 to 20000"],
    [Array.from({ length: 1_001 }, (_, index) => ({ name: `p${index}` })), "pools: has 1001 entries; at most 1000 fit"],
  ])("names the field where it is wrong: %#", async (pools, message) => {
    expect((await failureOf(clients.environments.applyEnvironments({ pools }))).rawMessage).toBe(message);
  });
});

test("nothing of this was an unforeseen error", () => {
  expect(server.complaints).toEqual([]);
});
