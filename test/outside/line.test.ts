// Rules 1, 3 and 4 of docs/contract.md: who is next, and how long a place lives.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { IfBusy } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { EndReason, type Lease, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { type Clients, clientsOf, fenceOf, leaseIn, ownerOf, refusal, seconds } from "./clients.ts";
import { eventually } from "./eventually.ts";
import { Server } from "./server.ts";

let server: Server;
let clients: Clients;
beforeAll(async () => {
  server = await Server.start();
  clients = clientsOf(server);
});
afterAll(() => server[Symbol.asyncDispose]());

/** A lease as it is; looking by its token is a sign of life. */
async function look(lease: Lease): Promise<Lease> {
  return leaseIn(await ownerOf(server, lease).getLease({ leaseId: lease.id }));
}

/** A lease as it is, without a sign of life. */
async function peek(lease: Lease): Promise<Lease | undefined> {
  const states = [LeaseState.QUEUED, LeaseState.OFFERED, LeaseState.HELD, LeaseState.ENDED];
  const { leases } = await clients.environments.listLeases({ filter: { environment: lease.environments[0]?.name ?? "", states } });
  return leases.find(({ id }) => id === lease.id);
}

/** A time or a duration in microseconds. */
function micros(time: { readonly seconds: bigint; readonly nanos: number } | undefined): number {
  return Number(time?.seconds) * 1e6 + Number(time?.nanos) / 1e3;
}

describe("who is next", () => {
  test("the line is served in order of arrival, and a priority is worth ten minutes a step", async () => {
    const { locks } = clients;
    const environment = "priorities";
    let holder = leaseIn(await locks.acquire({ environment }));
    const waiters: Lease[] = [];
    for (const priority of [0, -10, 0, 10, 1, 10]) waiters.push(leaseIn(await locks.acquire({ environment, priority })));
    const order: number[] = [];
    for (const _ of waiters) {
      await locks.release({ leaseId: holder.id });
      const granted = await Promise.all(waiters.map(peek));
      const next = granted.findIndex((lease) => lease?.state === LeaseState.OFFERED);
      order.push(next);
      holder = waiters[next] ?? holder;
    }
    expect(order).toEqual([3, 5, 4, 0, 2, 1]);
  });

  test("slots are shared: what fits is granted, and tokens rise", async () => {
    const { locks, environments } = clients;
    await environments.applyEnvironments({ environments: [{ name: "slotted", capacity: 3 }] });
    const two = leaseIn(await locks.acquire({ needs: [{ environment: "slotted", slots: 2 }] }));
    const one = leaseIn(await locks.acquire({ environment: "slotted" }));
    expect([two.environments[0]?.slotIndexes, one.environments[0]?.slotIndexes]).toEqual([[0, 1], [2]]);
    expect(fenceOf(one)).toBeGreaterThan(fenceOf(two));
    const wide = leaseIn(await locks.acquire({ needs: [{ environment: "slotted", slots: 2 }] }));
    await locks.release({ leaseId: one.id });
    // The free slot is claimed by who waits for two, and is not lost to a latecomer.
    expect(await refusal(locks.acquire({ environment: "slotted", ifBusy: IfBusy.FAIL }))).toBe("aborted ENVIRONMENT_BUSY");
    await locks.release({ leaseId: two.id });
    expect(await look(wide)).toMatchObject({ state: LeaseState.HELD });
    expect(leaseIn(await locks.acquire({ environment: "slotted", ifBusy: IfBusy.FAIL })).state).toBe(LeaseState.HELD);
  });

  test("several environments are had together or not at all, and nobody else is blocked by the wait", async () => {
    const { locks } = clients;
    const held = leaseIn(await locks.acquire({ environment: "all-b" }));
    const both = leaseIn(await locks.acquire({ needs: [{ environment: "all-a" }, { environment: "all-b" }] }));
    expect(both).toMatchObject({ state: LeaseState.QUEUED, holders: [{ leaseId: held.id }] });
    expect((await locks.check({ environment: "all-a" })).environments).toMatchObject([{ used: 0, queueLength: 1, available: false }]);
    expect(leaseIn(await locks.acquire({ environment: "all-c", ifBusy: IfBusy.FAIL })).state).toBe(LeaseState.HELD);
    await locks.release({ leaseId: held.id });
    const granted = await look(both);
    expect(granted.state).toBe(LeaseState.HELD);
    expect(new Set(granted.environments.map(({ fencingToken }) => fencingToken)).size).toBe(1);
  });

  test("FAIL behind a waiter is refused even when a slot is free for a moment", async () => {
    const { locks } = clients;
    const environment = "fair";
    const first = leaseIn(await locks.acquire({ environment }));
    await locks.acquire({ environment });
    await locks.release({ leaseId: first.id });
    expect(await refusal(locks.acquire({ environment, ifBusy: IfBusy.FAIL }))).toBe("aborted ENVIRONMENT_BUSY");
  });

  test("CheckFence tells the holder's token from an old one", async () => {
    const { locks } = clients;
    const environment = "fenced";
    const old = fenceOf(leaseIn(await locks.acquire({ environment })));
    await locks.release({ environment });
    const now = leaseIn(await locks.acquire({ environment, requestId: "now" }));
    const current = fenceOf(now);
    expect(await locks.checkFence({ environment, fencingToken: current })).toMatchObject({ valid: true, current });
    expect(await locks.checkFence({ environment, fencingToken: old })).toMatchObject({ valid: false, current });
    expect(await locks.checkFence({ environment, fencingToken: current + 1n })).toMatchObject({ valid: false, current });
    await locks.release({ environment, requestId: "now" });
    expect(await locks.checkFence({ environment, fencingToken: current })).toMatchObject({ valid: false, current });
  });
});

describe.concurrent("how long a place lives", () => {
  /** Somebody on the environment, and how it is given back. */
  const occupy = async (environment: string) => {
    const { id: leaseId } = leaseIn(await clients.locks.acquire({ environment }));
    return () => clients.locks.release({ leaseId });
  };
  /** Waits for an end, without a sign of life. */
  const ended = (lease: Lease, endReason: EndReason) => eventually(async () => (await peek(lease))?.endReason === endReason);

  test("queue_timeout: TIMED_OUT, told to the open wait", async () => {
    await occupy("timed");
    const answer = await clients.locks.acquire({ environment: "timed", queueTimeout: seconds(0.2), wait: seconds(10) });
    expect(leaseIn(answer)).toMatchObject({ state: LeaseState.ENDED, endReason: EndReason.TIMED_OUT });
  });

  test("without a sign of life for ticket_ttl: ABANDONED, and passed over", async () => {
    const free = await occupy("abandoned");
    const gone = leaseIn(await clients.locks.acquire({ environment: "abandoned", requestId: "abandoned gone", ticketTtl: seconds(1) }));
    const next = leaseIn(await clients.locks.acquire({ environment: "abandoned", requestId: "abandoned next" }));
    await ended(gone, EndReason.ABANDONED);
    expect(await look(next)).toMatchObject({ position: 1 });
    await free();
    expect(await look(next)).toMatchObject({ state: LeaseState.HELD });
  });

  test.each(["getLease", "renew", "acquire"] as const)("%s is a sign of life", async (sign) => {
    const environment = `signs-${sign}`;
    await occupy(environment);
    const request = { environment, requestId: environment, ticketTtl: seconds(1) };
    const lease = leaseIn(await clients.locks.acquire(request));
    const witness = leaseIn(await clients.locks.acquire({ environment, requestId: `w ${sign}`, ticketTtl: seconds(1.5) }));
    await eventually(async () => {
      if (sign === "acquire") await clients.locks.acquire(request);
      else await ownerOf(server, lease)[sign]({ leaseId: lease.id });
      return (await peek(witness))?.endReason === EndReason.ABANDONED;
    });
    expect(await peek(lease)).toMatchObject({ state: LeaseState.QUEUED });
  });

  test("who looks with a key keeps nobody in line, and claims nothing: a look with wait answers at the next change of state", async () => {
    const environment = "onlooked";
    const free = await occupy(environment);
    const lease = leaseIn(
      await clients.locks.acquire({ environment, requestId: "onlooked", ticketTtl: seconds(2), claimTimeout: seconds(1) }),
    );
    const leaving = new AbortController();
    const stream = clients.locks.watchLease({ leaseId: lease.id }, { signal: leaving.signal })[Symbol.asyncIterator]();
    await stream.next();
    const looking = clients.locks.getLease({ leaseId: lease.id, wait: seconds(30) });
    await free();
    expect(leaseIn(await looking).state).toBe(LeaseState.OFFERED);
    const next = await clients.locks.getLease({ leaseId: lease.id, wait: seconds(30) });
    expect(leaseIn(next)).toMatchObject({ state: LeaseState.QUEUED, passedOver: true });
    await ended(lease, EndReason.ABANDONED);
    leaving.abort();
  });

  test("an open WatchLease is a sign of life until it closes", async () => {
    const environment = "streamed";
    await occupy(environment);
    const lease = leaseIn(await clients.locks.acquire({ environment, requestId: "s", ticketTtl: seconds(1) }));
    const witness = leaseIn(await clients.locks.acquire({ environment, requestId: "t", ticketTtl: seconds(1.5) }));
    // connect-es ends a call when its signal aborts, not when its iterator returns.
    const leaving = new AbortController();
    await ownerOf(server, lease).watchLease({ leaseId: lease.id }, { signal: leaving.signal })[Symbol.asyncIterator]().next();
    await ended(witness, EndReason.ABANDONED);
    expect(await peek(lease)).toMatchObject({ state: LeaseState.QUEUED });
    leaving.abort();
    await ended(lease, EndReason.ABANDONED);
  });

  test("a grant out of the line is OFFERED; unclaimed for claim_timeout it is passed over, without a rest", async () => {
    const free = await occupy("lapsed");
    const gone = leaseIn(await clients.locks.acquire({ environment: "lapsed", requestId: "lapsed gone", claimTimeout: seconds(1) }));
    const next = leaseIn(await clients.locks.acquire({ environment: "lapsed", requestId: "lapsed next" }));
    await free();
    const offered = await peek(gone);
    expect(offered).toMatchObject({ state: LeaseState.OFFERED, claimBy: { seconds: expect.any(BigInt) } });
    expect([offered?.expiresAt, offered?.ttlRemaining]).toEqual([undefined, undefined]);
    await eventually(async () => (await peek(gone))?.passedOver);
    expect(await look(next)).toMatchObject({ state: LeaseState.HELD });
    expect(fenceOf(await look(next))).toBeGreaterThan(fenceOf(offered as Lease));
  });

  test.each(["getLease", "renew", "acquire"] as const)("%s claims an offer, and ttl counts from then", async (sign) => {
    const environment = `claimed-${sign}`;
    const free = await occupy(environment);
    const request = { environment, requestId: environment };
    const waiter = leaseIn(await clients.locks.acquire(request));
    await free();
    expect(await peek(waiter)).toMatchObject({ state: LeaseState.OFFERED });
    const answer = sign === "acquire" ? await clients.locks.acquire(request) : await ownerOf(server, waiter)[sign]({ leaseId: waiter.id });
    const held = leaseIn(answer);
    expect(held).toMatchObject({ id: waiter.id, state: LeaseState.HELD });
    expect(micros(held.expiresAt)).toBeGreaterThan(micros(held.grantedAt) + micros(held.ttl));
  });

  test("a held lease that nobody renews ends as EXPIRED, and its slot rests for the environment's lock_delay", async () => {
    const environment = "expired";
    await clients.environments.applyEnvironments({ environments: [{ name: environment, lockDelay: seconds(0.1) }] });
    const lease = leaseIn(await clients.locks.acquire({ environment, ttl: seconds(1) }));
    const next = leaseIn(await clients.locks.acquire({ environment, wait: seconds(15) }));
    expect(next.state).toBe(LeaseState.HELD);
    const end = await look(lease);
    expect(end).toMatchObject({ endReason: EndReason.EXPIRED });
    expect(micros(next.grantedAt)).toBeGreaterThanOrEqual(micros(end.endedAt) + 100_000);
  });
});
