// Newer requests that take the place of older ones: "Superseding" in docs/contract.md.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EventKind } from "../../gen/ts/callme/v1/insight_service_pb.ts";
import { IfBusy, Supersede } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { EndReason, type Lease, LeaseState, WatchKind } from "../../gen/ts/callme/v1/types_pb.ts";
import { ErrorInfoSchema } from "../../gen/ts/google/rpc/error_details_pb.ts";
import { type Clients, clientsOf, failureOf, leaseIn, ownerOf, refusal, seconds } from "./clients.ts";
import { post } from "./curl.ts";
import { eventually } from "./eventually.ts";
import { Stock } from "./grpc.ts";
import { Server } from "./server.ts";

let server: Server;
let clients: Clients;
beforeAll(async () => {
  server = await Server.start();
  clients = clientsOf(server);
});
afterAll(() => server[Symbol.asyncDispose]());

/** A lease as it is; nobody's sign of life. */
async function peek({ id }: Lease): Promise<Lease> {
  return leaseIn(await clients.locks.getLease({ leaseId: id }));
}

const JOB = { name: "checkout #7", runUrl: "https://ci.example/7" };

describe("SUPERSEDE_PENDING", () => {
  test("ends the caller's older ones of the key that wait, tells their waits by whom, and touches nobody else", async () => {
    const { locks } = clients;
    const [environment, supersedeKey] = ["pending", "pending main"];
    const held = leaseIn(await locks.acquire({ environment, supersedeKey }));
    const waits = locks.acquire({ environment, supersedeKey, requestId: "pending", wait: seconds(30) });
    const other = leaseIn(await locks.acquire({ environment, supersedeKey: "pending other" }));
    const without = leaseIn(await locks.acquire({ environment }));
    await locks.acquire({ environment: "apart", pool: "apart" });
    const apart = leaseIn(await locks.acquire({ environment: "apart", pool: "apart", supersedeKey }));
    await eventually(async () => (await locks.check({ environment })).environments[0]?.queueLength === 3);
    const asked = { environment, supersedeKey, supersede: Supersede.PENDING, holder: JOB, requestId: "newer", reason: "build 7" };
    const newer = leaseIn(await locks.acquire(asked));
    expect(newer).toMatchObject({ state: LeaseState.QUEUED, position: 3, supersedeKey });
    const ended = leaseIn(await waits);
    expect(ended).toMatchObject({
      state: LeaseState.ENDED,
      endReason: EndReason.SUPERSEDED,
      endNote: 'a newer request with supersede_key "pending main": build 7',
      supersededBy: newer.id,
      endedBy: { leaseId: newer.id, holder: JOB },
    });
    for (const one of [other, without, apart]) expect((await peek(one)).state).toBe(LeaseState.QUEUED);
    expect(await peek(held)).toMatchObject({ state: LeaseState.HELD, supersedeKey });
    expect((await peek(held)).cancelRequested).toBeUndefined();
    // A retry is the same lease, and supersedes nobody who has come since.
    const since = leaseIn(await locks.acquire({ environment, supersedeKey }));
    expect(leaseIn(await locks.acquire(asked)).id).toBe(newer.id);
    expect((await peek(since)).state).toBe(LeaseState.QUEUED);
    expect(await refusal(locks.acquire({ ...asked, supersede: Supersede.HELD }))).toBe("already_exists IDEMPOTENCY_MISMATCH");
  });

  test("ends one with IF_BUSY_FAIL as LEASE_ENDED, which is final", async () => {
    const { locks } = clients;
    const [environment, supersedeKey] = ["failing", "failing main"];
    await locks.acquire({ environment });
    const waits = locks.acquire({ environment, supersedeKey, ifBusy: IfBusy.FAIL, wait: seconds(30) });
    const failed = failureOf(waits);
    await eventually(async () => (await locks.check({ environment })).environments[0]?.queueLength === 1);
    await locks.acquire({ environment, supersedeKey, supersede: Supersede.PENDING });
    const [info] = (await failed).findDetails(ErrorInfoSchema);
    expect(info).toMatchObject({ reason: "LEASE_ENDED", metadata: { end_reason: "SUPERSEDED" } });
  });
});

describe("SUPERSEDE_HELD", () => {
  test("asks the holder: its stream hears at once, and its Renew, everybody who looks, and the history tell it", async () => {
    const { locks, environments, insight } = clients;
    const [environment, supersedeKey] = ["held", "held main"];
    const held = leaseIn(await locks.acquire({ environment, supersedeKey, ttl: seconds(60) }));
    const own = ownerOf(server, held);
    const stream = own.watchLease({ leaseId: held.id })[Symbol.asyncIterator]();
    await stream.next();
    const newer = leaseIn(await locks.acquire({ environment, supersedeKey, supersede: Supersede.HELD, holder: JOB, requestId: "held" }));
    expect(newer.state).toBe(LeaseState.QUEUED);
    const asked = { by: { leaseId: newer.id, holder: JOB }, reason: 'a newer request with supersede_key "held main"' };
    const told = (await stream.next()).value;
    expect(told).toMatchObject({ kind: WatchKind.CHANGE, lease: { state: LeaseState.HELD, cancelRequested: asked } });
    await stream.return?.();
    const renewed = leaseIn(await own.renew({ leaseId: held.id, ttl: seconds(600) }));
    const deadline = renewed.cancelRequested?.deadline;
    expect(renewed).toMatchObject({ cancelRequested: { ...asked, deadline }, latestEnd: renewed.expiresAt });
    const late = [held.expiresAt, deadline].map((time) => Number(time?.seconds) + (time?.nanos ?? 0) / 1e9);
    expect(Number(renewed.expiresAt?.seconds) + (renewed.expiresAt?.nanos ?? 0) / 1e9).toBe(Math.max(...late));
    const shown = { leaseId: held.id, cancelRequested: asked };
    expect((await locks.check({ environment })).environments[0]?.holders).toMatchObject([shown]);
    expect(leaseIn(await locks.getLease({ leaseId: newer.id })).holders).toMatchObject([shown]);
    const { leases } = await environments.listLeases({ filter: { environment, states: [LeaseState.HELD] } });
    expect(leases).toMatchObject([{ cancelRequested: asked }]);
    const { events } = await insight.listEvents({ filter: { environment, kinds: [EventKind.CANCEL_REQUESTED] } });
    expect(events).toMatchObject([{ leaseId: held.id, reason: asked.reason, by: asked.by }]);
    // Asked is asked, also after a crash.
    await server.kill9();
    await server.restart();
    expect(await peek(held)).toMatchObject({ state: LeaseState.HELD, cancelRequested: { ...asked, deadline } });
    // Given back, the next one has it at once.
    await own.release({ leaseId: held.id });
    expect(await peek(held)).toMatchObject({ endReason: EndReason.RELEASED, supersededBy: "" });
    expect(leaseIn(await ownerOf(server, newer).getLease({ leaseId: newer.id })).state).toBe(LeaseState.HELD);
  });

  test("a holder who does not stop ends SUPERSEDED when its time is over, and the slot rests before the next one has it", async () => {
    const { locks, environments } = clients;
    const [environment, supersedeKey] = ["stubborn", "stubborn main"];
    await environments.applyEnvironments({ environments: [{ name: environment, lockDelay: seconds(0) }] });
    const [ttl, long] = [seconds(2), seconds(600)];
    const held = leaseIn(await locks.acquire({ environment, supersedeKey, ttl, maxHold: seconds(3) }));
    const asked = { environment, supersedeKey, supersede: Supersede.HELD, ticketTtl: long, claimTimeout: long };
    const newer = leaseIn(await locks.acquire(asked));
    // Whatever it renews, it is over then.
    const renewed = leaseIn(await ownerOf(server, held).renew({ leaseId: held.id, ttl: long }));
    expect(renewed).toMatchObject({ expiresAt: held.latestEnd, cancelRequested: { deadline: held.latestEnd } });
    let ended = held;
    for await (const { lease } of locks.watchLease({ leaseId: held.id })) ended = lease ?? ended;
    expect(ended).toMatchObject({ endReason: EndReason.SUPERSEDED, supersededBy: newer.id, endedBy: { leaseId: newer.id } });
    expect((await peek(newer)).state).toBe(LeaseState.OFFERED);
  });
});

test("JSON and a stock gRPC client say and see the same", async () => {
  using stock = new Stock(server, "callme.v1.LockService");
  const first = { environment: "wire", supersedeKey: "wire main" };
  const { lease: held } = (await post(server, "LockService/Acquire", first)).json() as { lease: { id: string } };
  const asked = { environment: "wire", supersede_key: "wire main", supersede: "SUPERSEDE_HELD", holder: { name: "b" } };
  const { lease: newer } = (await stock.call("Acquire", asked)) as { lease: { id: string } };
  const seen = (await post(server, "LockService/GetLease", { leaseId: held.id })).json();
  const same = (await stock.call("GetLease", { lease_id: held.id })) as { lease: Record<string, unknown> };
  const by = { leaseId: newer.id, holder: { name: "b" } };
  expect(seen).toMatchObject({ lease: { supersedeKey: "wire main", cancelRequested: { by } } });
  expect(same.lease).toMatchObject({ supersede_key: "wire main", cancel_requested: { by: { lease_id: newer.id, holder: { name: "b" } } } });
  const third = { environment: "wire", supersedeKey: "wire main", supersede: "SUPERSEDE_PENDING" };
  const { lease: newest } = (await post(server, "LockService/Acquire", third)).json() as { lease: { id: string } };
  const ended = (await stock.call("GetLease", { lease_id: newer.id })) as { lease: Record<string, unknown> };
  expect(ended.lease).toMatchObject({ end_reason: "END_REASON_SUPERSEDED", superseded_by: newest.id });
});

test.each([
  [{ supersede: Supersede.HELD }, "supersede", "supersede_key"],
  [{ supersedeKey: "k".repeat(129) }, "supersede_key", "128"],
  [{ supersedeKey: "a\nb" }, "supersede_key", "control"],
  [{ supersedeKey: "k", supersede: 9 as Supersede }, "supersede", "no value that this server knows"],
])("what cannot be meant is refused, and named: %j", async (request, field, said) => {
  const error = await failureOf(clients.locks.acquire({ environment: "bad", ...request }));
  expect(error.findDetails(ErrorInfoSchema)[0]?.reason).toBe("BAD_FIELD");
  expect(error.rawMessage).toContain(field);
  expect(error.rawMessage).toContain(said);
});
