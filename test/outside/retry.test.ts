// Rule 2 of docs/contract.md: one request_id, one lease.
import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type AcquireRequestSchema, IfBusy } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { EndReason, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { ErrorInfoSchema, RetryInfoSchema } from "../../gen/ts/google/rpc/error_details_pb.ts";
import { ahead, type Clients, clientsOf, fenceOf, leaseIn, refusal, seconds } from "./clients.ts";
import { Server } from "./server.ts";

let server: Server;
let clients: Clients;
beforeAll(async () => {
  server = await Server.start();
  clients = clientsOf(server);
});
afterAll(() => server[Symbol.asyncDispose]());

test("a retry gets the same lease, token and lease_token, while held and after the end, also from a restarted server", async () => {
  const { locks } = clients;
  const request = { environment: "same", requestId: "r1", ttl: seconds(600), holder: { name: "x" } };
  const first = await locks.acquire(request);
  const again = async () => {
    const answer = await locks.acquire(request);
    expect(answer.leaseToken).toBe(first.leaseToken);
    const lease = leaseIn(answer);
    expect([lease.id, fenceOf(lease)]).toEqual([leaseIn(first).id, fenceOf(leaseIn(first))]);
    return { lease, created: answer.environmentCreated };
  };
  expect(await again()).toMatchObject({ lease: { state: LeaseState.HELD }, created: false });
  await server.kill9();
  await server.restart();
  expect((await again()).lease.state).toBe(LeaseState.HELD);
  await locks.release({ leaseId: leaseIn(first).id });
  const ended = { state: LeaseState.ENDED, endReason: EndReason.RELEASED };
  expect((await again()).lease).toMatchObject(ended);
  const successor = leaseIn(await locks.acquire({ environment: "same" }));
  await server.stop();
  await server.restart();
  expect((await again()).lease).toMatchObject(ended);
  expect(leaseIn(await locks.getLease({ leaseId: successor.id })).state).toBe(LeaseState.HELD);
});

test("a waiter's retry keeps its place", async () => {
  const { locks } = clients;
  await locks.acquire({ environment: "place" });
  const request = { environment: "place", requestId: "second" };
  const { id } = leaseIn(await locks.acquire(request));
  await locks.acquire({ environment: "place" });
  expect(leaseIn(await locks.acquire(request))).toMatchObject({ id, position: 1, queueLength: 2 });
});

test("an id is remembered per pool, and `wait` is no part of the content", async () => {
  const { locks } = clients;
  const request = { environment: "pooled-a", pool: "pool-a", requestId: "shared" };
  const { id } = leaseIn(await locks.acquire(request));
  const other = leaseIn(await locks.acquire({ environment: "pooled-b", pool: "pool-b", requestId: "shared" }));
  expect(other).toMatchObject({ state: LeaseState.HELD });
  expect(other.id).not.toBe(id);
  expect(leaseIn(await locks.acquire({ ...request, wait: seconds(5) })).id).toBe(id);
  // The request is compared as normalised: what is the default anyway may be left out, and a need of one slot is an environment.
  expect(leaseIn(await locks.acquire({ needs: [{ environment: "pooled-a", slots: 1, count: 1 }], requestId: "shared" })).id).toBe(id);
});

test.each<[string, MessageInitShape<typeof AcquireRequestSchema>]>([
  ["environment", { environment: "elsewhere" }],
  ["ttl", { ttl: seconds(5) }],
  ["max_hold", { maxHold: seconds(50) }],
  ["if_busy", { ifBusy: IfBusy.FAIL }],
  ["queue_timeout", { queueTimeout: seconds(50) }],
  ["ticket_ttl", { ticketTtl: seconds(5) }],
  ["claim_timeout", { claimTimeout: seconds(5) }],
  ["priority", { priority: 1 }],
  ["holder", { holder: { name: "other" } }],
  ["not_before", { notBefore: { seconds: 0n } }],
  ["not_after", { notAfter: ahead(3_600) }],
  ["auto_claim", { notAfter: ahead(3_600), autoClaim: true }],
  ["reason", { reason: "other" }],
  ["tags", { tags: ["other"] }],
])("another %s under the same id is already_exists", async (name, change) => {
  const request = { environment: `content-${name}`, requestId: `content ${name}` };
  const { id } = leaseIn(await clients.locks.acquire(request));
  expect(await refusal(clients.locks.acquire({ ...request, ...change } as typeof change))).toBe("already_exists IDEMPOTENCY_MISMATCH");
  expect(leaseIn(await clients.locks.acquire(request)).id).toBe(id);
});

test("busy with FAIL is an error that names the holders: nothing is stored and the id is not used up", async () => {
  const { locks, environments } = clients;
  const holder = leaseIn(await locks.acquire({ environment: "busy", holder: { name: "checkout #7" } }));
  const request = { environment: "busy", requestId: "fail", ifBusy: IfBusy.FAIL };
  const error = ConnectError.from(await locks.acquire(request).catch((thrown: unknown) => thrown));
  expect([error.code, error.rawMessage]).toEqual([Code.Aborted, expect.stringContaining("held by checkout #7")]);
  expect(error.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "ENVIRONMENT_BUSY", metadata: { lease_ids: holder.id } }]);
  expect(error.findDetails(RetryInfoSchema)).toHaveLength(1);
  const { leases } = await environments.listLeases({ filter: { environment: "busy", states: [LeaseState.QUEUED, LeaseState.ENDED] } });
  expect(leases).toEqual([]);
  await locks.release({ leaseId: holder.id });
  expect(leaseIn(await locks.acquire(request)).state).toBe(LeaseState.HELD);
});

test("UNSATISFIABLE says why, creates nothing and leaves the id free", async () => {
  const { locks, environments } = clients;
  await environments.applyEnvironments({ environments: [{ name: "narrow", capacity: 2 }] });
  const request = { needs: [{ environment: "narrow", slots: 3 }, { environment: "beside" }], requestId: "wide" };
  const answer = await locks.acquire(request);
  expect(answer).toMatchObject({ environmentCreated: false, leaseToken: "" });
  expect(leaseIn(answer)).toMatchObject({
    state: LeaseState.ENDED,
    endReason: EndReason.UNSATISFIABLE,
    endNote: "narrow has 2 slots, fewer than the 3 asked for",
  });
  expect(await refusal(environments.getEnvironment({ environment: "beside" }))).toBe("not_found ENVIRONMENT_NOT_FOUND");
  await environments.applyEnvironments({ environments: [{ name: "narrow", capacity: 3 }] });
  expect(leaseIn(await locks.acquire(request)).state).toBe(LeaseState.HELD);
});

test("many at once with one id are one lease", async () => {
  const request = { environment: "at-once", requestId: "one" };
  const answers = await Promise.all(Array.from({ length: 40 }, () => clients.locks.acquire(request)));
  expect(new Set(answers.map((answer) => leaseIn(answer).id)).size).toBe(1);
  expect(new Set(answers.map((answer) => fenceOf(leaseIn(answer)))).size).toBe(1);
});
